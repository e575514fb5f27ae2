/** @file The memory of one call: its DLPack tensors, their shapes, the number arguments, the dims and an error's text. */

import type { PartDescription, TensorValue } from './description.ts';
import { addressOf, Words } from './memory.ts';
import { messageBytes } from './native.ts';
import { dlpackType } from './tensors.ts';

/** Words of a DLTensor: data, device, ndim and dtype, shape, strides, byte offset. */
const tensorWords = 6;
const cpu = 1;
/** Shapes of more axes than a part takes are passed on, to be refused by it in its own words: up to so many. */
const mostAxes = 32;

/** One at a time for each call in flight; reused by the next one. */
export class Frame {
  /** Addresses of the call's tensors, as `DLTensor *const *`. */
  readonly inputs: number;
  readonly outputs: number;
  /** Where the dims and the shapes of all outputs, one after another, are written. */
  readonly dims: number;
  readonly sizes: number;
  readonly sizesRoom: number;
  /** An error's text, ended by a zero. */
  readonly message: Uint8Array;
  readonly messageAddress: number;
  private readonly words: Words;
  private readonly part: PartDescription;
  /** First words of: number arguments, tensors, shapes, dims, output sizes. */
  private readonly start: {
    readonly numbers: number;
    readonly tensors: number;
    readonly shapes: number;
    readonly dims: number;
    readonly sizes: number;
  };

  constructor(part: PartDescription) {
    const values = part.inputs.length + part.outputs.length;
    this.part = part;
    this.sizesRoom = part.outputs.reduce((sum, { rank }) => sum + rank, 0);
    const numbers = values;
    const tensors = numbers + part.inputs.length;
    const shapes = tensors + values * tensorWords;
    const dims = shapes + values * mostAxes;
    const sizes = dims + part.dims;
    this.start = { numbers, tensors, shapes, dims, sizes };
    this.words = new Words(sizes + this.sizesRoom);
    this.inputs = this.words.at(0);
    this.outputs = this.words.at(part.inputs.length);
    this.dims = this.words.at(dims);
    this.sizes = this.words.at(sizes);
    this.message = new Uint8Array(messageBytes);
    this.messageAddress = addressOf(this.message);
    for (let i = 0; i < values; i++) {
      this.words.set(i, this.words.at(this.tensorAt(i)));
      this.words.setHalves(this.tensorAt(i) + 1, cpu, 0);
      this.words.set(this.tensorAt(i) + 3, this.words.at(shapes + i * mostAxes));
    }
  }

  setNumber(input: number, value: number): void {
    const at = this.start.numbers + input;
    this.words.set(at, value);
    this.describe(input, this.words.at(at), 0, 0, 64);
  }

  setInput(input: number, tensor: TensorValue): void {
    this.setTensor(input, tensor, this.part.inputs[input].path);
  }

  setOutput(output: number, tensor: TensorValue): void {
    this.setTensor(this.part.inputs.length + output, tensor, `output ${output}`);
  }

  dim(index: number): number {
    return this.words.get(this.start.dims + index);
  }

  /** The shape that the call gives an output, once the sizes are written. */
  outputShape(output: number): number[] {
    const { outputs } = this.part;
    const before = outputs.slice(0, output).reduce((sum, { rank }) => sum + rank, 0);
    return Array.from({ length: outputs[output].rank }, (_, axis) => this.words.get(this.start.sizes + before + axis));
  }

  private setTensor(value: number, { dtype, shape, data }: TensorValue, path: string): void {
    const { length } = shape;
    if (length > mostAxes) throw new TypeError(`${path} has ${length} axes, more than ${mostAxes}`);
    const first = this.start.shapes + value * mostAxes;
    for (let axis = 0; axis < length; axis++) this.words.set(first + axis, shape[axis]);
    const { code, bits } = dlpackType(dtype);
    this.describe(value, addressOf(data), length, code, bits);
  }

  /** Strides stay NULL (row-major) and the offset 0. */
  private describe(value: number, address: number, rank: number, code: number, bits: number): void {
    const at = this.tensorAt(value);
    this.words.set(at, address);
    this.words.setHalves(at + 2, rank, (1 << 16) | (bits << 8) | code);
  }

  private tensorAt(value: number): number {
    return this.start.tensors + value * tensorWords;
  }
}
