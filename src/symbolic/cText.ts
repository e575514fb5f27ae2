/** @file Expressions as C: int64_t arithmetic, with helpers where C's truncating division would differ from floor. */

import { type Atom, constValue, type Expr, type Term } from './canonical.ts';
import { boundsOf, type Ranges } from './range.ts';

const noRanges: Ranges = new Map();

/**
 * C text of `e` in int64_t arithmetic; `nameOf` gives the C expression of a symbol (an int64_t). Uses `tn_min(a, b)`,
 * `tn_max(a, b)`, and `tn_floordiv(a, b)`, `tn_floormod(a, b)` where `ranges` do not prove plain `/` and `%` the same.
 */
export function exprToC(e: Expr, nameOf: (symbol: string) => string, ranges: Ranges = noRanges): string {
  if (e.terms.length === 0) return '0';
  const lead = e.terms.find((term) => term.coefficient > 0) ?? e.terms[0];
  const order = [lead, ...e.terms.filter((term) => term !== lead)];
  let text = '';
  for (const term of order) {
    const negative = term.coefficient < 0;
    text += text === '' ? (negative ? '-' : '') : negative ? ' - ' : ' + ';
    text += termToC(term, nameOf, ranges);
  }
  return text;
}

function termToC(term: Term, nameOf: (symbol: string) => string, ranges: Ranges): string {
  const size = Math.abs(term.coefficient);
  const factors = term.factors.map((atom) => atomToC(atom, nameOf, ranges, term.factors.length > 1 || size !== 1));
  if (size !== 1 || factors.length === 0) factors.unshift(literal(size));
  return factors.join(' * ');
}

/** A product of int literals would be computed in int, so one that does not fit is marked. */
function literal(value: number): string {
  return value > 0x7fffffff ? `${value}LL` : `${value}`;
}

function atomToC(atom: Atom, nameOf: (symbol: string) => string, ranges: Ranges, inProduct: boolean): string {
  const text = (e: Expr) => exprToC(e, nameOf, ranges);
  switch (atom.kind) {
    case 'symbol':
      return nameOf(atom.name);
    case 'min':
    case 'max':
      return atom.args.map(text).reduce((left, right) => `tn_${atom.kind}(${left}, ${right})`);
    case 'floordiv':
    case 'mod': {
      const plain = boundsOf(atom.left, ranges).min >= 0 && boundsOf(atom.right, ranges).min > 0;
      if (!plain) return `tn_floor${atom.kind === 'mod' ? 'mod' : 'div'}(${text(atom.left)}, ${text(atom.right)})`;
      const operator = atom.kind === 'mod' ? '%' : '/';
      const quotient = `${operand(atom.left, text)} ${operator} ${operand(atom.right, text)}`;
      return inProduct ? `(${quotient})` : quotient;
    }
  }
}

/** Parenthesised unless it is one name or one number. */
function operand(e: Expr, text: (e: Expr) => string): string {
  const value = constValue(e);
  const single = value !== null ? value >= 0 : /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(e.key);
  return single ? text(e) : `(${text(e)})`;
}
