/**
 * @file `package.json` of a payload: what is inside, for `--inspect`, and for the dispatcher of a packaged program, which
 * rebuilds its calls from it.
 */

import type { Manifest, ManifestBinding } from '../../cache/index.ts';
import type { AbiJson } from '../dispatch/abiJson.ts';
import type { CallJson } from '../dispatch/loadedCall.ts';
import { packageVersion } from '../dispatch/version.ts';
import type { PackageModel, PackagePart, PackageSlot } from './model.ts';
import { signatureOf } from './signature.ts';

export const descriptionFormat = 1;

export interface DescribedParameter {
  readonly path: string;
  readonly blob: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface DescribedPart {
  readonly name: string;
  readonly part: string;
  readonly entry: string;
  readonly inputs: Manifest['inputs'];
  /** Under the names that callers know them by. */
  readonly outputs: Manifest['outputs'];
  readonly dims: Manifest['dims'];
  readonly guards: Manifest['guards'];
  readonly closure: Manifest['closure'];
  readonly call: CallJson;
  readonly abi: AbiJson;
  /** As `abi.weights`, with the block and state of each. */
  readonly slots: readonly (PackageSlot & { readonly name: string })[];
  /** In the order of the graph's parameters; of the instance that the slots name. */
  readonly parameters: readonly DescribedParameter[];
  readonly weightsOf: string;
  /** Source file and line of the decorated function, relative to its project. */
  readonly source: string;
  /** Hash of the sources that it was captured from. */
  readonly sourceKey: string;
  readonly graphHash: string;
}

export interface PackageDescription {
  readonly format: typeof descriptionFormat;
  readonly name: string;
  /** 16 hex digits. */
  readonly id: string;
  readonly tnVersion: string;
  readonly target: string;
  readonly levels: readonly string[];
  readonly precision: string;
  readonly parts: readonly DescribedPart[];
  readonly states: PackageModel['states'];
  /** What a form adds: `compiler`, `libc`, `assets`, `licences`, `samples`. */
  readonly [added: string]: unknown;
}

/** `added` goes in as it is; keys of the description itself cannot be replaced. */
export function describePackage(
  model: PackageModel,
  added: Readonly<Record<string, unknown>> = {},
): PackageDescription {
  return {
    ...added,
    format: descriptionFormat,
    name: model.name,
    id: idText(model.id),
    tnVersion: packageVersion(),
    target: model.target.name,
    levels: model.levels,
    precision: model.precision,
    parts: model.parts.map((part) => describePart(model, part)),
    states: model.states,
  };
}

/** The bytes of the block. */
export function descriptionBytes(description: PackageDescription): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(description)}\n`);
}

export function idText(id: bigint): string {
  return id.toString(16).padStart(16, '0');
}

function describePart(model: PackageModel, part: PackagePart): DescribedPart {
  const { manifest, call, binding } = part;
  const { outputs } = signatureOf(part);
  const { source } = manifest;
  return {
    name: part.name,
    part: part.part,
    entry: part.entry,
    inputs: manifest.inputs,
    outputs: manifest.outputs.map((output, i) => ({ ...output, path: outputs[i].path })),
    dims: manifest.dims,
    guards: manifest.guards,
    closure: manifest.closure,
    call,
    abi: part.abi,
    slots: part.slots.map((slot) => ({ ...slot, name: model.blocks[slot.block].name })),
    parameters: parametersOf(call, binding),
    weightsOf: binding.name,
    source: `${source.file}:${source.line}`,
    sourceKey: manifest.sourceKey,
    graphHash: manifest.graphHash,
  };
}

function parametersOf(call: CallJson, { params }: ManifestBinding): DescribedParameter[] {
  return call.parameterPaths.map((path) => ({ path, ...params[path] }));
}
