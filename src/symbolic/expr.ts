/**
 * @file The face of the integer expressions: constructors, queries, text in and out, C. Expressions are immutable and
 * canonical; all numbers are safe integers, and leaving them throws TnError.
 */

import type { Expr } from './canonical.ts';

export { add, constValue, type Expr, int, mul, neg, sub, symbol } from './canonical.ts';
export { exprToC } from './cText.ts';
export { floorDiv, mod } from './divide.ts';
export { max, min } from './extremes.ts';
export { parseExpr } from './scanner.ts';
export { evaluate, freeSymbols, substitute } from './traverse.ts';

/** `2*n + 1`, `floordiv(n, 2)`, `max(n - 1, 0)`; `parseExpr` reads it back. */
export function exprToString(e: Expr): string {
  return e.key;
}
