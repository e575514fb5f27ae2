/** @file Arithmetic on symbolic numbers. Exact as long as floats would be: then the result is a size or a quotient of sizes. */

import { TnError } from '../core/errors.ts';
import { boundsOf } from './bounds.ts';
import { add, constValue, type Expr, int, mul, neg, scale } from './canonical.ts';
import { content, dividesExactly, floorDiv, floorMod, gcd, mod } from './divide.ts';
import { type FloatFunction, type FloatNode, floatCall, floatConstant, floatSize } from './floatNode.ts';
import { isMultipleOf } from './range.ts';
import { type Predicate, predicate } from './relation.ts';
import type { ShapeEnv } from './shapeEnv.ts';
import { commonDenominator, quotientNode, type Ratio, SymFloat, SymInt, sizeFromExpr } from './symValue.ts';

/** An operand of symbolic arithmetic; at least one is symbolic. */
export type Operand = number | SymInt | SymFloat;

const one = int(1);

/** The environment that the symbolic operands share. Throws TnError if they are of two captures. */
export function envOf(...operands: readonly Operand[]): ShapeEnv {
  let env: ShapeEnv | null = null;
  for (const operand of operands) {
    if (typeof operand === 'number') continue;
    if (env !== null && operand.env !== env) {
      throw new TnError({
        what: `The sizes ${operands.join(' and ')} belong to two different captures.`,
        fix: 'do not keep a size in a variable outside of the captured function: pass it as an argument',
      });
    }
    env = operand.env;
  }
  if (env === null) throw new TnError('symbolic arithmetic needs a symbolic operand');
  return env;
}

/** Numbers with a denominator up to 2^20 are exact quotients. */
function ratioOfNumber(value: number): Ratio | null {
  if (!Number.isFinite(value) || Object.is(value, -0)) return null;
  let den = 1;
  let num = value;
  while (!Number.isInteger(num) && den < 2 ** 20) {
    num *= 2;
    den *= 2;
  }
  return Number.isSafeInteger(num) ? { num: int(num), den: int(den) } : null;
}

/** Any exact quotient: what comparisons and roundings look at. */
export function anyRatio(x: Operand): Ratio | null {
  return typeof x === 'number' ? ratioOfNumber(x) : x.ratio;
}

/**
 * A quotient that floats hold exactly, so that arithmetic on it may be exact too: a denominator that is a power of two.
 * A pending quotient with another denominator is used as an integer hereby.
 */
export function exactRatio(x: Operand): Ratio | null {
  const ratio = anyRatio(x);
  if (ratio === null) return null;
  const den = constValue(ratio.den);
  if (den !== null && (den & (den - 1)) === 0) return ratio;
  return x instanceof SymInt ? { num: x.expr, den: one } : null;
}

export function nodeOf(x: Operand): FloatNode {
  if (typeof x === 'number') return floatConstant(x);
  if (x instanceof SymFloat) return x.node;
  return x.pending ? quotientNode(x.pending) : floatSize(x.expr);
}

/** The float64 function of the operands, with no exact form. */
export function floatResult(fn: FloatFunction, ...operands: readonly Operand[]): number | SymFloat {
  return wrapNode(floatCall(fn, ...operands.map(nodeOf)), null, envOf(...operands));
}

function wrapNode(node: FloatNode, ratio: Ratio | null, env: ShapeEnv): number | SymFloat {
  return node.kind === 'constant' ? node.value : new SymFloat(node, ratio, env);
}

/** Runs `exact`; where a coefficient or a sample leaves the safe integers, or it gives null, the float form. */
function exactOr(exact: () => Operand | null, fn: FloatFunction, ...operands: readonly Operand[]): Operand {
  try {
    const result = exact();
    if (result !== null) return result;
  } catch (error) {
    if (!(error instanceof TnError)) throw error;
  }
  return floatResult(fn, ...operands);
}

/** A quotient as the simplest thing it is: a number, a size, a size if the sample's divisibility holds, a float. */
export function ratioResult(ratio: Ratio, node: () => FloatNode, env: ShapeEnv): Operand {
  const common = gcd(content(ratio.num), content(ratio.den));
  const num = common > 1 ? floorDiv(ratio.num, int(common)) : ratio.num;
  const den = common > 1 ? floorDiv(ratio.den, int(common)) : ratio.den;
  const divisor = constValue(den);
  const value = constValue(num);
  if (value !== null && divisor !== null) return value / divisor;
  if (dividesExactly(num, den) || (divisor !== null && isMultipleOf(num, divisor, env.ranges))) {
    return sizeFromExpr(floorDiv(num, den), env);
  }
  const reduced = { num, den };
  if (floorMod(env.hint(num), env.hint(den)) !== 0) return wrapNode(node(), reduced, env);
  const divisible = predicate('eq', mod(num, den), int(0));
  return env.prove(divisible) === true ? sizeFromExpr(floorDiv(num, den), env) : new SymInt(reduced, env);
}

export function symAdd(a: Operand, b: Operand): Operand {
  return sum(a, b, 1);
}

export function symSub(a: Operand, b: Operand): Operand {
  return sum(a, b, -1);
}

function sum(a: Operand, b: Operand, sign: 1 | -1): Operand {
  const env = envOf(a, b);
  const fn = sign === 1 ? 'add' : 'sub';
  const exact = () => {
    const x = exactRatio(a);
    const y = exactRatio(b);
    if (x === null || y === null) return null;
    const { left, right, den } = commonDenominator(x, y);
    return ratioResult({ num: add(left, scale(right, sign)), den }, () => floatCall(fn, nodeOf(a), nodeOf(b)), env);
  };
  return exactOr(exact, fn, a, b);
}

export function symMul(a: Operand, b: Operand): Operand {
  const env = envOf(a, b);
  const exact = () => {
    const x = exactRatio(a);
    const y = exactRatio(b);
    if (x === null || y === null) return null;
    const ratio = { num: mul(x.num, y.num), den: mul(x.den, y.den) };
    return ratioResult(ratio, () => floatCall('mul', nodeOf(a), nodeOf(b)), env);
  };
  return exactOr(exact, 'mul', a, b);
}

/** JavaScript's `/`: a size when that is proved exact, or exact for the sample (see `SymInt.expr`), else a float. */
export function symDiv(a: Operand, b: Operand): Operand {
  const env = envOf(a, b);
  const exact = () => {
    const x = exactRatio(a);
    const y = exactRatio(b);
    if (x === null || y === null) return null;
    const divisor = positive({ num: mul(x.num, y.den), den: mul(x.den, y.num) }, env);
    return divisor && ratioResult(divisor, () => floatCall('div', nodeOf(a), nodeOf(b)), env);
  };
  return exactOr(exact, 'div', a, b);
}

/** The quotient with a positive denominator; null if the denominator's sign is not known. */
function positive(ratio: Ratio, env: ShapeEnv): Ratio | null {
  const { min, max } = boundsOf(ratio.den, env.ranges);
  if (min > 0) return ratio;
  return max < 0 ? { num: neg(ratio.num), den: neg(ratio.den) } : null;
}

export function symNeg(a: SymInt | SymFloat): Operand {
  const exact = () => {
    const { ratio } = a;
    return ratio && ratioResult({ num: neg(ratio.num), den: ratio.den }, () => floatCall('neg', nodeOf(a)), a.env);
  };
  return exactOr(exact, 'neg', a);
}

/** JavaScript's `%`: the sign is the dividend's. Where ranges do not give the dividend's sign, the sample does. */
export function symMod(a: Operand, b: Operand): Operand {
  const env = envOf(a, b);
  const exact = () => {
    const x = integerExpr(a);
    const y = integerExpr(b);
    if (x === null || y === null) return null;
    const size = positive({ num: one, den: y }, env)?.den;
    if (!size) return null;
    if (!env.decide(predicate('lt', x, int(0)))) return sizeFromExpr(mod(x, size), env);
    return sizeFromExpr(neg(mod(neg(x), size)), env);
  };
  return exactOr(exact, 'mod', a, b);
}

/** The expression of an integer operand; null for anything else. */
export function integerExpr(x: Operand): Expr | null {
  if (typeof x === 'number') return Number.isSafeInteger(x) && !Object.is(x, -0) ? int(x) : null;
  return x instanceof SymInt ? x.expr : null;
}

/** `**`: small whole exponents of an integer stay sizes. */
export function symPow(a: Operand, b: Operand): Operand {
  const exact = () => {
    if (typeof b !== 'number' || !Number.isInteger(b) || b < 0 || b > 8 || !(a instanceof SymInt)) return null;
    let result = one;
    for (let i = 0; i < b; i++) result = mul(result, a.expr);
    return sizeFromExpr(result, a.env);
  };
  return exactOr(exact, 'pow', a, b);
}

/** `Math.floor` of a quotient; null when the operand is none. */
export function floorOf(ratio: Ratio, env: ShapeEnv): Operand {
  return sizeFromExpr(floorDiv(ratio.num, ratio.den), env);
}

/** Decides `a op b` as JavaScript would, by proof or by the sample with a guard. */
export function symCompare(op: Predicate['op'], a: Operand, b: Operand): boolean {
  const env = envOf(a, b);
  if (typeof b === 'number' && typeof a !== 'number') return compareWithNumber(op, a, b, env);
  if (typeof a === 'number' && typeof b !== 'number') {
    if (op === 'eq' || op === 'ne') return compareWithNumber(op, b, a, env);
    if (b.ratio === null) return comparePinned(op, a, b);
    // A quotient is never NaN, so a < b is not (b <= a).
    return !Number.isNaN(a) && !compareWithNumber(op === 'lt' ? 'le' : 'lt', b, a, env);
  }
  const x = anyRatio(a);
  const y = anyRatio(b);
  if (x === null || y === null) return comparePinned(op, a, b);
  const { left, right } = commonDenominator(x, y);
  return env.decide(predicate(op, left, right));
}

function compareWithNumber(op: Predicate['op'], a: SymInt | SymFloat, b: number, env: ShapeEnv): boolean {
  const x = a.ratio;
  if (Number.isNaN(b)) return op === 'ne';
  if (x === null) return comparePinned(op, a, b);
  if (Math.abs(b) > Number.MAX_SAFE_INTEGER) return op === 'ne' || (op !== 'eq' && b > 0);
  const y = ratioOfNumber(b) ?? (b === 0 ? { num: int(0), den: one } : null);
  if (y !== null) {
    const { left, right } = commonDenominator(x, y);
    return env.decide(predicate(op, left, right));
  }
  if (constValue(x.den) !== 1) return comparePinned(op, a, b);
  // An integer against a fraction.
  if (op === 'eq' || op === 'ne') return op === 'ne';
  return env.decide(predicate('le', x.num, int(Math.floor(b))));
}

/** No inequality of sizes says the same: the dims are pinned to the sample. */
function comparePinned(op: Predicate['op'], a: Operand, b: Operand): boolean {
  const text = { eq: '===', ne: '!==', lt: '<', le: '<=' }[op];
  const [x, y] = [pin(a, `${a} ${text} ${b}`), pin(b, `${a} ${text} ${b}`)];
  if (op === 'eq') return x === y;
  if (op === 'ne') return x !== y;
  return op === 'lt' ? x < y : x <= y;
}

/** The sample's value of `x`, all its dims pinned to the sample. */
export function pin(x: Operand, because: string): number {
  if (typeof x === 'number') return x;
  if (x instanceof SymInt) return x.env.specializeExpr(x.expr, because);
  x.env.specialize(x.symbols, because);
  return x.hint;
}
