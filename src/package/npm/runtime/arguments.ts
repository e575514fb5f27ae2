/** @file The caller's arguments taken apart into a part's inputs, and its outputs put together as the function's result. */

import type { TypedArray } from '../../../core/dtype.ts';
import type { Argument, PartDescription, Result, TensorValue } from './description.ts';
import { freshTensor, show, tensorOf, wholeNumber } from './tensors.ts';

/** One for each input of the part: numbers where it takes numbers. */
export type Inputs = (TensorValue | number)[];

/** What the caller passed, kept too: a result may be the caller's own tensor object. */
export interface TakenInputs {
  readonly values: Inputs;
  readonly given: unknown[];
}

/** @throws TypeError when an argument has not the structure that the function was captured with. */
export function takeInputs(part: PartDescription, args: readonly unknown[]): TakenInputs {
  const taken: TakenInputs = { values: [], given: [] };
  for (let i = 0; i < part.arguments.length; i++) {
    const { name, value } = part.arguments[i];
    take(part, value, args[i], name, taken);
  }
  return taken;
}

function take(part: PartDescription, argument: Argument, value: unknown, path: string, taken: TakenInputs): void {
  switch (argument.kind) {
    case 'tensor':
    case 'number': {
      const where = `${part.name}: ${path}`;
      taken.given[argument.input] = value;
      taken.values[argument.input] = argument.kind === 'number' ? wholeNumber(value, where) : tensorOf(value, where);
      return;
    }
    case 'array':
      if (!Array.isArray(value) || value.length !== argument.items.length) {
        throw new TypeError(`${part.name}: ${path} is ${show(value)}, wants an array of ${argument.items.length}`);
      }
      argument.items.forEach((item, i) => {
        if (item) take(part, item, value[i], `${path}[${i}]`, taken);
      });
      return;
    case 'record':
      if (typeof value !== 'object' || value === null) {
        const names = argument.fields.map(([name]) => name).join(', ');
        throw new TypeError(`${part.name}: ${path} is ${show(value)}, wants an object with ${names}`);
      }
      for (const [name, field] of argument.fields) {
        take(part, field, (value as Record<string, unknown>)[name], `${path}.${name}`, taken);
      }
  }
}

/**
 * The tensors that the call writes its outputs into: those of `out`, which is built like the result, and fresh ones where
 * it says nothing.
 */
export function takeOutputs(
  part: PartDescription,
  shapes: readonly (readonly number[])[],
  out: unknown,
): TensorValue[] {
  const tensors: TensorValue[] = [];
  if (out !== undefined) takeGiven(part.result, out, `${part.name}: out`, tensors);
  return part.outputs.map(({ dtype }, i) => tensors[i] ?? freshTensor(dtype, shapes[i]));
}

function takeGiven(result: Result, value: unknown, path: string, tensors: TensorValue[]): void {
  if (value === undefined) return;
  switch (result.kind) {
    case 'output':
      tensors[result.index] = tensorOf(value, path);
      return;
    case 'array':
    case 'record': {
      if (typeof value !== 'object' || value === null) throw new TypeError(`${path} is ${show(value)}`);
      const fields = result.kind === 'record' ? result.fields : [...result.items.entries()];
      for (const [name, field] of fields) {
        takeGiven(field, (value as Record<string, unknown>)[name], `${path}.${name}`, tensors);
      }
      return;
    }
    default:
      throw new TypeError(`${path} is not written by the call: leave it out`);
  }
}

export interface Finished {
  readonly inputs: TakenInputs;
  readonly outputs: readonly TensorValue[];
  readonly dims: readonly number[];
}

/** The function's result. */
export function buildResult(result: Result, call: Finished): unknown {
  switch (result.kind) {
    case 'output':
      return call.outputs[result.index];
    case 'input':
      return call.inputs.given[result.index];
    case 'taken': {
      const source = result.of === 'output' ? call.outputs[result.index] : call.inputs.values[result.index];
      return takeElements(result, source as TensorValue, call.dims);
    }
    case 'size':
      return result.at(...call.dims);
    case 'literal':
      return result.value;
    case 'array':
      return result.items.map((item) => buildResult(item, call));
    case 'record':
      return Object.fromEntries(result.fields.map(([name, field]) => [name, buildResult(field, call)]));
  }
}

/** A copy of some elements: tensors here are whole arrays, not views. */
function takeElements(
  { shape, at }: Result & { readonly kind: 'taken' },
  source: TensorValue,
  dims: readonly number[],
): TensorValue {
  const sizes = shape.map((size) => size(...dims));
  const taken = freshTensor(source.dtype, sizes);
  const from = source.data as { [index: number]: number | bigint };
  const to = taken.data as TypedArray & { [index: number]: number | bigint };
  const index = sizes.map(() => 0);
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at(...dims, ...index)];
    for (let axis = sizes.length - 1; axis >= 0 && ++index[axis] === sizes[axis]; axis--) index[axis] = 0;
  }
  return taken;
}
