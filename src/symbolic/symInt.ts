/** @file Sizes: numbers, or symbolic ones while a capture runs. What shape rules compute with. */

import { TnError } from '../core/errors.ts';
import { envOf, pin } from './arithmetic.ts';
import { add, constValue, type Expr, int, mul, neg, sub } from './canonical.ts';
import { floorDiv, floorMod, floorQuotient, mod } from './divide.ts';
import { max, min } from './extremes.ts';
import { parseFloatNode } from './floatNode.ts';
import { type Predicate, predicate } from './relation.ts';
import type { ShapeEnv } from './shapeEnv.ts';
import { isSymbolic, isSymFloat, type Size, SymFloat, SymInt, sizeFromExpr } from './symValue.ts';

export { isSymbolic, isSymFloat, isSymInt, type Size, SymFloat, SymInt, sizeFromExpr } from './symValue.ts';

/** The value of a size in the sample call. */
export function sizeHint(size: Size): number {
  const value: unknown = size;
  return isSymbolic(value) ? value.hint : size;
}

/**
 * The expression of a size. Throws TnError for a number that is no safe integer, as plain or as symbolic one; a symbolic
 * float that is an integer for the sample only is pinned to it.
 */
export function sizeExpr(size: Size): Expr {
  const value: unknown = size;
  if (value instanceof SymInt) return value.expr;
  if (!isSymFloat(value)) return int(size);
  if (!Number.isSafeInteger(value.hint)) {
    throw new TnError({
      what: `\`${value}\` is used as a size, but it is no integer.`,
      found: [`${value.hint} in this call`],
      fix: 'round it: Math.floor(…), Math.ceil(…) or Math.round(…)',
    });
  }
  return int(pin(value, `${value} as a size`));
}

/** Equal keys: equal sizes (or symbolic numbers). */
export function symKey(x: Size): string {
  const value: unknown = x;
  return isSymbolic(value) ? value.key : String(x);
}

function combine(a: Size, b: Size, exact: (x: Expr, y: Expr) => Expr): Size {
  const env = envOfSizes(a, b);
  const result = exact(sizeExpr(a), sizeExpr(b));
  return env === null ? constValue(result)! : sizeFromExpr(result, env);
}

/** The capture that the sizes belong to; null for plain numbers. Throws TnError if they belong to two. */
function envOfSizes(a: Size, b: Size): ShapeEnv | null {
  const x: unknown = a;
  const y: unknown = b;
  if (isSymbolic(x)) return isSymbolic(y) ? envOf(x, y) : x.env;
  return isSymbolic(y) ? y.env : null;
}

export function sizeAdd(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' ? a + b : combine(a, b, add);
}

export function sizeSub(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' ? a - b : combine(a, b, sub);
}

export function sizeMul(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' ? a * b : combine(a, b, mul);
}

export function sizeNeg(a: Size): Size {
  return typeof a === 'number' ? 0 - a : combine(0, a, (_, x) => neg(x));
}

/** `floor(a / b)`. Throws TnError for b = 0. */
export function sizeFloorDiv(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' && b !== 0 ? floorQuotient(a, b) : combine(a, b, floorDiv);
}

/** Remainder with the sign of `b`. Throws TnError for b = 0. */
export function sizeMod(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' && b !== 0 ? floorMod(a, b) : combine(a, b, mod);
}

export function sizeMin(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' ? Math.min(a, b) : combine(a, b, min);
}

export function sizeMax(a: Size, b: Size): Size {
  return typeof a === 'number' && typeof b === 'number' ? Math.max(a, b) : combine(a, b, max);
}

/** Whether the sizes are equal: proved, or decided by the sample and kept as a guard. `because` names who asks. */
export function sizeEq(a: Size, b: Size, because?: string): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a === b : decide('eq', a, b, because);
}

/** As `sizeEq`, for `a != b`. */
export function sizeNe(a: Size, b: Size, because?: string): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a !== b : decide('ne', a, b, because);
}

/** As `sizeEq`, for `a < b`. */
export function sizeLt(a: Size, b: Size, because?: string): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a < b : decide('lt', a, b, because);
}

/** As `sizeEq`, for `a <= b`. */
export function sizeLe(a: Size, b: Size, because?: string): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a <= b : decide('le', a, b, because);
}

function decide(op: Predicate['op'], a: Size, b: Size, because: string | undefined): boolean {
  const env = envOfSizes(a, b);
  if (env === null) throw new TnError(`sizes ${String(a)} and ${String(b)} cannot be compared`);
  return env.decide(predicate(op, sizeExpr(a), sizeExpr(b)), because);
}

/** The inverse of a `SymFloat`'s text, over the dims of `env`. Throws TnError on other text. */
export function symFloatFromString(text: string, env: ShapeEnv): SymFloat {
  return new SymFloat(parseFloatNode(text), null, env);
}
