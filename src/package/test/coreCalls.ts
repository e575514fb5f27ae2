/** @file The functions of a package's C interface, bound, and calls of its parts. */

import { bytesOf } from '../../core/dtype.ts';
import { contiguousStrides, emptyView, StridedView } from '../../core/view.ts';
import type { Graph } from '../../graph/graph.ts';
import { addressOf, ffi, type NativeFunction, type NativeType } from '../../runtime/ffi.ts';
import { evaluate } from '../../symbolic/expr.ts';
import { graphs, PackageBuild, scratch, writePayload } from './corePackage.ts';

/** DLPack's code and bits. */
const dlTypes: Readonly<Record<string, readonly [number, number]>> = {
  float32: [2, 32],
  float16: [2, 16],
  int64: [0, 64],
};

const prefix = 'core_test_';
export const weightsFile = scratch('test.weights');
let bound: Map<string, NativeFunction>;

const signatures: Readonly<Record<string, readonly [NativeType, ...NativeType[]]>> = {
  last_error: ['string'],
  version: ['string'],
  runtime_create: ['int32', 'int32', 'int32', 'address'],
  runtime_threads: ['int32', 'address'],
  runtime_level: ['string', 'address', 'int32'],
  runtime_destroy: ['void', 'address'],
  weights_open: ['int32', 'address', 'string', 'address'],
  weights_verify: ['int32', 'address'],
  weights_describe: ['int32', 'address', 'address', 'address'],
  weights_close: ['void', 'address'],
  context_create: ['int32', 'address', 'address'],
  context_destroy: ['int32', 'address'],
  context_reset: ['int32', 'address'],
  context_bytes: ['int64', 'address'],
  part_count: ['int32'],
  part_name: ['string', 'int32'],
  part_index: ['int32', 'string'],
  dims: ['int32', 'int32', 'address', 'int32', 'address', 'int32'],
  output_shape: ['int32', 'int32', 'address', 'int32', 'int32', 'address', 'int32', 'address'],
  arena_bytes: ['int32', 'address', 'int32', 'address', 'int32', 'address'],
  call: ['int32', 'address', 'int32', 'address', 'int32', 'address', 'int32'],
  profile: ['int32', 'address', 'int32', 'int32'],
  profile_read: ['int32', 'address', 'int32', 'address', 'int32', 'address'],
};

export function native(name: string, ...args: (number | string)[]): number | string {
  const value = bound.get(name)!(...args);
  return typeof value === 'bigint' ? Number(value) : (value as number | string);
}

/** An address keeps nothing alive: everything that C is given stays until the end. */
const held: unknown[] = [];

/** Words that C writes or reads. */
export function words(...values: (number | bigint)[]): BigInt64Array<ArrayBuffer> {
  const made = new BigInt64Array([...values, 0].map(BigInt));
  held.push(made);
  return made;
}

export const lastError = (): string => native('last_error') as string;

/** Calls a function that must succeed and gives the handle that it wrote. */
export function created(name: string, ...args: (number | string)[]): number {
  const out = words(0);
  const status = native(name, ...args, addressOf(out));
  if (status !== 0) throw new Error(`${status} ${lastError()}`);
  return Number(out[0]);
}

/** Builds a package of all test graphs and binds its functions; before anything else here. */
export function bindCore(): void {
  writePayload(weightsFile);
  const library = new PackageBuild({ prefix, flags: ['-O1', '-fvisibility=default'] }).shared();
  const { bind } = ffi().load(library);
  bound = new Map(
    Object.entries(signatures).map(([name, [result, ...parameters]]) => [
      name,
      bind(`${prefix}${name}`, result, parameters),
    ]),
  );
}

/** Descriptions of tensors in memory that stays as long as this object. */
export class Tensors {
  readonly pointers: BigInt64Array<ArrayBuffer>;

  constructor(values: readonly (StridedView | number)[]) {
    this.pointers = words(
      ...values.map((value) => (typeof value === 'number' ? this.number(value) : this.view(value))),
    );
  }

  get address(): number {
    return addressOf(this.pointers);
  }

  private number(value: number): number {
    return this.describe('int64', words(value), [], [], 0);
  }

  private view({ storage, dtype, sizes, strides, offset }: StridedView): number {
    const buffer = new Uint8Array(storage.buffer as ArrayBuffer, storage.byteOffset);
    return this.describe(dtype, buffer, sizes, strides, offset * bytesOf(dtype));
  }

  private describe(
    dtype: string,
    data: ArrayBufferView<ArrayBuffer>,
    sizes: readonly number[],
    strides: readonly number[],
    offset: number,
  ): number {
    const [code, bits] = dlTypes[dtype];
    const kind = BigInt(code | (bits << 8) | (1 << 16));
    const shape = words(...sizes);
    const steps = words(...strides);
    const tensor = words(
      addressOf(data),
      1,
      BigInt(sizes.length) | (kind << 32n),
      addressOf(shape),
      addressOf(steps),
      offset,
    );
    held.push(data);
    return addressOf(tensor);
  }
}

export function open(threads = 2): { runtime: number; weights: number; context: number } {
  const runtime = created('runtime_create', 1, threads);
  const weights = created('weights_open', runtime, weightsFile);
  return { runtime, weights, context: created('context_create', weights) };
}

export const graphOf = (name: string): Graph => graphs.find((graph) => graph.name === name)!;

export function outputsAt(graph: Graph, dims: ReadonlyMap<string, number>): StridedView[] {
  return graph.outputs.map(({ dtype, shape }) =>
    emptyView(
      dtype,
      shape.map((size) => evaluate(size, dims)),
    ),
  );
}

/** Status of a call; outputs are written in place. */
export function call(
  context: number,
  name: string,
  inputs: readonly (StridedView | number)[],
  outputs: readonly StridedView[],
): number {
  const [from, to] = [new Tensors(inputs), new Tensors(outputs)];
  const part = native('part_index', name);
  return Number(native('call', context, part, from.address, inputs.length, to.address, outputs.length));
}

/** The same elements at other places: axes reversed in memory, every element apart. */
export function scattered(view: StridedView): StridedView {
  const wide = emptyView(
    view.dtype,
    [...view.sizes].reverse().map((size, i) => (i === view.sizes.length - 1 ? size * 2 : size)),
  );
  const strides = contiguousStrides(wide.sizes).reverse();
  strides[0] *= 2;
  const target = new StridedView(wide.storage, view.dtype, view.sizes, strides, 0);
  const from = view.storage.typed(view.dtype);
  const to = target.storage.typed(view.dtype);
  const visit = (axis: number, source: number, at: number): void => {
    if (axis === view.sizes.length) {
      to[at] = from[source];
      return;
    }
    for (let i = 0; i < view.sizes[axis]; i++) visit(axis + 1, source + i * view.strides[axis], at + i * strides[axis]);
  };
  visit(0, view.offset, 0);
  return target;
}

export function viewCopy(view: StridedView): StridedView {
  const copy = emptyView(view.dtype, view.sizes);
  copy.storage.bytes().set(view.storage.bytes().subarray(0, copy.storage.bytes().length));
  return copy;
}
