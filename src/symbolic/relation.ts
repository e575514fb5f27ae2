/** @file Predicates over sizes: text, negation, value, C. Proofs and counterexamples stand in prove.ts and search.ts. */

import { constValue, type Expr, int, soleAtom, sub } from './canonical.ts';
import { exprToC } from './cText.ts';
import { content } from './divide.ts';
import type { Ranges } from './domain.ts';
import { readSum, Scanner } from './scanner.ts';
import { evaluate, freeSymbols } from './traverse.ts';

/** `left op right` over integers. */
export interface Predicate {
  readonly op: 'eq' | 'ne' | 'lt' | 'le';
  readonly left: Expr;
  readonly right: Expr;
}

const operatorText = { eq: '==', ne: '!=', lt: '<', le: '<=' } as const;

export function predicate(op: Predicate['op'], left: Expr, right: Expr): Predicate {
  return { op, left, right };
}

/**
 * In the user's terms: `pos % 4 == 0`, `n + pos <= 448`. A constant stands on the right: `n > 3`.
 * `parsePredicate` reads it back.
 */
export function predicateToString({ op, left, right }: Predicate): string {
  const flipped = (op === 'lt' || op === 'le') && constValue(left) !== null && constValue(right) === null;
  if (flipped) return `${sideText(right)} ${op === 'lt' ? '>' : '>='} ${sideText(left)}`;
  return `${sideText(left)} ${operatorText[op]} ${sideText(right)}`;
}

/** A remainder alone on its side is written with `%`. */
function sideText(e: Expr): string {
  const atom = soleAtom(e);
  if (atom === null || atom.kind !== 'mod') return e.key;
  const wrap = (part: Expr) => (/^[\w$]+$/.test(part.key) ? part.key : `(${part.key})`);
  return `${wrap(atom.left)} % ${wrap(atom.right)}`;
}

/** The inverse of `predicateToString`. Throws TnError on anything else. */
export function parsePredicate(text: string): Predicate {
  const scanner = new Scanner(text);
  const left = readSum(scanner);
  const op = scanner.next();
  const right = readSum(scanner);
  if (scanner.peek() !== '') scanner.fail();
  switch (op) {
    case '==':
      return predicate('eq', left, right);
    case '!=':
      return predicate('ne', left, right);
    case '<':
      return predicate('lt', left, right);
    case '<=':
      return predicate('le', left, right);
    case '>':
      return predicate('lt', right, left);
    case '>=':
      return predicate('le', right, left);
    default:
      return scanner.fail();
  }
}

/** The predicate that holds exactly where `p` does not. */
export function negate({ op, left, right }: Predicate): Predicate {
  switch (op) {
    case 'eq':
      return predicate('ne', left, right);
    case 'ne':
      return predicate('eq', left, right);
    case 'lt':
      return predicate('le', right, left);
    case 'le':
      return predicate('lt', right, left);
  }
}

/** Throws TnError as `evaluate` does. */
export function evaluatePredicate({ op, left, right }: Predicate, values: ReadonlyMap<string, number>): boolean {
  const a = evaluate(left, values);
  const b = evaluate(right, values);
  switch (op) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
  }
}

/** C condition over int64_t; `nameOf` and `ranges` as in `exprToC`. */
export function predicateToC(p: Predicate, nameOf: (symbol: string) => string, ranges?: Ranges): string {
  return `${exprToC(p.left, nameOf, ranges)} ${operatorText[p.op]} ${exprToC(p.right, nameOf, ranges)}`;
}

export function predicateSymbols({ left, right }: Predicate): ReadonlySet<string> {
  return new Set([...freeSymbols(left), ...freeSymbols(right)]);
}

/** A predicate as a statement about one expression: `value == 0`, `value != 0` or `value >= 0`. */
export interface Statement {
  readonly op: 'eq' | 'ne' | 'ge';
  readonly value: Expr;
}

export function statementOf({ op, left, right }: Predicate): Statement {
  const difference = sub(right, left);
  if (op === 'lt') return { op: 'ge', value: sub(difference, int(1)) };
  if (op === 'le') return { op: 'ge', value: difference };
  return { op, value: difference };
}

/** Equal for predicates that say the same in other words (`a < b`, `a + 1 <= b`, `2*a + 2 <= 2*b`). */
export function predicateKey(p: Predicate): string {
  const { op, value } = statementOf(p);
  const constant = value.terms.at(-1);
  const symbolic = constant && constant.factors.length === 0 ? sub(value, int(constant.coefficient)) : value;
  const divisor = content(symbolic) || 1;
  const offset = constant && constant.factors.length === 0 ? constant.coefficient : 0;
  if (op === 'ge') return `${key(symbolic, divisor)} >= ${-Math.floor(offset / divisor)}`;
  const sign = symbolic.terms.length > 0 && symbolic.terms[0].coefficient < 0 ? -1 : 1;
  return `${key(symbolic, sign * divisor)} ${operatorText[op]} ${(-offset * sign) / divisor}`;
}

function key(e: Expr, divisor: number): string {
  return e.terms.map((term) => `${term.coefficient / divisor}*${term.key}`).join('+');
}
