/** @file Whether a call fits an entry: one walk over the arguments that also collects inputs, parameters and dims. */

import type { IdenticalSources } from '../capture/capture.ts';
import { type ClassId, type InputTree, plainText, staticClassId } from '../capture/inputTree.ts';
import { isContiguous, type StridedView } from '../core/view.ts';
import { evaluatePredicate, type Predicate, predicateToString } from '../symbolic/predicate.ts';
import type { DimRange } from '../symbolic/range.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Expected, type ExpectedTensor, expectation, slotOfSize } from './expectation.ts';

/** What an entry expects of a call. */
export interface CallPattern {
  readonly self: InputTree;
  readonly args: readonly InputTree[];
  /** In the order of the native block. */
  readonly symbols: readonly string[];
  readonly ranges: readonly DimRange[];
  /** Equal numbers: inputs that must be the same memory; -1 for numbers. */
  readonly aliasing: readonly number[];
  readonly identical: readonly IdenticalSources[];
  /** Predicates over several dims, tested on each call. */
  readonly guards: readonly Predicate[];
  /** Inputs and parameters that the call writes: contiguous, and no memory shared with other parameters. */
  readonly writtenInputs: readonly number[];
  /** Indices in `CallMatch.parameters`. */
  readonly writtenParameters: readonly number[];
}

/** A call that fits. Reused by the next call on the same entry: take what you need. */
export class CallMatch {
  readonly inputs: (Tensor | number)[] = [];
  readonly parameters: Tensor[] = [];
  readonly dims: number[] = [];
  /** Why the last call did not fit, in the user's names. */
  reason = '';
}

export function matchCall(
  pattern: CallPattern,
  self: unknown,
  args: readonly unknown[],
  names: readonly string[],
  classId: ClassId,
  match: CallMatch,
): boolean {
  if (args.length !== pattern.args.length) {
    match.reason = `${args.length} arguments, the entry has ${pattern.args.length}`;
    return false;
  }
  match.dims.length = pattern.symbols.length;
  match.dims.fill(Number.NaN);
  const { self: expectedSelf, args: expectedArgs } = expectedBy(pattern);
  const walk = new Walk(pattern.symbols, classId, match);
  if (!walk.value(expectedSelf, self)) return walk.fail('this');
  for (let i = 0; i < args.length; i++) {
    if (!walk.value(expectedArgs[i], args[i])) return walk.fail(names[i] ?? `argument ${i}`);
  }
  return fitsRanges(pattern, match) && fitsAliasing(pattern, match) && fitsGuards(pattern, match);
}

const expectations = new WeakMap<CallPattern, { readonly self: Expected; readonly args: readonly Expected[] }>();

function expectedBy(pattern: CallPattern): { readonly self: Expected; readonly args: readonly Expected[] } {
  let expected = expectations.get(pattern);
  if (!expected) {
    const { self, args, symbols } = pattern;
    expected = { self: expectation(self, symbols), args: args.map((tree) => expectation(tree, symbols)) };
    expectations.set(pattern, expected);
  }
  return expected;
}

class Walk {
  private readonly symbols: readonly string[];
  private readonly classId: ClassId;
  private readonly match: CallMatch;
  private path = '';
  private found = '';
  private seenParameters = 0;

  constructor(symbols: readonly string[], classId: ClassId, match: CallMatch) {
    this.symbols = symbols;
    this.classId = classId;
    this.match = match;
  }

  fail(root: string): false {
    this.match.reason = `${root}${this.path} ${this.found}`;
    return false;
  }

  value(expected: Expected, value: unknown): boolean {
    switch (expected.kind) {
      case 'plain':
        if (Object.is(value, expected.value)) return true;
        return this.differs(
          `is ${plainText(value) ?? typeof value}, the entry has ${plainText(expected.value) ?? 'another'}`,
        );
      case 'parameter': {
        if (!this.isLike(expected, value)) return false;
        // The same tensor stands wherever the entry had one tensor (tied weights).
        const { parameters } = this.match;
        if (expected.index < this.seenParameters && parameters[expected.index] !== value) {
          return this.differs('is another tensor where the entry has the same one twice');
        }
        parameters[expected.index] = value;
        if (expected.index === this.seenParameters) this.seenParameters++;
        return true;
      }
      case 'tensor':
        if (!this.isLike(expected, value)) return false;
        this.match.inputs[expected.input] = value;
        return true;
      case 'dim':
        if (typeof value !== 'number' || !Number.isSafeInteger(value)) return this.differs('is no integer');
        this.match.inputs[expected.input] = value;
        return this.bind(expected.slot, value);
      case 'array':
        if (!Array.isArray(value) || value.length !== expected.items.length)
          return this.differs(`is no array of ${expected.items.length}`);
        for (let i = 0; i < value.length; i++) {
          if (!this.value(expected.items[i], value[i])) return this.at(String(i));
        }
        return true;
      case 'object':
        return this.object(expected, value);
    }
  }

  private isLike(expected: ExpectedTensor, value: unknown): value is Tensor {
    if (!isTensor(value)) return this.differs('is no tensor');
    if (value.dtype !== expected.dtype) return this.differs(`is ${value.dtype}, the entry has ${expected.dtype}`);
    return this.sizes(expected.sizes, value.sizes);
  }

  private object(expected: Expected & { kind: 'object' }, value: unknown): boolean {
    const isClass = typeof value === 'function';
    if ((typeof value !== 'object' && !isClass) || value === null || isTensor(value) || Array.isArray(value))
      return this.differs('is no object');
    const id = isClass ? staticClassId(this.classId(value) ?? '') : this.classOf(value);
    if (id !== expected.classId)
      return this.differs(`is of class ${id || 'Object'}, the entry has ${expected.classId || 'Object'}`);
    const { keys, items } = expected;
    const found = Object.keys(value);
    for (let i = 0; i < found.length; i++) {
      if (found[i] !== keys[i]) return this.differs(`has other fields (${found[i]})`);
      if (!this.value(items[i], (value as Readonly<Record<string, unknown>>)[found[i]])) return this.at(found[i]);
    }
    return found.length === keys.length || this.differs(`has no field ${keys[found.length]}`);
  }

  private classOf(value: object): string {
    const prototype = Object.getPrototypeOf(value) as { constructor?: object } | null;
    const plainRecord = prototype === null || prototype === Object.prototype;
    return plainRecord ? '' : ((prototype.constructor && this.classId(prototype.constructor)) ?? 'unknown');
  }

  private sizes(expected: readonly number[], found: readonly number[]): boolean {
    if (expected.length !== found.length)
      return this.differs(`has ${found.length} axes, the entry has ${expected.length}`);
    for (let axis = 0; axis < found.length; axis++) {
      const size = expected[axis];
      if (size < 0) {
        if (!this.bind(slotOfSize(size), found[axis])) return false;
      } else if (size !== found[axis])
        return this.differs(`has size ${found[axis]} on axis ${axis}, the entry has ${size}`);
    }
    return true;
  }

  private bind(slot: number, value: number): boolean {
    const known = this.match.dims[slot];
    if (!Number.isNaN(known) && known !== value)
      return this.differs(`makes ${this.symbols[slot]} ${value}, it is ${known} elsewhere`);
    this.match.dims[slot] = value;
    return true;
  }

  private at(key: string): false {
    this.path = `.${key}${this.path}`;
    return false;
  }

  private differs(found: string): false {
    this.found = found;
    return false;
  }
}

function fitsRanges({ symbols, ranges }: CallPattern, match: CallMatch): boolean {
  for (let i = 0; i < ranges.length; i++) {
    const { min, max, multipleOf } = ranges[i];
    const value = match.dims[i];
    if (!(value >= min && value <= max && value % multipleOf === 0)) {
      match.reason = `${symbols[i]} is ${value}, the entry has ${min}..${max}${multipleOf === 1 ? '' : `, multiple of ${multipleOf}`}`;
      return false;
    }
  }
  return true;
}

function fitsAliasing(pattern: CallPattern, match: CallMatch): boolean {
  const { aliasing, identical, writtenInputs, writtenParameters } = pattern;
  const { inputs, parameters } = match;
  for (let i = 0; i < aliasing.length; i++) {
    if (aliasing[i] < 0) continue;
    const storage = (inputs[i] as Tensor).storage;
    let first = i;
    for (let j = 0; j < i; j++) {
      if (aliasing[j] >= 0 && (inputs[j] as Tensor).storage === storage) {
        first = j;
        break;
      }
    }
    if (first !== aliasing[i]) {
      match.reason = 'arguments share memory in another way than the entry';
      return false;
    }
  }
  for (const { input, as, index } of identical) {
    if (!sameView(inputs[input] as Tensor, (as === 'input' ? inputs : parameters)[index] as Tensor)) {
      match.reason = 'other tensors where the entry has one tensor twice';
      return false;
    }
  }
  for (const index of writtenInputs) {
    const written = inputs[index] as StridedView;
    if (!isContiguous(written)) {
      match.reason = 'an argument that is written is not contiguous';
      return false;
    }
    if (parameters.some((parameter) => parameter.storage === written.storage)) {
      match.reason = 'an argument that is written shares memory with a parameter';
      return false;
    }
  }
  for (const index of writtenParameters) {
    const written = parameters[index];
    const shares = (other: Tensor | number): boolean => isTensor(other) && other.storage === written.storage;
    if (!isContiguous(written) || inputs.some(shares) || parameters.some((other, i) => i !== index && shares(other))) {
      match.reason = 'a buffer that is written is not contiguous, or shares memory with another tensor';
      return false;
    }
  }
  return true;
}

function sameView(a: StridedView, b: StridedView): boolean {
  if (a === b) return true;
  return (
    a.storage === b.storage &&
    a.dtype === b.dtype &&
    a.offset === b.offset &&
    String(a.sizes) === String(b.sizes) &&
    String(a.strides) === String(b.strides)
  );
}

function fitsGuards({ guards, symbols }: CallPattern, match: CallMatch): boolean {
  if (guards.length === 0) return true;
  const values = dimValues(symbols, match.dims);
  for (const guard of guards) {
    if (!evaluatePredicate(guard, values)) {
      match.reason = `needs ${predicateToString(guard)}`;
      return false;
    }
  }
  return true;
}

export function dimValues(symbols: readonly string[], dims: readonly number[]): Map<string, number> {
  const values = new Map<string, number>();
  for (let i = 0; i < symbols.length; i++) values.set(symbols[i], dims[i]);
  return values;
}
