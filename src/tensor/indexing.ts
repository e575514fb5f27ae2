/**
 * @file `x[0]`, `x['1:3, :, 0']`, ``x[`:${n}`]``: NumPy's indices as properties. Tensors have no such properties, so these
 * reads arrive at the end of their prototype chain, where a proxy stands: nothing else gets slower by it.
 */

import { TnError } from '../core/errors.ts';
import { captureLocation, formatLocation } from '../core/location.ts';
import { StridedView } from '../core/view.ts';
import { isSymbolic, isSymInt, type Size, sizeNeg } from '../symbolic/symInt.ts';
import { normalizeIndex } from './functions/bounds.ts';
import { describe, isTensor } from './functions/operands.ts';
import { select, slice, unsqueeze } from './functions/views.ts';
import type { Tensor } from './tensor.ts';

/** A number as written, or which of the values between the pieces of a template it is. */
type Bound = number | { readonly value: number; readonly isNegated: boolean };

type Item =
  | { readonly kind: 'index'; readonly at: Bound }
  | { readonly kind: 'slice'; readonly start: Bound | null; readonly end: Bound | null; readonly step: Bound | null }
  | { readonly kind: 'rest' }
  | { readonly kind: 'new' };

/** Stands for the values of a template in its text; followed by their number. */
const placeholder = '$';

/** Texts that mean an index. Other names are asked of tensors by anybody (`then`, `$$typeof`) and give undefined. */
const indexLike = /^\s*(?:[-+]?[\d.]|None\b|\.\.\.|:)|[:,]|^(?:NaN|-?Infinity|undefined|null|true|false)$/;

const parsed = new Map<string, readonly Item[]>();
const parsedMost = 1000;

function wrong(
  text: string,
  found: string,
  fix = "x[0], x[-1], x['1:3'], x[':, ::2'], x['..., 0'], x['None, :']",
): TnError {
  const location = captureLocation();
  return new TnError({
    what: `x[${shown(text)}] is no index of a tensor.`,
    found: [found],
    where: location && formatLocation(location),
    fix: fix === '' ? null : fix,
  });
}

function shown(text: string): string {
  return /^-?\d+$/.test(text) ? text : `'${text.replace(/\$\d+/g, '$${…}')}'`;
}

function parseBound(word: string, text: string): Bound | null {
  const trimmed = word.trim();
  if (trimmed === '') return null;
  const template = /^([-+]?)\$(\d+)$/.exec(trimmed);
  if (template) return { value: Number(template[2]), isNegated: template[1] === '-' };
  if (!/^[-+]?\d+$/.test(trimmed)) throw wrong(text, `\`${shown(trimmed)}\` is no whole number`);
  return Number(trimmed);
}

function parseItem(word: string, text: string): Item {
  const trimmed = word.trim();
  if (trimmed === '...') return { kind: 'rest' };
  if (trimmed === 'None') return { kind: 'new' };
  const [start, end, step, ...more] = word.split(':');
  if (more.length > 0) throw wrong(text, `\`${trimmed}\` has more than start:end:step`);
  if (end !== undefined) {
    return {
      kind: 'slice',
      start: parseBound(start, text),
      end: parseBound(end, text),
      step: step === undefined ? null : parseBound(step, text),
    };
  }
  const at = parseBound(start, text);
  if (at === null) throw wrong(text, 'one item is empty');
  return { kind: 'index', at };
}

function parse(text: string): readonly Item[] {
  const known = parsed.get(text);
  if (known) return known;
  const words = text.split(',');
  // As in Python, a comma may end the list.
  if (words.length > 1 && words.at(-1)?.trim() === '') words.pop();
  const items = words.map((word) => parseItem(word, text));
  if (items.filter(({ kind }) => kind === 'rest').length > 1) throw wrong(text, 'it has `...` twice');
  if (parsed.size >= parsedMost) parsed.clear();
  parsed.set(text, items);
  return items;
}

/** The sizes that the text's bounds are; values of a template may be symbolic. */
function sizeOf(bound: Bound, values: readonly unknown[], text: string): Size {
  if (typeof bound === 'number') return bound;
  const value = values[bound.value];
  const signed = (size: Size): Size => (bound.isNegated ? sizeNeg(size) : size);
  if (isSymInt(value)) return signed(value as unknown as Size);
  if (isSymbolic(value)) throw wrong(text, `\`${value.text}\` is no whole number`, 'round it: Math.floor(…)');
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(text, `${describe(value)} is no whole number`);
  return signed(value);
}

function stepOf(bound: Bound | null, values: readonly unknown[], text: string): number {
  if (bound === null) return 1;
  const step = sizeOf(bound, values, text);
  if (typeof step !== 'number') throw wrong(text, 'a step cannot be symbolic', 'use a plain number');
  if (step < 1) throw wrong(text, `the step is ${step}`, 'steps are whole numbers from 1; flip(dim) reverses');
  return step;
}

function index(x: Tensor, text: string, values: readonly unknown[]): Tensor {
  const items = parse(text);
  const used = items.filter(({ kind }) => kind === 'index' || kind === 'slice').length;
  if (used > x.ndim) {
    throw wrong(
      text,
      `it has ${used} ${used === 1 ? 'index' : 'indices'}, the tensor [${x.shape.map(String).join(', ')}] has ${x.ndim} ${x.ndim === 1 ? 'axis' : 'axes'}`,
      '',
    );
  }
  let out = x;
  let axis = 0;
  for (const item of items) {
    if (item.kind === 'rest') axis += x.ndim - used;
    else if (item.kind === 'new') out = unsqueeze(out, axis++);
    else if (item.kind === 'index') {
      const at = normalizeIndex(`x[${shown(text)}]`, sizeOf(item.at, values, text), out.shape[axis]);
      out = select(out, axis, at);
    } else {
      const start = item.start === null ? null : sizeOf(item.start, values, text);
      const end = item.end === null ? null : sizeOf(item.end, values, text);
      const step = stepOf(item.step, values, text);
      if (start !== null || end !== null || step !== 1) out = slice(out, axis, start, end, step);
      axis++;
    }
  }
  return out;
}

/** ``x[`1:${n}`]`` of transformed code: the pieces of the template, and what stands between them. */
export function indexTemplate(x: Tensor, strings: readonly string[], values: readonly unknown[]): Tensor {
  const text = strings.reduce((before, string, i) => {
    const value = values[i - 1];
    return `${before}${typeof value === 'string' ? value : `${placeholder}${i - 1}`}${string}`;
  });
  return index(x, text, values);
}

const traps: ProxyHandler<object> = {
  get(target, key, receiver: unknown) {
    if (typeof key === 'string' && indexLike.test(key) && isTensor(receiver) && Object.hasOwn(receiver, 'sizes')) {
      return index(receiver, key, []);
    }
    return Reflect.get(target, key, receiver);
  },
  set(target, key, value, receiver: unknown) {
    if (typeof key === 'string' && indexLike.test(key)) {
      const location = captureLocation();
      throw new TnError({
        what: `x[${shown(key)}] = … : elements of a tensor are not assigned.`,
        where: location && formatLocation(location),
        fix: `x[${shown(key)}].copy_(value) writes into x: what an index gives shares its memory; selectScatter and sliceScatter make a new tensor`,
      });
    }
    return Reflect.set(target, key, value, receiver);
  },
};

/** Lets tensors be indexed; `then` and other names that nobody has are asked of the proxy too, and are not there. */
export function installIndexing(): void {
  Object.setPrototypeOf(StridedView.prototype, new Proxy(Object.create(Object.prototype) as object, traps));
}
