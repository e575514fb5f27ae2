/** @file Walks over expressions: their symbols, their value, and the same expression over other symbols. */

import { TnError } from '../core/errors.ts';
import { type Atom, add, checkedInteger, type Expr, fromAtom, int, isExtreme, mul, symbol } from './canonical.ts';
import { floorDiv, floorMod, floorQuotient, mod } from './divide.ts';
import { extreme } from './extremes.ts';

const symbolsOf = new WeakMap<Expr, ReadonlySet<string>>();

/** The names of the symbols in `e`. */
export function freeSymbols(e: Expr): ReadonlySet<string> {
  const known = symbolsOf.get(e);
  if (known) return known;
  const names = new Set<string>();
  for (const term of e.terms) {
    for (const atom of term.factors) {
      if (atom.kind === 'symbol') names.add(atom.name);
      else for (const part of partsOf(atom)) for (const name of freeSymbols(part)) names.add(name);
    }
  }
  symbolsOf.set(e, names);
  return names;
}

/** The expressions inside an atom. */
export function partsOf(atom: Atom): readonly Expr[] {
  if (atom.kind === 'symbol') return [];
  return isExtreme(atom) ? atom.args : [atom.left, atom.right];
}

/**
 * The value of `e`. Throws TnError when a symbol has no value, a divisor is zero or a step leaves the safe integers.
 */
export function evaluate(e: Expr, values: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const term of e.terms) {
    let product = term.coefficient;
    for (const atom of term.factors) product = checkedInteger(product * evaluateAtom(atom, values));
    total = checkedInteger(total + product);
  }
  return total;
}

function evaluateAtom(atom: Atom, values: ReadonlyMap<string, number>): number {
  switch (atom.kind) {
    case 'symbol': {
      const value = values.get(atom.name);
      if (value === undefined) {
        throw new TnError({
          what: `Dim \`${atom.name}\` has no value.`,
          found: [`known: ${[...values.keys()].join(', ') || 'none'}`],
        });
      }
      return value;
    }
    case 'floordiv':
    case 'mod': {
      const left = evaluate(atom.left, values);
      const right = evaluate(atom.right, values);
      if (right === 0)
        throw new TnError({ what: 'A size is divided by zero.', found: [`${atom.key} with ${atom.right.key} = 0`] });
      return atom.kind === 'floordiv' ? floorQuotient(left, right) : floorMod(left, right);
    }
    case 'min':
      return Math.min(...atom.args.map((arg) => evaluate(arg, values)));
    case 'max':
      return Math.max(...atom.args.map((arg) => evaluate(arg, values)));
  }
}

/** `e` with some symbols replaced, all at once. */
export function substitute(e: Expr, replacements: ReadonlyMap<string, Expr>): Expr {
  return mapAtoms(e, (atom) => {
    if (atom.kind === 'symbol') return replacements.get(atom.name) ?? symbol(atom.name);
    return rebuildAtom(
      atom,
      partsOf(atom).map((part) => substitute(part, replacements)),
    );
  });
}

/** `e` with each atom replaced by an expression, multiplied and added up again. */
export function mapAtoms(e: Expr, replace: (atom: Atom) => Expr): Expr {
  let total = int(0);
  for (const term of e.terms) {
    let product = int(term.coefficient);
    for (const atom of term.factors) product = mul(product, replace(atom));
    total = add(total, product);
  }
  return total;
}

/** The atom's operation on other operands. */
export function rebuildAtom(atom: Atom, parts: readonly Expr[]): Expr {
  switch (atom.kind) {
    case 'symbol':
      return fromAtom(atom);
    case 'floordiv':
      return floorDiv(parts[0], parts[1]);
    case 'mod':
      return mod(parts[0], parts[1]);
    case 'min':
    case 'max':
      return extreme(atom.kind, parts);
  }
}

/** Whether `e` is a polynomial of symbols alone. */
export function isPolynomial(e: Expr): boolean {
  return e.terms.every((term) => term.factors.every((atom) => atom.kind === 'symbol'));
}
