/**
 * @file Equalities decided by sampling, with proof: an expression of symbols, floor divisions and remainders by constants
 * is, in each symbol, a polynomial whose coefficients repeat with a period, so it is zero everywhere once it is zero on
 * (degree + 1) periods.
 */

import { constValue, type Expr, isExtreme } from './canonical.ts';
import { type DimRange, domainPoints, domainSize, lcm, type Ranges, rangeOf, valueInterval } from './domain.ts';
import { evaluate, freeSymbols, partsOf } from './traverse.ts';

/** More points than this are not tried. */
const pointLimit = 2048;

/** Degree and period of an expression in one symbol; null where it is not periodic-polynomial. */
interface Growth {
  readonly degree: number;
  readonly period: number;
}

/** Whether `e` is 0 for all values in range. True is certain; false may mean unknown. */
export function alwaysZero(e: Expr, ranges: Ranges): boolean {
  const value = constValue(e);
  if (value !== null) return value === 0;
  const names = freeSymbols(e);
  const sample = new Map<string, DimRange>();
  for (const name of names) {
    const range = rangeOf(name, ranges);
    const { min, max } = valueInterval(range);
    const growth = growthOf(e, name);
    const step = range.multipleOf;
    const start = Number.isFinite(min) ? min : Number.isFinite(max) ? -Infinity : 0;
    if (growth === null || start === -Infinity) {
      sample.set(name, range);
      continue;
    }
    const count = (growth.degree + 1) * (lcm(growth.period, step) / step);
    sample.set(name, { min: start, max: Math.min(max, start + (count - 1) * step), multipleOf: step });
  }
  if (domainSize(names, sample) > pointLimit) return false;
  try {
    for (const point of domainPoints(names, sample)) if (evaluate(e, point) !== 0) return false;
  } catch {
    return false;
  }
  return true;
}

/** How `e` behaves in one symbol, the others held. */
export function growthOf(e: Expr, name: string): Growth | null {
  let degree = 0;
  let period = 1;
  for (const term of e.terms) {
    let termDegree = 0;
    for (const atom of term.factors) {
      if (atom.kind === 'symbol') {
        if (atom.name === name) termDegree++;
        continue;
      }
      if (!partsOf(atom).some((part) => freeSymbols(part).has(name))) continue;
      if (isExtreme(atom)) return null;
      const divisor = constValue(atom.right);
      const inner = growthOf(atom.left, name);
      if (divisor === null || inner === null) return null;
      // Over one period of the inner expression's own period times the divisor, left modulo the divisor repeats
      // (its coefficients are integers over the inner divisors, which the inner period holds).
      period = lcm(period, inner.period * Math.abs(divisor));
      if (atom.kind === 'floordiv') termDegree += inner.degree;
    }
    degree = Math.max(degree, termDegree);
    if (!Number.isSafeInteger(period) || period > 1e6) return null;
  }
  return { degree, period };
}
