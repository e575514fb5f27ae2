/** @file Floor division and remainder in canonical form: what divides is pulled out, what cancels is cancelled. */

import { TnError } from '../core/errors.ts';
import {
  type Atom,
  add,
  checkedInteger,
  constantPart,
  constValue,
  divides,
  Expr,
  fromAtom,
  fromTerms,
  int,
  makeTerm,
  mul,
  neg,
  scale,
  soleAtom,
  sub,
  type Term,
  withCoefficient,
} from './canonical.ts';

/**
 * `floor(a / b)`, as Python's `//`. A symbolic divisor is taken to be nonzero.
 * Throws TnError for the constant divisor 0.
 */
export function floorDiv(a: Expr, b: Expr): Expr {
  const divisor = constValue(b);
  if (divisor === null) return floorDivBySymbolic(a, b);
  refuseZero(a, divisor);
  if (divisor < 0) return floorDiv(neg(a), int(-divisor));
  return floorDivByConstant(a, divisor);
}

/** `a - b * floor(a / b)`, as Python's `%`: the sign is the divisor's. Throws TnError for the constant divisor 0. */
export function mod(a: Expr, b: Expr): Expr {
  const divisor = constValue(b);
  if (divisor === null) return modBySymbolic(a, b);
  refuseZero(a, divisor);
  if (divisor < 0) return neg(mod(neg(a), int(-divisor)));
  return modByConstant(a, divisor);
}

function refuseZero(a: Expr, divisor: number): void {
  if (divisor === 0) throw new TnError({ what: 'A size is divided by zero.', found: [`${a.key} / 0`] });
}

function quotientAtom(kind: 'floordiv' | 'mod', left: Expr, right: Expr): Expr {
  return fromAtom({ kind, left, right, key: `${kind}(${left.key}, ${right.key})` });
}

function floorDivByConstant(a: Expr, c: number): Expr {
  if (c === 1) return a;
  const { quotient, remainder } = splitByConstant(a, c);
  if (constValue(remainder) !== null) return quotient;
  const common = contentWithoutConstant(remainder, c);
  if (common > 1) return add(quotient, floorDivByConstant(shrink(remainder, common), c / common));
  const cancelled = cancelRemainders(remainder, c);
  if (cancelled !== null) return add(quotient, floorDivByConstant(cancelled, c));
  if (remainder.terms[0].coefficient < 0) {
    // floor(-y / c) = -floor((y + c - 1) / c): one of the two signs is kept, so that equal quotients get equal keys.
    return sub(quotient, floorDivByConstant(add(neg(remainder), int(c - 1)), c));
  }
  const fixed = remainderInterval(remainder);
  if (fixed !== null && Math.floor(fixed.min / c) === Math.floor(fixed.max / c)) {
    return add(quotient, int(Math.floor(fixed.min / c)));
  }
  const nested = soleAtom(sub(remainder, int(constantPart(remainder))));
  if (nested !== null && nested.kind === 'floordiv') {
    const inner = constValue(nested.right);
    if (inner !== null) {
      // floor((floor(x / d) + k) / c) = floor((x + k*d) / (c*d))
      const shifted = add(nested.left, int(checkedInteger(constantPart(remainder) * inner)));
      return add(quotient, floorDivByConstant(shifted, checkedInteger(c * inner)));
    }
  }
  return add(quotient, quotientAtom('floordiv', remainder, int(c)));
}

/** `a = c * quotient + remainder`, exactly divisible terms in the quotient, the remainder's constant in [0, c). */
function splitByConstant(a: Expr, c: number): { quotient: Expr; remainder: Expr } {
  const quotient: Term[] = [];
  const remainder: Term[] = [];
  for (const term of a.terms) {
    if (term.coefficient % c === 0) quotient.push(withCoefficient(term, term.coefficient / c));
    else if (term.factors.length > 0) remainder.push(term);
    else {
      const floor = Math.floor(term.coefficient / c);
      if (floor !== 0) quotient.push(withCoefficient(term, floor));
      remainder.push(withCoefficient(term, term.coefficient - floor * c));
    }
  }
  return { quotient: fromTerms(quotient), remainder: fromTerms(remainder) };
}

/** Greatest common divisor of `seed` and all coefficients but the constant's. */
function contentWithoutConstant(e: Expr, seed: number): number {
  let divisor = seed;
  for (const term of e.terms) if (term.factors.length > 0) divisor = gcd(divisor, term.coefficient);
  return divisor;
}

/** Coefficients divided by `divisor`, the constant rounded down. */
function shrink(e: Expr, divisor: number): Expr {
  return fromTerms(e.terms.map((term) => withCoefficient(term, Math.floor(term.coefficient / divisor))));
}

/**
 * In a division by `c`, `q*mod(y, d)` with `q*d` a multiple of `c` is `q*y` less a multiple of `c`. Taken when `q*y`
 * cancels against the other terms (`n + mod(-n, c)`, padding to a multiple); null otherwise.
 */
function cancelRemainders(e: Expr, c: number): Expr | null {
  for (const term of e.terms) {
    if (term.factors.length !== 1) continue;
    const [atom] = term.factors;
    if (atom.kind !== 'mod') continue;
    const d = constValue(atom.right);
    if (d === null || (term.coefficient * d) % c !== 0) continue;
    const others = fromTerms(e.terms.filter((other) => other !== term));
    const replaced = add(others, scale(atom.left, term.coefficient));
    if (replaced.terms.length >= others.terms.length + atom.left.terms.length) continue;
    const multiple = scale(floorDiv(atom.left, atom.right), checkedInteger(term.coefficient * d));
    return sub(replaced, multiple);
  }
  return null;
}

/** Bounds of a sum whose only atoms are linear remainders by constants, which need no ranges; else null. */
function remainderInterval(e: Expr): { min: number; max: number } | null {
  let min = 0;
  let max = 0;
  for (const { coefficient, factors } of e.terms) {
    if (factors.length === 0) {
      min += coefficient;
      max += coefficient;
      continue;
    }
    const [atom] = factors;
    if (factors.length > 1 || atom.kind !== 'mod') return null;
    const d = constValue(atom.right);
    if (d === null) return null;
    if (coefficient > 0) max += coefficient * (d - 1);
    else min += coefficient * (d - 1);
  }
  return { min, max };
}

function modByConstant(a: Expr, c: number): Expr {
  if (c === 1) return int(0);
  const reduced = reduceModulo(a, c);
  const value = constValue(reduced);
  if (value !== null) return int(floorMod(value, c));
  const common = contentWithoutConstant(reduced, c);
  if (common > 1) {
    const constant = constantPart(reduced);
    const scaled = scale(modByConstant(shrink(reduced, common), c / common), common);
    return add(scaled, int(floorMod(constant, common)));
  }
  const fixed = remainderInterval(reduced);
  if (fixed !== null && fixed.min >= 0 && fixed.max < c) return reduced;
  return quotientAtom('mod', reduced, int(c));
}

/** A representative modulo `c`: coefficients in (-c/2, c/2], the constant in [0, c), remainders of remainders undone. */
function reduceModulo(a: Expr, c: number): Expr {
  let current = a;
  for (;;) {
    const terms: Term[] = [];
    let undone = false;
    for (const term of current.terms) {
      const { factors } = term;
      const [atom] = factors;
      if (factors.length === 1 && atom.kind === 'mod') {
        const d = constValue(atom.right);
        const settled = current.terms.length === 1 && term.coefficient === 1 && d === c;
        if (d !== null && (term.coefficient * d) % c === 0 && !settled) {
          terms.push(...scale(atom.left, term.coefficient).terms);
          undone = true;
          continue;
        }
      }
      let coefficient = floorMod(term.coefficient, c);
      if (factors.length > 0 && coefficient * 2 > c) coefficient -= c;
      if (coefficient !== 0) terms.push(withCoefficient(term, coefficient));
    }
    const next = fromTerms(terms);
    if (!undone && next.key === current.key) return current;
    current = next;
  }
}

function floorDivBySymbolic(a: Expr, b: Expr): Expr {
  const { quotient, remainder } = dividePolynomials(a, b);
  if (remainder.terms.length === 0) return quotient;
  const common = gcd(content(remainder), content(b));
  const left = common > 1 ? shrink(remainder, common) : remainder;
  const right = common > 1 ? shrink(b, common) : b;
  if (constValue(right) !== null) return add(quotient, floorDiv(left, right));
  return add(quotient, quotientAtom('floordiv', left, right));
}

function modBySymbolic(a: Expr, b: Expr): Expr {
  const { remainder } = dividePolynomials(a, b);
  if (remainder.terms.length === 0) return remainder;
  const common = gcd(content(remainder), content(b));
  if (common === 1) return quotientAtom('mod', remainder, b);
  return scale(mod(shrink(remainder, common), shrink(b, common)), common);
}

/**
 * `a = b * quotient + remainder`. By a single term: every term that it divides. By a sum: long division, kept only when
 * nothing remains (a partial quotient of sums would be neither shorter nor unique).
 */
function dividePolynomials(a: Expr, b: Expr): { quotient: Expr; remainder: Expr } {
  if (b.terms.length === 1) {
    const quotient: Term[] = [];
    const remainder: Term[] = [];
    for (const term of a.terms) {
      const exact = divideTerm(term, b.terms[0]);
      if (exact) quotient.push(exact);
      else remainder.push(term);
    }
    return { quotient: fromTerms(quotient), remainder: fromTerms(remainder) };
  }
  const lead = b.terms[0];
  let rest = a;
  let quotient = int(0);
  for (let step = 0; step < 32 && rest.terms.length > 0; step++) {
    const exact = divideTerm(rest.terms[0], lead);
    if (exact === null) break;
    const part = new Expr([exact]);
    quotient = add(quotient, part);
    rest = sub(rest, mul(part, b));
  }
  return rest.terms.length === 0 ? { quotient, remainder: rest } : { quotient: int(0), remainder: a };
}

/** `a / b` when that is a term with an integer coefficient, else null. */
function divideTerm(a: Term, b: Term): Term | null {
  if (a.coefficient % b.coefficient !== 0) return null;
  const left: Atom[] = [...a.factors];
  for (const atom of b.factors) {
    const index = left.findIndex((other) => other.key === atom.key);
    if (index < 0) return null;
    left.splice(index, 1);
  }
  return makeTerm(a.coefficient / b.coefficient, left);
}

/** Greatest common divisor of all coefficients; 0 for the zero expression. */
export function content(e: Expr): number {
  let divisor = 0;
  for (const term of e.terms) divisor = gcd(divisor, term.coefficient);
  return divisor;
}

/** Non-negative; gcd(0, n) is |n|. */
export function gcd(a: number, b: number): number {
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Remainder with the sign of the divisor. */
export function floorMod(a: number, b: number): number {
  const remainder = a % b;
  if (remainder === 0) return 0;
  return remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** Exact floor of a quotient of safe integers (`Math.floor(a / b)` may round up for large ones). */
export function floorQuotient(a: number, b: number): number {
  return (a - floorMod(a, b)) / b;
}

/** Whether `b * floorDiv(a, b)` is `a` whatever the values. */
export function dividesExactly(a: Expr, b: Expr): boolean {
  const divisor = constValue(b);
  if (divisor !== null && divisor !== 0) return divides(divisor, a);
  return dividePolynomials(a, b).remainder.terms.length === 0;
}
