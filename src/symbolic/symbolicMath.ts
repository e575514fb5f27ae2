/** @file JavaScript's `Math` on symbolic numbers. Roundings of quotients stay sizes; the rest becomes float expressions. */

import {
  envOf,
  exactRatio,
  floatResult,
  floorOf,
  nodeOf,
  type Operand,
  pin,
  ratioResult,
  symCompare,
  symNeg,
  symPow,
} from './arithmetic.ts';
import { add, neg, scale } from './canonical.ts';
import { extreme } from './extremes.ts';
import { type FloatFunction, floatCall, isFloatFunction } from './floatNode.ts';
import { commonDenominator, type SymFloat, type SymInt } from './symValue.ts';

export type MathName = Exclude<
  { [K in keyof Math]: Math[K] extends (...args: never[]) => number ? K : never }[keyof Math],
  'random' | typeof Symbol.toStringTag
>;

/** `Math[name](...args)`; at least one argument is symbolic. */
export function symbolicMath(name: MathName, args: readonly Operand[]): Operand {
  const [x] = args;
  switch (name) {
    case 'floor':
    case 'ceil':
    case 'round':
    case 'trunc':
      return typeof x === 'number' ? Math[name](x) : rounded(name, x);
    case 'abs':
      return typeof x === 'number' ? Math.abs(x) : absolute(x);
    case 'sign':
      return typeof x === 'number' ? Math.sign(x) : signOf(x);
    case 'min':
    case 'max':
      return args.reduce((best, arg) => extremeOf(name, best, arg));
    case 'pow':
      return binary(args, symPow);
    case 'hypot':
      return args.length === 2 ? floatResult('hypot', ...args) : pinned(name, args);
    case 'atan2':
      return binary(args, (a, b) => floatResult('atan2', a, b));
    default:
      if (typeof x === 'number') return (Math[name] as (value: number) => number)(x);
      return isUnary(name) ? floatResult(name, x) : pinned(name, args);
  }
}

/** Functions of one argument that float expressions know by the same name. */
function isUnary(name: string): name is FloatFunction & MathName {
  return isFloatFunction(name);
}

/** A missing or only numeric pair is native; `Math.pow(n)` is NaN. */
function binary(args: readonly Operand[], apply: (a: Operand, b: Operand) => Operand): Operand {
  return args.length < 2 ? Number.NaN : apply(args[0], args[1]);
}

/** No expression for this function: its dims are pinned to the sample. */
function pinned(name: MathName, args: readonly Operand[]): number {
  const because = `Math.${name}(${args.join(', ')})`;
  const values = args.map((arg) => pin(arg, because));
  return (Math[name] as (...values: number[]) => number)(...values);
}

function rounded(name: 'floor' | 'ceil' | 'round' | 'trunc', x: SymInt | SymFloat): Operand {
  const { ratio, env } = x;
  if (ratio === null) return floatResult(name, x);
  const { num, den } = ratio;
  switch (name) {
    case 'floor':
      return floorOf(ratio, env);
    case 'ceil':
      return negated(floorOf({ num: neg(num), den }, env));
    case 'round':
      return floorOf({ num: add(scale(num, 2), den), den: scale(den, 2) }, env);
    case 'trunc':
      return symCompare('lt', x, 0) ? rounded('ceil', x) : rounded('floor', x);
  }
}

function negated(x: Operand): Operand {
  return typeof x === 'number' ? 0 - x : symNeg(x);
}

function absolute(x: SymInt | SymFloat): Operand {
  if (x.ratio === null) return floatResult('abs', x);
  const { num, den } = x.ratio;
  return ratioResult({ num: extreme('max', [num, neg(num)]), den }, () => floatCall('abs', nodeOf(x)), x.env);
}

function signOf(x: SymInt | SymFloat): number {
  if (x.ratio === null) return pinned('sign', [x]);
  if (symCompare('eq', x, 0)) return 0;
  return symCompare('lt', x, 0) ? -1 : 1;
}

function extremeOf(kind: 'min' | 'max', a: Operand, b: Operand): Operand {
  if (typeof a === 'number' && typeof b === 'number') return Math[kind](a, b);
  for (const [limit, other] of [
    [a, b],
    [b, a],
  ] as const) {
    if (typeof limit !== 'number' || Number.isFinite(limit)) continue;
    if (Number.isNaN(limit)) return Number.NaN;
    return limit > 0 === (kind === 'max') ? limit : other;
  }
  const env = envOf(a, b);
  const x = exactRatio(a);
  const y = exactRatio(b);
  if (x === null || y === null) return floatResult(kind, a, b);
  const { left, right, den } = commonDenominator(x, y);
  return ratioResult({ num: extreme(kind, [left, right]), den }, () => floatCall(kind, nodeOf(a), nodeOf(b)), env);
}
