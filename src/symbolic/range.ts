/** @file What the ranges of the symbols say about an expression: bounds, divisibility, a simpler form. */

import { boundsOf } from './bounds.ts';
import {
  type Atom,
  add,
  constValue,
  divides,
  type Expr,
  fromTerms,
  int,
  isExtreme,
  makeTerm,
  mul,
  type QuotientAtom,
  scale,
  soleAtom,
  sub,
  type Term,
} from './canonical.ts';
import { floorDiv, floorQuotient, gcd, mod } from './divide.ts';
import type { Ranges } from './domain.ts';
import { extreme } from './extremes.ts';
import { multipleOf } from './interval.ts';
import { alwaysZero } from './periodic.ts';
import type { Predicate } from './relation.ts';
import { isPolynomial, mapAtoms, partsOf, rebuildAtom } from './traverse.ts';

export { boundsOf } from './bounds.ts';
export type { DimRange, Interval, Ranges } from './domain.ts';

/** Whether every value of `e` is a multiple of `k`. True is certain; false may mean unknown. Throws for k = 0. */
export function isMultipleOf(e: Expr, k: number, ranges: Ranges): boolean {
  if (multipleOf(e, ranges) % k === 0) return true;
  const remainder = mod(e, int(Math.abs(k)));
  const value = constValue(remainder);
  return value !== null ? value === 0 : alwaysZero(remainder, ranges);
}

/**
 * `e` with everything decided that the ranges decide: exact divisions, remainders that are 0, minima and maxima with a
 * known winner. Equal to `e` for all values in range.
 */
export function simplify(e: Expr, ranges: Ranges): Expr {
  if (isPolynomial(e)) return e;
  const rebuilt = mapAtoms(e, (atom) => simplifyAtom(atom, ranges));
  return multiplyOut(rebuilt, (x, c) => isMultipleOf(x, c, ranges));
}

/** `e` with divisions multiplied out that known predicates `x % c == 0` show to be exact. */
export function simplifyExactDivisions(e: Expr, known: Iterable<{ readonly predicate: Predicate }>): Expr {
  const exact: QuotientAtom[] = [];
  for (const { predicate } of known) {
    const atom = predicate.op === 'eq' && constValue(predicate.right) === 0 ? soleAtom(predicate.left) : null;
    if (atom?.kind === 'mod') exact.push(atom);
  }
  if (exact.length === 0) return e;
  return multiplyOut(e, (x, c) =>
    exact.some((atom) => {
      const divisor = constValue(atom.right);
      // c divides x if it divides the known multiple, and x is that modulo c, up to sign.
      if (divisor === null || divisor % c !== 0) return false;
      return divides(c, sub(x, atom.left)) || divides(c, add(x, atom.left));
    }),
  );
}

function simplifyAtom(atom: Atom, ranges: Ranges): Expr {
  const rebuilt = rebuildAtom(
    atom,
    partsOf(atom).map((part) => simplify(part, ranges)),
  );
  return mapAtoms(rebuilt, (inner) => {
    if (inner.kind === 'symbol') return rebuildAtom(inner, []);
    if (isExtreme(inner)) return extreme(inner.kind, undominated(inner.kind, inner.args, ranges));
    return simplifyQuotient(inner, ranges);
  });
}

function simplifyQuotient(atom: QuotientAtom, ranges: Ranges): Expr {
  const { left: x, right: divisor } = atom;
  const isDivision = atom.kind === 'floordiv';
  const same = () => rebuildAtom(atom, [x, divisor]);
  const c = constValue(divisor);
  if (c === null) {
    const below = boundsOf(x, ranges).min >= 0 && boundsOf(sub(divisor, x), ranges).min > 0;
    return below ? (isDivision ? int(0) : x) : same();
  }
  const { min, max } = boundsOf(x, ranges);
  if (Number.isFinite(min) && Number.isFinite(max) && floorQuotient(min, c) === floorQuotient(max, c)) {
    const quotient = int(floorQuotient(min, c));
    return isDivision ? quotient : sub(x, scale(quotient, c));
  }
  if (!isDivision && isMultipleOf(x, c, ranges)) return int(0);
  // Terms that c divides leave the division; the others stay together.
  const exact = x.terms.filter((term) => multipleOf(fromTerms([term]), ranges) % c === 0);
  if (exact.length === 0 || exact.length === x.terms.length) return same();
  const others = fromTerms(x.terms.filter((term) => !exact.includes(term)));
  if (!isDivision) return simplify(mod(others, divisor), ranges);
  return exact.reduce(
    (sum, term) => add(sum, floorDiv(fromTerms([term]), divisor)),
    simplify(floorDiv(others, divisor), ranges),
  );
}

/** The arguments that are not always beaten by another one. */
function undominated(kind: 'min' | 'max', args: readonly Expr[], ranges: Ranges): Expr[] {
  const kept: Expr[] = [...args];
  for (let i = 0; i < kept.length && kept.length > 1; ) {
    const beaten = kept.some((other, j) => {
      if (i === j) return false;
      const lead = kind === 'min' ? sub(kept[i], other) : sub(other, kept[i]);
      return boundsOf(lead, ranges).min >= 0;
    });
    if (beaten) kept.splice(i, 1);
    else i++;
  }
  return kept;
}

/** `4*floordiv(n, 4)` is `n` where `n` is a multiple of 4, and `2*floordiv(n, 4)` is `floordiv(n, 2)`. */
function multiplyOut(e: Expr, isExact: (x: Expr, c: number) => boolean): Expr {
  let total = int(0);
  for (const term of e.terms) total = add(total, multiplyOutTerm(term, isExact));
  return total;
}

function multiplyOutTerm(term: Term, isExact: (x: Expr, c: number) => boolean): Expr {
  for (const atom of term.factors) {
    if (atom.kind !== 'floordiv') continue;
    const c = constValue(atom.right);
    if (c === null) continue;
    const common = gcd(term.coefficient, c);
    if (common === 1 || !isExact(atom.left, c)) continue;
    const others = makeTerm(term.coefficient / common, term.factors.toSpliced(term.factors.indexOf(atom), 1));
    return multiplyOut(mul(fromTerms([others]), floorDiv(atom.left, int(c / common))), isExact);
  }
  return fromTerms([term]);
}
