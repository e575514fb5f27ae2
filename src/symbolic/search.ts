/** @file Looks for values in range for which a predicate is false. Smart where it can be, bounded always. */

import { boundsOf } from './bounds.ts';
import { constantPart, type Expr } from './canonical.ts';
import { type DimRange, type Ranges, rangeOf, valueInterval, withBounds } from './domain.ts';
import { evaluatePredicate, type Predicate, predicateSymbols, statementOf } from './relation.ts';
import { partsOf } from './traverse.ts';

type Values = ReadonlyMap<string, number>;

/** Values tried one after another from each end of a range and from `near`. */
const scanLength = 4096;
/** Intervals that the bisection looks at. */
const bisectionLimit = 4000;
/** How far an unbounded range is searched. */
const horizon = 2 ** 45;

/**
 * Values in range for which `p` is false, or null if none was found. With `near`, values close to it are preferred.
 * For one symbol the search is complete on ranges of up to 4096 values, on periodic predicates of such a period and
 * wherever bounds can rule out intervals; for several it tries corners, and each symbol in turn with the others held.
 */
export function counterexample(p: Predicate, ranges: Ranges, near?: Values): Values | null {
  const names = [...predicateSymbols(p)];
  if (names.length === 0) return fails(p, new Map()) ? new Map() : null;
  if (names.some((name) => isEmpty(rangeOf(name, ranges)))) return null;
  if (names.length === 1) return searchOne(p, names[0], ranges, near, scanLength);
  return searchSeveral(p, names, ranges, near);
}

function isEmpty(range: DimRange): boolean {
  const { min, max } = valueInterval(range);
  return min > max;
}

function fails(p: Predicate, values: Values): boolean {
  try {
    return !evaluatePredicate(p, values);
  } catch {
    return false;
  }
}

function searchOne(p: Predicate, name: string, ranges: Ranges, near: Values | undefined, scan: number): Values | null {
  const { multipleOf: step } = rangeOf(name, ranges);
  const { min, max } = valueInterval(rangeOf(name, ranges));
  const at = (value: number): Values | null => {
    if (value < min || value > max) return null;
    const values = new Map([[name, value]]);
    return fails(p, values) ? values : null;
  };
  const middle = near?.get(name);
  const first = middle ?? (Number.isFinite(min) ? min : Number.isFinite(max) ? max : 0);
  const start = Math.round(first / step) * step;
  for (let i = 0; i <= scan; i++) {
    const found = at(start + i * step) ?? at(start - i * step);
    if (found) return found;
    if (start + i * step > max && start - i * step < min) return null;
  }
  for (const landmark of landmarks(p)) {
    const base = Math.round(landmark / step) * step;
    for (let i = -2; i <= 2; i++) {
      const found = at(base + i * step);
      if (found) return found;
    }
  }
  for (let i = 0; i < scan / 8; i++) {
    const found = at(max - i * step);
    if (found) return found;
  }
  return bisect(p, name, ranges);
}

/** Constants of the predicate and of what stands in it, and their sums: where predicates tend to change. */
function landmarks(p: Predicate): number[] {
  const constants = new Set<number>();
  const visit = (e: Expr) => {
    constants.add(constantPart(e));
    for (const term of e.terms) {
      constants.add(term.coefficient);
      for (const atom of term.factors) for (const part of partsOf(atom)) visit(part);
    }
  };
  visit(p.left);
  visit(p.right);
  const base = [...constants].filter((value) => value !== 0).slice(0, 12);
  const pairs = base.flatMap((a) => base.flatMap((b) => [a + b, a - b, a * b, a / b]));
  return [...base, ...base.map((value) => -value), ...pairs]
    .filter((value) => Math.abs(value) < horizon)
    .map(Math.trunc);
}

/** Splits the range, drops the parts in which bounds show that `p` holds, smaller values first. */
function bisect(p: Predicate, name: string, ranges: Ranges): Values | null {
  const { multipleOf: step } = rangeOf(name, ranges);
  const { min, max } = valueInterval(rangeOf(name, ranges));
  const low = Math.max(min, -horizon) / step;
  const high = Math.min(max, horizon) / step;
  // Positions in units of `step`.
  const pending: [number, number][] = [[Math.ceil(low), Math.floor(high)]];
  for (let looked = 0; pending.length > 0 && looked < bisectionLimit; looked++) {
    const [from, to] = pending.pop()!;
    if (from > to) continue;
    for (const position of [from, to]) {
      const values = new Map([[name, position * step]]);
      if (fails(p, values)) return values;
    }
    if (to - from < 2 || holdsWithin(p, withBounds(ranges, name, from * step, to * step))) continue;
    // Large intervals are split by magnitude, so that small values are reached soon.
    const middle =
      from > 0 && to > 4 * from ? Math.floor(Math.sqrt(from) * Math.sqrt(to)) : Math.floor((from + to) / 2);
    pending.push([middle + 1, to - 1], [from + 1, middle]);
  }
  return null;
}

function holdsWithin(p: Predicate, ranges: Ranges): boolean {
  const { op, value } = statementOf(p);
  const { min, max } = boundsOf(value, ranges);
  if (op === 'ge') return min >= 0;
  return op === 'eq' ? min === 0 && max === 0 : min > 0 || max < 0;
}

function searchSeveral(
  p: Predicate,
  names: readonly string[],
  ranges: Ranges,
  near: Values | undefined,
): Values | null {
  const candidates = names.map((name) => candidateValues(rangeOf(name, ranges), near?.get(name)));
  let tried = 0;
  for (const values of assignments(names, candidates)) {
    if (fails(p, values)) return values;
    if (++tried > scanLength) break;
  }
  // One symbol moves, the others stay at their first candidates.
  for (const moving of names) {
    for (let choice = 0; choice < 3; choice++) {
      const held = new Map(names.map((name, i) => [name, candidates[i][Math.min(choice, candidates[i].length - 1)]]));
      const found = searchMoving(p, moving, held, ranges);
      if (found) return found;
    }
  }
  return null;
}

function searchMoving(p: Predicate, moving: string, held: Map<string, number>, ranges: Ranges): Values | null {
  const { multipleOf: step } = rangeOf(moving, ranges);
  const { min, max } = valueInterval(rangeOf(moving, ranges));
  const start = Number.isFinite(min) ? min : held.get(moving)!;
  for (let i = 0; i < scanLength / 4 && start + i * step <= max; i++) {
    held.set(moving, start + i * step);
    if (fails(p, held)) return new Map(held);
  }
  let fixed: Ranges = ranges;
  for (const [name, value] of held) if (name !== moving) fixed = withBounds(fixed, name, value, value);
  for (let distance = 1; distance < horizon; distance *= 2) {
    const value = start + distance * step;
    if (value > max) break;
    held.set(moving, value);
    if (fails(p, held)) return new Map(held);
  }
  return null;
}

/** A few values of a range, the most telling first: near the sample, the ends, some in between. */
function candidateValues(range: DimRange, near: number | undefined): number[] {
  const { min, max } = valueInterval(range);
  const step = range.multipleOf;
  const low = Number.isFinite(min) ? min : Math.max(-1000 * step, -horizon);
  const high = Number.isFinite(max) ? max : Math.max(low, 0) + 1024 * step;
  const around = near === undefined ? [] : [near, near + step, near - step, near + 2 * step];
  const middle = low + Math.floor((high - low) / (2 * step)) * step;
  const all = [...around, low, low + step, high, low + 2 * step, high - step, middle, middle + step, low + 3 * step];
  return [...new Set(all)].filter((value) => value >= min && value <= max);
}

function* assignments(names: readonly string[], candidates: readonly number[][]): Generator<Values> {
  if (candidates.some((values) => values.length === 0)) return;
  const indices = names.map(() => 0);
  for (;;) {
    yield new Map(names.map((name, i) => [name, candidates[i][indices[i]]]));
    let axis = 0;
    while (axis < names.length && ++indices[axis] === candidates[axis].length) indices[axis++] = 0;
    if (axis === names.length) return;
  }
}
