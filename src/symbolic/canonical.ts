/**
 * @file Integer expressions in canonical form: a polynomial is a sum of coefficient × sorted product of atoms, where an
 * atom is a symbol, a floor division, a remainder, a minimum or a maximum. Two expressions are equal if their keys are.
 */

import { TnError } from '../core/errors.ts';

/** What a product is made of. `key` is the atom's text. */
export type Atom = SymbolAtom | QuotientAtom | ExtremeAtom;

export interface SymbolAtom {
  readonly kind: 'symbol';
  readonly name: string;
  readonly key: string;
}

/** `floordiv(left, right)` or `mod(left, right)`, both with floor semantics. */
export interface QuotientAtom {
  readonly kind: 'floordiv' | 'mod';
  readonly left: Expr;
  readonly right: Expr;
  readonly key: string;
}

/** `min(...args)` or `max(...args)`, at least two arguments, sorted, none of them the same kind again. */
export interface ExtremeAtom {
  readonly kind: 'min' | 'max';
  readonly args: readonly Expr[];
  readonly key: string;
}

export function isExtreme(atom: Atom): atom is ExtremeAtom {
  return atom.kind === 'min' || atom.kind === 'max';
}

/** `coefficient * factors[0] * factors[1] * …`; no factors: a constant. */
export interface Term {
  readonly coefficient: number;
  /** Sorted by key; a power is a repetition. */
  readonly factors: readonly Atom[];
  /** The product's text without the coefficient; empty for a constant. */
  readonly key: string;
}

/** An immutable integer expression. Build it with the functions of `expr.ts`, never with `new`. */
export class Expr {
  /** No zero coefficients, no two terms of one key; highest degree first, then by key, the constant last. */
  readonly terms: readonly Term[];
  /** Canonical text: `a.key === b.key` is equality of canonical forms. */
  readonly key: string;

  constructor(terms: readonly Term[]) {
    this.terms = terms;
    this.key = printTerms(terms);
  }

  toString(): string {
    return this.key;
  }
}

/** Throws when a number cannot be held exactly (beyond 2^53). */
export function checkedInteger(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new TnError({
      what: Number.isInteger(value) ? 'A size expression overflows.' : 'A size must be an integer.',
      found: [`found ${value}`],
      fix: 'sizes and their products must be integers below 2^53 in magnitude',
    });
  }
  return value === 0 ? 0 : value;
}

const zero = new Expr([]);

/** The constant `n`. Throws TnError if it is not a safe integer. */
export function int(n: number): Expr {
  const value = checkedInteger(n);
  return value === 0 ? zero : new Expr([{ coefficient: value, factors: [], key: '' }]);
}

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

export function isIdentifier(name: string): boolean {
  return identifier.test(name);
}

/** A symbol; its name must be an identifier. */
export function symbol(name: string): Expr {
  if (!isIdentifier(name)) {
    throw new TnError({
      what: `"${name}" is not a name for a symbol.`,
      fix: 'use an identifier, such as n or batch_size',
    });
  }
  return fromAtom({ kind: 'symbol', name, key: name });
}

export function fromAtom(atom: Atom): Expr {
  return new Expr([{ coefficient: 1, factors: [atom], key: atom.key }]);
}

/** The value of a constant expression, else null. */
export function constValue(e: Expr): number | null {
  if (e.terms.length === 0) return 0;
  if (e.terms.length === 1 && e.terms[0].factors.length === 0) return e.terms[0].coefficient;
  return null;
}

/** The term without factors, 0 if there is none. */
export function constantPart(e: Expr): number {
  const last = e.terms.at(-1);
  return last !== undefined && last.factors.length === 0 ? last.coefficient : 0;
}

/** The only atom of `1 * atom`, else null. */
export function soleAtom(e: Expr): Atom | null {
  if (e.terms.length !== 1) return null;
  const [term] = e.terms;
  return term.coefficient === 1 && term.factors.length === 1 ? term.factors[0] : null;
}

export function add(a: Expr, b: Expr): Expr {
  return fromTerms([...a.terms, ...b.terms]);
}

export function sub(a: Expr, b: Expr): Expr {
  return add(a, neg(b));
}

export function neg(a: Expr): Expr {
  return scale(a, -1);
}

/** `a * factor` for an integer. */
export function scale(a: Expr, factor: number): Expr {
  if (factor === 0) return zero;
  if (factor === 1) return a;
  return new Expr(a.terms.map((term) => withCoefficient(term, checkedInteger(term.coefficient * factor))));
}

export function mul(a: Expr, b: Expr): Expr {
  const left = constValue(a);
  if (left !== null) return scale(b, left);
  const right = constValue(b);
  if (right !== null) return scale(a, right);
  const products: Term[] = [];
  for (const x of a.terms) for (const y of b.terms) products.push(multiplyTerms(x, y));
  return fromTerms(products);
}

export function withCoefficient(term: Term, coefficient: number): Term {
  return { coefficient, factors: term.factors, key: term.key };
}

/** A term of given factors, in any order. */
export function makeTerm(coefficient: number, factors: readonly Atom[]): Term {
  const sorted = [...factors].sort((a, b) => compareText(a.key, b.key));
  return { coefficient, factors: sorted, key: sorted.map((atom) => atom.key).join('*') };
}

function multiplyTerms(x: Term, y: Term): Term {
  const coefficient = checkedInteger(x.coefficient * y.coefficient);
  if (x.factors.length === 0) return withCoefficient(y, coefficient);
  if (y.factors.length === 0) return withCoefficient(x, coefficient);
  return makeTerm(coefficient, [...x.factors, ...y.factors]);
}

/** The sum of terms: like terms collected, quotient and remainder recombined, sorted. */
export function fromTerms(terms: readonly Term[]): Expr {
  const collected = new Map<string, Term>();
  for (const term of terms) {
    const seen = collected.get(term.key);
    if (seen === undefined) {
      collected.set(term.key, term);
      continue;
    }
    const coefficient = checkedInteger(seen.coefficient + term.coefficient);
    if (coefficient === 0) collected.delete(term.key);
    else collected.set(term.key, withCoefficient(term, coefficient));
  }
  const kept = [...collected.values()].filter((term) => term.coefficient !== 0);
  return recombine(kept) ?? new Expr(kept.sort(compareTerms));
}

/**
 * `q*c*floordiv(x, c) + q*mod(x, c)` is `q*x`. Done when the first coefficient holds the second one whole, so that a sum
 * built up step by step ends the same whatever the order. Returns null if no pair is found.
 */
function recombine(terms: readonly Term[]): Expr | null {
  for (const remainder of terms) {
    for (const atom of remainder.factors) {
      if (atom.kind !== 'mod') continue;
      const divisor = constValue(atom.right);
      if (divisor === null) continue;
      const rest = without(remainder, atom);
      for (const quotient of terms) {
        const merged = mergePair(remainder, atom.left, quotient, rest, divisor);
        if (merged === null) continue;
        const others = terms.filter((term) => term !== remainder && term !== quotient);
        return fromTerms([...others, ...merged]);
      }
    }
  }
  return null;
}

function mergePair(remainder: Term, y: Expr, quotient: Term, rest: Term, divisor: number): Term[] | null {
  for (const atom of quotient.factors) {
    if (atom.kind !== 'floordiv' || constValue(atom.right) !== divisor) continue;
    if (without(quotient, atom).key !== rest.key) continue;
    const x = atom.left;
    // floordiv(x, c) is a multiple of c away from floordiv(y, c), or from -floordiv(y, c), when x = y or x = c-1-y modulo c.
    const same = divides(divisor, sub(x, y));
    const mirrored = !same && divides(divisor, add(add(x, y), int(1)));
    if (!same && !mirrored) continue;
    const needed = remainder.coefficient * divisor * (same ? 1 : -1);
    if (quotient.coefficient / needed < 1) continue;
    const value = same ? x : sub(int(divisor - 1), x);
    const merged = mul(value, new Expr([withCoefficient(rest, remainder.coefficient)]));
    const left = quotient.coefficient - needed;
    return left === 0 ? [...merged.terms] : [...merged.terms, withCoefficient(quotient, left)];
  }
  return null;
}

/** The term without one factor, coefficient 1. */
function without(term: Term, atom: Atom): Term {
  const index = term.factors.indexOf(atom);
  return makeTerm(
    1,
    term.factors.filter((_, i) => i !== index),
  );
}

/** Whether every coefficient of `e` is a multiple of `n`. */
export function divides(n: number, e: Expr): boolean {
  return e.terms.every((term) => term.coefficient % n === 0);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareTerms(a: Term, b: Term): number {
  return b.factors.length - a.factors.length || compareText(a.key, b.key);
}

/** Text of a sum, `2*n + 1`. A sum does not begin with a minus when one of its terms is positive: `448 - n`. */
function printTerms(terms: readonly Term[]): string {
  if (terms.length === 0) return '0';
  let order = terms;
  if (terms[0].coefficient < 0) {
    const positive = terms.find((term) => term.coefficient > 0);
    if (positive) order = [positive, ...terms.filter((term) => term !== positive)];
  }
  let text = '';
  for (const term of order) {
    const negative = term.coefficient < 0;
    const sign = text === '' ? (negative ? '-' : '') : negative ? ' - ' : ' + ';
    const size = Math.abs(term.coefficient);
    text += sign + (term.key === '' ? `${size}` : size === 1 ? term.key : `${size}*${term.key}`);
  }
  return text;
}
