/**
 * @file Bounds of an expression whose symbols occur more than once, where interval arithmetic is loose: small domains
 * are walked, the others bounded by Horner's form and by replacing a division, remainder, minimum or maximum by a linear
 * expression that it never passes.
 */

import { type Atom, add, constValue, type Expr, fromTerms, int, makeTerm, neg, scale, type Term } from './canonical.ts';
import { floorQuotient } from './divide.ts';
import { domainPoints, domainSize, type Interval, type Ranges, rangeOf, valueInterval } from './domain.ts';
import { intervalOf, outward, product } from './interval.ts';
import { evaluate, freeSymbols, partsOf } from './traverse.ts';

/** Domains up to this size are walked. */
const walkLimit = 512;
/** How many replacements in a row are tried. */
const depth = 3;

/**
 * Sound bounds of `e` over the ranges (infinite where unbounded). Exact when each symbol occurs once and no
 * remainder does, and when there are few assignments in all.
 */
export function boundsOf(e: Expr, ranges: Ranges): Interval {
  const value = constValue(e);
  if (value !== null) return { min: value, max: value };
  const plain = intervalOf(e, ranges);
  const names = freeSymbols(e);
  if (plain.min === plain.max || (occurrences(e) === names.size && !hasRemainder(e))) return plain;
  if (domainSize(names, ranges) <= walkLimit) return walk(e, names, ranges) ?? plain;
  return { min: lower(e, ranges, depth), max: -lower(neg(e), ranges, depth) + 0 };
}

/** How often symbols occur in `e`, counting repetitions. */
function occurrences(e: Expr): number {
  let count = 0;
  for (const term of e.terms) {
    for (const atom of term.factors) {
      if (atom.kind === 'symbol') count++;
      else for (const part of partsOf(atom)) count += occurrences(part);
    }
  }
  return count;
}

/** Remainders jump, so their least and greatest value need not be at the ends of a range. */
function hasRemainder(e: Expr): boolean {
  return e.terms.some((term) => term.factors.some((atom) => atom.kind === 'mod' || partsOf(atom).some(hasRemainder)));
}

/** Least and greatest value over the whole domain; null if a value cannot be computed or the domain is empty. */
function walk(e: Expr, names: ReadonlySet<string>, ranges: Ranges): Interval | null {
  let min = Infinity;
  let max = -Infinity;
  try {
    for (const point of domainPoints(names, ranges)) {
      const value = evaluate(e, point);
      if (value < min) min = value;
      if (value > max) max = value;
    }
  } catch {
    return null;
  }
  return min > max ? null : { min, max };
}

/** A sound lower bound. */
function lower(e: Expr, ranges: Ranges, fuel: number): number {
  let best = intervalOf(e, ranges).min;
  if (fuel === 0 || occurrences(e) === freeSymbols(e).size) return best;
  best = Math.max(best, hornerLower(e, ranges, fuel));
  for (const term of e.terms) {
    if (term.factors.length !== 1 || term.factors[0].kind === 'symbol') continue;
    best = Math.max(best, relaxedLower(e, term, term.factors[0], ranges, fuel));
  }
  return best;
}

/** `s*A + B` bounded part by part, for a symbol that several terms share (`n*n - n` is `n*(n - 1)`). */
function hornerLower(e: Expr, ranges: Ranges, fuel: number): number {
  let best = -Infinity;
  for (const name of freeSymbols(e)) {
    const inside: Term[] = [];
    const outside: Term[] = [];
    for (const term of e.terms) {
      const at = term.factors.findIndex((atom) => atom.kind === 'symbol' && atom.name === name);
      if (at < 0) outside.push(term);
      else inside.push(makeTerm(term.coefficient, term.factors.toSpliced(at, 1)));
    }
    if (inside.length < 2) continue;
    const factor = fromTerms(inside);
    const bounds = { min: lower(factor, ranges, fuel - 1), max: -lower(neg(factor), ranges, fuel - 1) };
    const scaled = product(valueInterval(rangeOf(name, ranges)), bounds).min;
    best = Math.max(best, outward(scaled + lower(fromTerms(outside), ranges, fuel - 1), Infinity).min);
  }
  return best;
}

/** The best bound from replacing `coefficient * atom` in `e` by something that is never greater. */
function relaxedLower(e: Expr, term: Term, atom: Atom, ranges: Ranges, fuel: number): number {
  const q = term.coefficient;
  const rest = fromTerms(e.terms.filter((other) => other !== term));
  const bound = (replacement: Expr) => lower(add(rest, replacement), ranges, fuel - 1);
  try {
    switch (atom.kind) {
      case 'symbol':
        return -Infinity;
      case 'floordiv': {
        // (x - (c - 1)) / c <= floor(x / c) <= x / c, all multiplied by c
        const c = constValue(atom.right);
        if (c === null) return -Infinity;
        const numerator = q > 0 ? add(atom.left, int(1 - c)) : atom.left;
        return ceilQuotient(lower(add(scale(rest, c), scale(numerator, q)), ranges, fuel - 1), c);
      }
      case 'mod':
        // mod(x, c) <= x for x >= 0
        return q < 0 && intervalOf(atom.left, ranges).min >= 0 ? bound(scale(atom.left, q)) : -Infinity;
      case 'min':
      case 'max': {
        const each = atom.args.map((arg) => bound(scale(arg, q)));
        // Any argument bounds the term from below, or else: the term equals one of them.
        const any = (atom.kind === 'min') === q < 0;
        return any ? Math.max(...each) : Math.min(...each);
      }
    }
  } catch {
    // A coefficient left the safe integers: no bound from here.
    return -Infinity;
  }
}

function ceilQuotient(value: number, divisor: number): number {
  return Number.isFinite(value) ? -floorQuotient(-value, divisor) + 0 : value;
}
