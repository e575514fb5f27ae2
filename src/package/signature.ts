/** @file The call of a part as C sees it: names of arguments and results, what each takes, dims with closed ranges. */

import { type DType, isDType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import type { DimRange } from '../symbolic/range.ts';
import { closedRanges } from './bounds.ts';
import type { PackagePart } from './model.ts';
import { identifierOf } from './names.ts';
import { resultNames } from './resultNames.ts';

export interface SignatureInput {
  /** C identifier. */
  readonly name: string;
  /** The user's own name: `kv.k.0`. */
  readonly path: string;
  readonly dtype: DType;
  readonly written: boolean;
  /** A number argument: which dim it is; -1: a tensor. */
  readonly dim: number;
  /** Numbers, or names of dims. */
  readonly shape: readonly (number | string)[];
  /** An earlier input that it must be the same view as, or -1. */
  readonly sameAs: number;
}

export interface SignatureOutput {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  /** Numbers, or expressions over the dims. */
  readonly shape: readonly (number | string)[];
}

export interface SignatureDim {
  readonly name: string;
  readonly range: DimRange;
  /** The user declared no upper end. */
  readonly isOpen: boolean;
}

export interface Signature {
  readonly inputs: readonly SignatureInput[];
  readonly outputs: readonly SignatureOutput[];
  readonly dims: readonly SignatureDim[];
  readonly guards: readonly string[];
}

const known = new WeakMap<PackagePart, Signature>();

/** @throws TnError for a part that nothing outside the program it was captured in can call. */
export function signatureOf(part: PackagePart): Signature {
  const signature = known.get(part) ?? makeSignature(part);
  known.set(part, signature);
  return signature;
}

function makeSignature(part: PackagePart): Signature {
  const { manifest, call, graph, symbols } = part;
  const names = new Names(['context', 'tn_inputs', 'tn_outputs']);
  const inputs = manifest.inputs.map((input, i): SignatureInput => {
    const { dtype, shape, path } = input;
    const graphInput = graph.inputs[i];
    return {
      name: names.take(path),
      path,
      dtype: checkedDType(part, path, dtype),
      written: call.writtenInputs.includes(i),
      dim: graphInput.kind === 'dim' ? symbols.indexOf(graphInput.symbol) : -1,
      shape: checkedShape(part, path, shape),
      sameAs: sameAs(part, i),
    };
  });
  refuseSharedWrites(part, inputs);
  const paths = resultNames(graph);
  const taken = new Set(inputs.map(({ path }) => path));
  const outputs = manifest.outputs.map(({ dtype, shape }, i): SignatureOutput => {
    const name = names.take(paths[i]);
    // Files of results have these names: none may be that of an input, which the part may write as well.
    const path = taken.has(paths[i]) ? name : paths[i];
    taken.add(path);
    return { name, path, dtype: checkedDType(part, path, dtype), shape };
  });
  const ranges = closedRanges(part);
  const dims = symbols.map((name): SignatureDim => {
    const range = ranges.get(name)!;
    return { name, range, isOpen: manifest.dims[name].max === null };
  });
  return { inputs, outputs, dims, guards: manifest.guards.map(({ predicate }) => predicate) };
}

class Names {
  private readonly used: Set<string>;

  constructor(taken: readonly string[]) {
    this.used = new Set(taken);
  }

  take(path: string): string {
    const wanted = identifierOf(path);
    let name = wanted;
    for (let n = 2; this.used.has(name); n++) name = `${wanted}_${n}`;
    this.used.add(name);
    return name;
  }
}

function checkedDType({ part }: PackagePart, path: string, dtype: string): DType {
  if (isDType(dtype)) return dtype;
  throw new TnError({ what: `part "${part}": ${path} has dtype ${dtype}, which this version does not know` });
}

/** Sizes of inputs are what dims are read from: each is a number or a dim. */
function checkedShape({ part, symbols }: PackagePart, path: string, shape: readonly (number | string)[]) {
  for (const size of shape) {
    if (typeof size === 'number' || symbols.includes(size)) continue;
    throw new TnError({ what: `part "${part}": ${path} has size ${size}, which is neither a number nor a dim` });
  }
  return shape;
}

function sameAs({ part, call, manifest }: PackagePart, index: number): number {
  const same = call.identical.find(({ input }) => input === index);
  if (!same) return -1;
  if (same.as === 'input') return same.index;
  throw new TnError({
    what: `part "${part}" was called with one of its own weights as ${manifest.inputs[index].path}`,
    found: ['a caller outside the program has no such tensor'],
    fix: 'call it with a tensor of its own, or read the weight from `this`',
  });
}

/** Views of one tensor of which one is written: a caller in C could not say how they overlap. */
function refuseSharedWrites({ part, call }: PackagePart, inputs: readonly SignatureInput[]): void {
  inputs.forEach((input, i) => {
    if (!input.written) return;
    const other = inputs.findIndex(
      (one, j) =>
        j !== i && call.aliasing[j] === call.aliasing[i] && one.dim < 0 && one.sameAs !== i && input.sameAs !== j,
    );
    if (other < 0) return;
    throw new TnError({
      what: `part "${part}" writes ${input.path}, which shares memory with ${inputs[other].path}`,
      fix: 'pass tensors of their own',
    });
  });
}
