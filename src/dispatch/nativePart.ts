/** @file Native code of one entry, ready to be called with tensors. */

import type { DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { type SourceLocation, withPlace } from '../core/location.ts';
import { Storage } from '../core/storage.ts';
import { contiguousStrides, copyElements, isContiguous, product, StridedView } from '../core/view.ts';
import type { NativeCall, NativeProgram } from '../runtime/program.ts';
import { type Tensor, TensorObject } from '../tensor/tensor.ts';
import { type AbiJson, type SizeAt, sizeFunction } from './abiJson.ts';
import type { Precision } from './mode.ts';
import { type Binding, bindWeights, fitsBinding, viewAddress, type WeightSource } from './weights.ts';

interface OutputPlan {
  readonly dtype: DType;
  readonly sizes: readonly SizeAt[];
}

export interface NativePartOptions {
  readonly part: string;
  readonly abi: AbiJson;
  readonly program: NativeProgram;
  readonly weights: WeightSource;
  /** Of the code's arithmetic; default: float32. */
  readonly precision?: Precision;
  /** Dims in the order in which `run` is given them. */
  readonly symbols: readonly string[];
  /** Indices of inputs and of parameters that the code writes. */
  readonly writtenInputs: readonly number[];
  readonly writtenParameters: readonly number[];
  /** Called with parameters that are bound for the first time, before they are used. */
  readonly onBinding?: (parameters: readonly StridedView[]) => void;
}

export class NativePart {
  readonly program: NativeProgram;
  readonly precision: Precision;
  private readonly options: NativePartOptions;
  /** Of synchronous calls: one runs at a time. */
  private readonly call: NativeCall;
  private readonly copies: StridedView[] = [];
  private readonly idleCalls: NativeCall[] = [];
  /** For each dim of the block: its place among the given ones. */
  private readonly dimSlots: readonly number[];
  private readonly outputs: readonly OutputPlan[];
  private readonly writtenParameters: ReadonlySet<number>;
  private readonly bindings: Binding[] = [];

  constructor(options: NativePartOptions) {
    const { abi, symbols } = options;
    this.options = options;
    this.program = options.program;
    this.precision = options.precision ?? 'float32';
    this.call = this.program.newCall();
    this.dimSlots = abi.dims.map((name) => symbols.indexOf(name));
    this.outputs = abi.outputs.map(({ dtype, shape }) => ({
      dtype,
      sizes: shape.map((text) => sizeFunction(text, symbols)),
    }));
    this.writtenParameters = new Set(options.writtenParameters);
  }

  /** Runs on fresh outputs. `dims` in the order of `symbols`. Throws TnError when a kernel finds an index out of range. */
  run(inputs: readonly (Tensor | number)[], dims: readonly number[], parameters: readonly StridedView[]): Tensor[] {
    const { call, copies } = this;
    const results = this.prepare(call, inputs, dims, parameters, copies);
    const code = call.run();
    copies.length = 0;
    this.noteWrites(inputs, parameters);
    if (code !== 0) throw this.failure(call);
    return results;
  }

  /** The same off this thread. What is given stays as it is until then; several calls may run at once. */
  async runAsync(
    inputs: readonly (Tensor | number)[],
    dims: readonly number[],
    parameters: readonly StridedView[],
    calledAt: () => SourceLocation | null,
  ): Promise<Tensor[]> {
    const call = this.idleCalls.pop() ?? this.program.newCall();
    const copies: StridedView[] = [];
    try {
      const results = this.prepare(call, inputs, dims, parameters, copies);
      const code = await call.runAsync([inputs, parameters, results, copies]);
      this.noteWrites(inputs, parameters);
      if (code !== 0) throw withPlace(calledAt(), () => this.failure(call));
      return results;
    } finally {
      this.idleCalls.push(call);
    }
  }

  /** Fills in the argument block. `copies` of strided inputs must outlive the call. */
  private prepare(
    call: NativeCall,
    inputs: readonly (Tensor | number)[],
    dims: readonly number[],
    parameters: readonly StridedView[],
    copies: StridedView[],
  ): Tensor[] {
    const { abi } = this.options;
    for (let i = 0; i < this.dimSlots.length; i++) call.setDim(i, dims[this.dimSlots[i]]);
    for (let i = 0; i < abi.inputs.length; i++) {
      let view = inputs[abi.inputs[i]] as StridedView;
      if (!isContiguous(view)) {
        view = copyElements(view);
        copies.push(view);
      }
      call.setInput(i, viewAddress(view));
    }
    const results = new Array<Tensor>(this.outputs.length);
    for (let i = 0; i < results.length; i++) {
      const { dtype, sizes } = this.outputs[i];
      const concrete = new Array<number>(sizes.length);
      for (let axis = 0; axis < sizes.length; axis++) concrete[axis] = sizes[axis](dims);
      const storage = Storage.allocate(dtype, product(concrete));
      results[i] = TensorObject.of(new StridedView(storage, dtype, concrete, contiguousStrides(concrete), 0));
      call.setOutput(i, viewAddress(results[i]));
    }
    call.setWeights(this.bind(parameters).table);
    return results;
  }

  private noteWrites(inputs: readonly (Tensor | number)[], parameters: readonly StridedView[]): void {
    for (const index of this.options.writtenInputs) (inputs[index] as StridedView).storage.version++;
    for (const index of this.writtenParameters) parameters[index].storage.version++;
  }

  /** Threads that the last synchronous call used. */
  get threadsUsed(): number {
    return this.call.threadsUsed;
  }

  private bind(parameters: readonly StridedView[]): Binding {
    const { bindings } = this;
    for (let i = 0; i < bindings.length; i++) {
      const binding = bindings[i];
      if (fitsBinding(binding, parameters, this.writtenParameters)) return binding;
    }
    const { weights, abi, onBinding } = this.options;
    onBinding?.(parameters);
    const binding = bindWeights(weights, abi.weights, parameters);
    // Stale versions of the same tensors will not fit again.
    const kept = bindings.filter((other) => other.parameters[0] !== parameters[0]).slice(0, 63);
    bindings.splice(0, bindings.length, binding, ...kept);
    return binding;
  }

  private failure(call: NativeCall): TnError {
    const failure = call.failure();
    const { part } = this.options;
    const where = failure?.kernelName ? [`in kernel ${failure.kernelName}`] : [];
    switch (failure?.kind) {
      case 'index':
        return new TnError({
          what: `compileCache "${part}": an index read from a tensor is out of range.`,
          found: [`${failure.value} for a size of ${failure.limit}`, ...where],
          fix: `pass indices from ${-failure.limit} to ${failure.limit - 1}`,
        });
      case 'memory':
        return new TnError({
          what: `compileCache "${part}": ${failure.value} bytes of working memory are not to be had.`,
        });
      default:
        return new TnError({
          what: `compileCache "${part}": native code failed (${failure?.kind ?? 'unknown'}).`,
          found: [`value ${failure?.value}, limit ${failure?.limit}`, ...where],
        });
    }
  }
}
