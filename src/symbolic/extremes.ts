/** @file Minimum and maximum in canonical form: flat, sorted, nothing in it that another argument always beats. */

import {
  add,
  compareText,
  constantPart,
  constValue,
  type Expr,
  fromAtom,
  fromTerms,
  int,
  scale,
  soleAtom,
  sub,
  withCoefficient,
} from './canonical.ts';
import { content, gcd } from './divide.ts';

export function min(a: Expr, b: Expr): Expr {
  return extreme('min', [a, b]);
}

export function max(a: Expr, b: Expr): Expr {
  return extreme('max', [a, b]);
}

/** The least or greatest of at least one expression. */
export function extreme(kind: 'min' | 'max', args: readonly Expr[]): Expr {
  const flat = args.flatMap((arg) => flatten(kind, arg));
  const kept = dropBeaten(kind, flat);
  if (kept.length === 1) return kept[0];
  const common = kept.reduce((divisor, arg) => gcd(divisor, content(arg)), 0);
  if (common > 1)
    return scale(
      extreme(
        kind,
        kept.map((arg) => quotient(arg, common)),
      ),
      common,
    );
  kept.sort((a, b) => compareArguments(a, b));
  return fromAtom({ kind, args: kept, key: `${kind}(${kept.map((arg) => arg.key).join(', ')})` });
}

/** `max(max(a, b) + k, c)` has the arguments a + k, b + k and c. */
function flatten(kind: 'min' | 'max', e: Expr): Expr[] {
  const constant = int(constantPart(e));
  const atom = soleAtom(sub(e, constant));
  if (atom === null || atom.kind !== kind) return [e];
  return atom.args.map((arg) => add(arg, constant));
}

/** Of arguments that differ by a constant only the extreme one is kept. */
function dropBeaten(kind: 'min' | 'max', args: readonly Expr[]): Expr[] {
  const best = new Map<string, Expr>();
  for (const arg of args) {
    const shape = sub(arg, int(constantPart(arg))).key;
    const seen = best.get(shape);
    const difference = seen === undefined ? 0 : constantPart(arg) - constantPart(seen);
    if (seen === undefined || (kind === 'min' ? difference < 0 : difference > 0)) best.set(shape, arg);
  }
  return [...best.values()];
}

function quotient(e: Expr, divisor: number): Expr {
  return fromTerms(e.terms.map((term) => withCoefficient(term, term.coefficient / divisor)));
}

/** Constants last, else by text: `max(n - 1, 0)`. */
function compareArguments(a: Expr, b: Expr): number {
  const constants = Number(constValue(a) !== null) - Number(constValue(b) !== null);
  return constants || compareText(a.key, b.key);
}
