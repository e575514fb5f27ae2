/** @file The dispatcher's own part of a manifest, and what calls are matched against when it is read back. */

import type { Manifest } from '../../cache/index.ts';
import type { IdenticalSources } from '../capture/capture.ts';
import type { InputTree } from '../capture/inputTree.ts';
import type { Parameter } from '../capture/matchers.ts';
import { TnError } from '../core/errors.ts';
import type { ResultTree } from '../graph/graph.ts';
import { type Json, resultFromJson } from '../graph/serialize.ts';
import { Dim } from '../symbolic/dim.ts';
import { parsePredicate } from '../symbolic/predicate.ts';
import { ShapeEnv } from '../symbolic/shapeEnv.ts';
import type { CallPattern } from './match.ts';

/** Raised when `CallJson` changes: records with another one are captured again. */
export const CALL_VERSION = 2;

/** The dispatcher's own part of a manifest: everything that a later process needs to serve a call without the model. */
export interface CallJson {
  readonly version: typeof CALL_VERSION;
  readonly self: InputTree;
  readonly args: readonly InputTree[];
  readonly aliasing: readonly number[];
  readonly identical: readonly IdenticalSources[];
  /** Keys of the bindings' params, in the order of the graph's parameters: objects alone keep no order for all names. */
  readonly parameterPaths: readonly string[];
  readonly parameterIndices: readonly number[];
  readonly writtenInputs: readonly number[];
  readonly writtenParameters: readonly number[];
  readonly result: Json;
  /** Whether the function looks at the `this` of its call. Older records do not say. */
  readonly usesThis?: boolean;
  /** Where the transformer could not tell them. */
  readonly parameters?: readonly Parameter[];
}

/** What calls are matched against and results are built from, read off a manifest alone. */
export interface LoadedCall {
  readonly pattern: CallPattern;
  readonly env: ShapeEnv;
  readonly result: ResultTree;
  readonly closure: ReadonlyMap<string, string>;
  readonly parameterPaths: readonly string[];
  readonly parameterIndices: readonly number[];
  readonly writtenParameters: readonly number[];
}

/** What of a manifest, or of a packaged part's description, makes a `LoadedCall`. */
export type CallSource = Pick<Manifest, 'call' | 'dims' | 'guards' | 'closure'>;

/** @throws TnError when the manifest is of another version of this package */
export function loadCall(manifest: CallSource): LoadedCall {
  const call = manifest.call as CallJson;
  if (call?.version !== CALL_VERSION) throw new TnError('its manifest is of another version of torchnative');
  const env = new ShapeEnv();
  const symbols = Object.keys(manifest.dims);
  for (const name of symbols) {
    const { min, max, multipleOf } = manifest.dims[name];
    const dim = Dim(name, { min, max: max ?? Number.POSITIVE_INFINITY, multipleOf });
    env.declare(dim, Math.ceil(min / multipleOf) * multipleOf);
  }
  return {
    env,
    pattern: {
      self: call.self,
      args: call.args,
      symbols,
      ranges: symbols.map((name) => env.ranges.get(name) ?? { min: 1, max: Number.POSITIVE_INFINITY, multipleOf: 1 }),
      aliasing: call.aliasing,
      identical: call.identical,
      guards: manifest.guards.map((guard) => parsePredicate(guard.predicate)),
      writtenInputs: call.writtenInputs,
      writtenParameters: call.writtenParameters.map((index) => call.parameterIndices[index]),
    },
    result: resultFromJson(call.result, env),
    closure: new Map(Object.entries(manifest.closure) as [string, string][]),
    parameterPaths: call.parameterPaths,
    parameterIndices: call.parameterIndices,
    writtenParameters: call.writtenParameters,
  };
}
