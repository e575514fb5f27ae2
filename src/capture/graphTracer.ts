/** @file The tracer of a capture: every eager operation becomes a node; writes are functionalised; shapes stay symbolic. */

import { oneLine, TnError } from '../core/errors.ts';
import { captureLocation, formatLocation, type SourceLocation } from '../core/location.ts';
import { Storage } from '../core/storage.ts';
import type { Tracer } from '../core/tracer.ts';
import { copyElements, isContiguous, type StridedView } from '../core/view.ts';
import type { GraphConstant, Node, Value, ViewStep } from '../graph/graph.ts';
import { opByName } from '../ops/index.ts';
import type { Attrs } from '../ops/record.ts';
import type { ShapeEnv } from '../symbolic/shapeEnv.ts';
import { type Size, sizeExpr, sizeHint } from '../symbolic/symInt.ts';

import { scatterThroughViews } from './functionalise.ts';

/** What a storage holds at this point of the trace. */
export interface TracedStorage {
  readonly storage: Storage;
  readonly origin: 'input' | 'parameter' | 'inside';
  /** Index among the graph's inputs or parameters; -1 inside. */
  readonly index: number;
  /** The whole contents, as the tensor that the storage was first met with. */
  base: Value;
  baseShape: readonly Size[];
  /** The view of the first meeting: contiguous when the storage is written. */
  readonly baseView: StridedView;
  generation: number;
  written: boolean;
}

/** One tensor object: a chain of views on its storage's base. */
export interface TracedTensor {
  readonly owner: TracedStorage;
  readonly views: readonly (ViewStep & { readonly shape: readonly Size[] })[];
  shape: readonly Size[];
  value: Value;
  generation: number;
}

/** Why a capture was given up: reason, line and remedy. */
export interface CaptureRefusal {
  readonly reason: string;
  readonly fix: string;
  readonly location: SourceLocation | null;
}

export class GraphTracer implements Tracer {
  readonly env: ShapeEnv;
  readonly nodes: Node[] = [];
  readonly constants: GraphConstant[] = [];
  refusal: CaptureRefusal | null = null;
  private readonly tensors = new WeakMap<StridedView, TracedTensor>();
  private readonly storages = new Map<Storage, TracedStorage>();
  private readonly sharedStorages = new Set<Storage>();
  private readonly snapshots = new Map<TracedStorage, StridedView>();
  /** Storages with a larger id were made by the captured code. */
  private readonly firstInsideId = new Storage(new ArrayBuffer(0)).id;
  private readonly usedNames = new Map<string, number>();
  private nextId = 0;

  constructor(env: ShapeEnv) {
    this.env = env;
    env.onEscape = (what) =>
      this.abort(
        what,
        'keep to the operators, Math functions and tensor methods that sizes have, in files that import torchnative (x.select(0, n) indexes a tensor), or drop the dim from inputMatchers',
      );
  }

  get aborted(): boolean {
    return this.refusal !== null;
  }

  /** Registers a tensor argument or parameter before the run. A second tensor on a known storage must be the same view. */
  addSource(
    tensor: StridedView,
    shape: readonly Size[],
    origin: 'input' | 'parameter',
    index: number,
    name: string,
  ): Value {
    const known = this.storages.get(tensor.storage);
    const value = this.newValue(name, tensor, shape);
    // Several inputs may view one storage (tied weights, q and k the same tensor). While nobody writes, each is its own
    // value; a write through one of them is refused in `beforeMutate`.
    const owner = {
      storage: tensor.storage,
      origin,
      index,
      base: value,
      baseShape: shape,
      baseView: tensor,
      generation: 0,
      written: false,
    };
    if (!known) this.storages.set(tensor.storage, owner);
    else this.sharedStorages.add(tensor.storage);
    if (!this.tensors.has(tensor)) this.tensors.set(tensor, { owner, views: [], shape, value, generation: 0 });
    return value;
  }

  shapeOf(view: StridedView): readonly number[] | null {
    return this.refusal ? null : (this.tensors.get(view)?.shape ?? null);
  }

  record(
    op: { readonly name: string },
    inputs: readonly StridedView[],
    attrs: Readonly<Record<string, unknown>>,
    outputs: readonly StridedView[],
  ): void {
    if (this.refusal) return;
    try {
      this.recordNode(op, inputs, attrs, outputs);
    } catch (error) {
      // The eager operation has succeeded: whatever its symbolic form objects to must not reach the user's code.
      this.abort(`${op.name}: ${oneLine(error)}`);
    }
  }

  private recordNode(
    op: { readonly name: string },
    inputs: readonly StridedView[],
    attrs: Readonly<Record<string, unknown>>,
    outputs: readonly StridedView[],
  ): void {
    const record = opByName(op.name);
    if (record.effects === 'random') {
      this.abort(`${op.name} draws random numbers`, 'draw them outside and pass the tensor in');
      return;
    }
    const values: Value[] = [];
    for (const input of inputs) {
      const value = this.resolve(input, op.name);
      if (!value) return;
      values.push(value);
    }
    const location = captureLocation();
    const metas = record.infer(
      inputs.map((input) => ({ dtype: input.dtype, shape: this.known(input).shape })),
      attrs as Attrs,
    );
    const node = { op: op.name, inputs: values, attrs: attrs as Attrs, location };
    const results = outputs.map((output, i) => this.newValue(op.name, output, metas[i].shape));
    this.nodes.push({ ...node, outputs: results });
    outputs.forEach((output, i) => {
      this.adopt(output, results[i], metas[i].shape, inputs, { op: op.name, attrs: attrs as Attrs });
    });
  }

  beforeMutate(target: StridedView): void {
    if (this.refusal) return;
    const traced = this.tensors.get(target) ?? this.adoptUnknown(target, 'a write');
    if (!traced) return;
    const { owner } = traced;
    if (owner.origin !== 'inside') {
      if (this.sharedStorages.has(owner.storage)) {
        this.abort(
          'a tensor is written that shares its memory with another argument or parameter',
          'pass each memory once',
        );
        return;
      }
      if (!isContiguous(owner.baseView)) {
        this.abort('a tensor that is not contiguous is written', 'pass a contiguous tensor');
        return;
      }
    }
    if (!owner.written && owner.origin !== 'inside') this.snapshots.set(owner, copyElements(owner.baseView));
    owner.written = true;
  }

  mutate(target: StridedView, source: StridedView): void {
    if (this.refusal) return;
    try {
      this.recordWrite(target, source);
    } catch (error) {
      this.abort(`copy_: ${oneLine(error)}`);
    }
  }

  private recordWrite(target: StridedView, source: StridedView): void {
    const traced = this.tensors.get(target);
    const value = this.resolve(source, 'copy_');
    if (!traced || !value || this.refusal) return;
    const { owner } = traced;
    const location = captureLocation();
    const base = scatterThroughViews(
      { value: owner.base, shape: owner.baseShape },
      traced.views,
      { value, shape: this.known(source).shape },
      (op, inputs, attrs) => this.emit(op, inputs, attrs, location),
    );
    if (!base) {
      this.abort(
        'a write through this kind of view cannot be captured',
        'write through slice, select, permute or reshape',
      );
      return;
    }
    owner.base = base.value;
    owner.generation++;
    traced.generation = owner.generation;
    traced.value = value;
  }

  readValues(view: StridedView, what: string): void {
    if (this.refusal) return;
    if (!this.tensors.has(view)) {
      // Data written down in the code may be read; what comes from outside may be another at the next call.
      if (view.storage.id <= this.firstInsideId) this.adoptUnknown(view, what);
      return;
    }
    this.abort(
      `${what} reads a value that depends on an input`,
      'keep it a tensor (where, gather, masks), or leave the read outside this part',
    );
  }

  /**
   * Gives the capture up; the same run goes on eagerly. The first reason stays. The tracer stays active, recording
   * nothing: symbolic sizes that the code still holds are made concrete as long as it is.
   */
  abort(reason: string, fix = 'leave it outside this part', location = captureLocation()): void {
    if (!this.refusal) this.refusal = { reason, fix, location };
  }

  // -- what the capture reads after the run ---------------------------------------------------------------------------

  traced(tensor: StridedView): TracedTensor | undefined {
    return this.tensors.get(tensor);
  }

  /** The current value of a tensor, regenerated from its base when the storage was written since. */
  resolve(view: StridedView, user: string): Value | null {
    const traced = this.tensors.get(view) ?? this.adoptUnknown(view, user);
    if (!traced) return null;
    const { owner } = traced;
    if (traced.generation !== owner.generation) {
      const location = captureLocation();
      let current: ShapedValue = { value: owner.base, shape: owner.baseShape };
      for (const step of traced.views) current = this.emit(step.op, [current], step.attrs, location);
      traced.value = current.value;
      traced.generation = owner.generation;
    }
    return traced.value;
  }

  /** Storages of inputs and parameters that were written, in the order of their first meeting. */
  writtenSources(): TracedStorage[] {
    return [...this.storages.values()].filter((owner) => owner.written && owner.origin !== 'inside');
  }

  /** The elements as they were before the first write. */
  sampleOf(view: StridedView): StridedView {
    const owner = this.storages.get(view.storage);
    return (owner && this.snapshots.get(owner)) ?? view;
  }

  // -- inside ---------------------------------------------------------------------------------------------------------

  private known(view: StridedView): TracedTensor {
    const traced = this.tensors.get(view);
    if (!traced) throw new TnError(`internal: an untraced tensor at ${formatLocation(captureLocation())}`);
    return traced;
  }

  private emit(op: string, inputs: readonly ShapedValue[], attrs: Attrs, location: SourceLocation | null): ShapedValue {
    const [meta] = opByName(op).infer(
      inputs.map((input) => ({ dtype: input.value.dtype, shape: input.shape })),
      attrs,
    );
    const value = this.makeValue(op, meta.dtype, meta.shape);
    this.nodes.push({ op, inputs: inputs.map((input) => input.value), attrs, outputs: [value], location });
    return { value, shape: meta.shape };
  }

  private adopt(
    output: StridedView,
    value: Value,
    shape: readonly Size[],
    inputs: readonly StridedView[],
    step: ViewStep,
  ): void {
    const source = inputs.find((input) => input.storage === output.storage);
    if (source) {
      const { owner, views } = this.known(source);
      this.tensors.set(output, {
        owner,
        views: [...views, { ...step, shape }],
        shape,
        value,
        generation: owner.generation,
      });
      return;
    }
    const owner: TracedStorage = {
      storage: output.storage,
      origin: 'inside',
      index: -1,
      base: value,
      baseShape: shape,
      baseView: output,
      generation: 0,
      written: false,
    };
    this.storages.set(output.storage, owner);
    this.tensors.set(output, { owner, views: [], shape, value, generation: 0 });
  }

  /** A tensor that no recorded operation made: data written down in the code, or something from outside (refused). */
  private adoptUnknown(view: StridedView, user: string): TracedTensor | null {
    if (view.storage.id <= this.firstInsideId) {
      this.abort(
        `${user} uses a tensor that is neither an argument, a parameter, a buffer nor made inside`,
        'make it a buffer (registerBuffer) or pass it as an argument',
      );
      return null;
    }
    if (this.storages.has(view.storage)) {
      this.abort(
        `${user} uses a view of a tensor that was made in an untraced way`,
        'use the tensor methods to make views',
      );
      return null;
    }
    const data = copyElements(view);
    const value = this.newValue('constant', view, view.sizes);
    this.constants.push({ value, data });
    this.adopt(view, value, view.sizes, [], { op: '', attrs: {} });
    return this.known(view);
  }

  private newValue(name: string, view: StridedView, shape: readonly Size[]): Value {
    const wrong = shape.length !== view.sizes.length || shape.some((size, axis) => sizeHint(size) !== view.sizes[axis]);
    if (wrong) throw new TnError(`internal: ${name} has sizes [${view.sizes}], inferred [${shape.map(String)}]`);
    return this.makeValue(name, view.dtype, shape);
  }

  private makeValue(name: string, dtype: Value['dtype'], shape: readonly Size[]): Value {
    const stem = name.replace(/\W+/g, '_');
    const count = this.usedNames.get(stem) ?? 0;
    this.usedNames.set(stem, count + 1);
    // Two stems can meet ("a_1" and the second "a"): the id keeps names unique then.
    const id = this.nextId++;
    const unique = count === 0 ? stem : `${stem}_${count}`;
    if (count > 0 && this.usedNames.has(unique))
      return { id, name: `${stem}_${count}_v${id}`, dtype, shape: shape.map(sizeExpr) };
    this.usedNames.set(unique, this.usedNames.get(unique) ?? 1);
    return { id, name: unique, dtype, shape: shape.map(sizeExpr) };
  }
}

export interface ShapedValue {
  readonly value: Value;
  readonly shape: readonly Size[];
}
