/** @file Interval arithmetic over expressions. Sound; loose where one symbol occurs several times (see bounds.ts). */

import { type Atom, constValue, type Expr, type QuotientAtom, type Term } from './canonical.ts';
import { floorMod, floorQuotient, gcd } from './divide.ts';
import { type Interval, type Ranges, rangeOf, valueInterval } from './domain.ts';

const everything: Interval = { min: -Infinity, max: Infinity };

/** Sound bounds of `e`, term by term. */
export function intervalOf(e: Expr, ranges: Ranges): Interval {
  let min = 0;
  let max = 0;
  for (const term of e.terms) {
    const part = termInterval(term, ranges);
    min += part.min;
    max += part.max;
  }
  return outward(min, max);
}

function termInterval(term: Term, ranges: Ranges): Interval {
  let result: Interval = { min: term.coefficient, max: term.coefficient };
  const { factors } = term;
  for (let first = 0; first < factors.length; ) {
    let count = 1;
    while (first + count < factors.length && factors[first + count].key === factors[first].key) count++;
    result = product(result, power(atomInterval(factors[first], ranges), count));
    first += count;
  }
  return result;
}

/** Beyond 2^53 sums and products are rounded: the bound goes to the next value that is surely outside. */
export function outward(min: number, max: number): Interval {
  return {
    min: min > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : min < Number.MIN_SAFE_INTEGER ? -Infinity : min,
    max: max < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : max > Number.MAX_SAFE_INTEGER ? Infinity : max,
  };
}

/** Bounds of a product of two independent values. */
export function product(a: Interval, b: Interval): Interval {
  const corners = [times(a.min, b.min), times(a.min, b.max), times(a.max, b.min), times(a.max, b.max)];
  return outward(Math.min(...corners), Math.max(...corners));
}

/** 0 · ∞ is 0: the infinite side is a limit that is never taken. */
function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

function power(base: Interval, exponent: number): Interval {
  if (exponent === 1) return base;
  const low = base.min ** exponent;
  const high = base.max ** exponent;
  if (exponent % 2 === 1) return outward(low, high);
  return outward(base.min <= 0 && base.max >= 0 ? 0 : Math.min(low, high), Math.max(low, high));
}

function atomInterval(atom: Atom, ranges: Ranges): Interval {
  switch (atom.kind) {
    case 'symbol':
      return valueInterval(rangeOf(atom.name, ranges));
    case 'min':
    case 'max': {
      const pick = atom.kind === 'min' ? Math.min : Math.max;
      const parts = atom.args.map((arg) => intervalOf(arg, ranges));
      return { min: pick(...parts.map((part) => part.min)), max: pick(...parts.map((part) => part.max)) };
    }
    case 'floordiv':
      return quotientInterval(intervalOf(atom.left, ranges), intervalOf(atom.right, ranges));
    case 'mod':
      return remainderInterval(atom, ranges);
  }
}

function quotientInterval(x: Interval, divisor: Interval): Interval {
  if (divisor.min <= 0) return everything;
  const corners = [divisor.min, divisor.max].flatMap((d) => [floorRatio(x.min, d), floorRatio(x.max, d)]);
  return { min: Math.min(...corners), max: Math.max(...corners) };
}

function floorRatio(x: number, divisor: number): number {
  if (!Number.isFinite(divisor)) return x >= 0 ? 0 : x === -Infinity ? -Infinity : -1;
  return Number.isFinite(x) ? floorQuotient(x, divisor) : x;
}

function remainderInterval(atom: QuotientAtom, ranges: Ranges): Interval {
  const divisor = intervalOf(atom.right, ranges);
  if (divisor.min <= 0) return everything;
  const x = intervalOf(atom.left, ranges);
  if (x.min >= 0 && x.max < divisor.min) return x;
  const c = constValue(atom.right);
  if (c === null) return { min: 0, max: Math.min(divisor.max - 1, x.min >= 0 ? x.max : Infinity) };
  if (Number.isFinite(x.min) && Number.isFinite(x.max) && floorQuotient(x.min, c) === floorQuotient(x.max, c)) {
    return { min: floorMod(x.min, c), max: floorMod(x.max, c) };
  }
  const { step, offset } = residueOf(atom.left, c, ranges);
  return { min: offset, max: Math.min(c - step + offset, x.min >= 0 ? x.max : Infinity) };
}

/** `e` modulo `c` is one of `offset, offset + step, …` below `c`: `step` divides `c`, `offset < step`. */
function residueOf(e: Expr, c: number, ranges: Ranges): { step: number; offset: number } {
  let step = c;
  let constant = 0;
  for (const term of e.terms) {
    if (term.factors.length === 0) constant = term.coefficient;
    else step = gcd(step, termMultiple(term, ranges));
  }
  return { step, offset: floorMod(constant, step) };
}

/** A positive integer that divides every value of `e`; 0 if `e` is 0. */
export function multipleOf(e: Expr, ranges: Ranges): number {
  return e.terms.reduce((divisor, term) => gcd(divisor, termMultiple(term, ranges)), 0);
}

function termMultiple(term: Term, ranges: Ranges): number {
  let divisor = Math.abs(term.coefficient);
  for (const atom of term.factors) {
    const next = divisor * atomMultiple(atom, ranges);
    if (!Number.isSafeInteger(next)) break;
    divisor = next;
  }
  return divisor;
}

function atomMultiple(atom: Atom, ranges: Ranges): number {
  switch (atom.kind) {
    case 'symbol':
      return rangeOf(atom.name, ranges).multipleOf;
    case 'min':
    case 'max':
      return atom.args.reduce((divisor, arg) => gcd(divisor, multipleOf(arg, ranges)), 0) || 1;
    case 'floordiv': {
      const c = constValue(atom.right);
      const inner = multipleOf(atom.left, ranges);
      return c !== null && inner % c === 0 ? Math.abs(inner / c) || 1 : 1;
    }
    case 'mod': {
      const c = constValue(atom.right);
      return c === null ? 1 : gcd(multipleOf(atom.left, ranges), c) || 1;
    }
  }
}
