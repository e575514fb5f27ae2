/**
 * @file What the transformer rewrites operators into: plain numbers first, then symbolic sizes, then objects that define
 * operators (tensors), else exactly JavaScript's own operator.
 */

import { captureLocation } from '../core/location.ts';
import { type Operand, pin, symAdd, symCompare, symDiv, symMod, symMul, symNeg, symPow, symSub } from './arithmetic.ts';
import { int } from './canonical.ts';
import { mod } from './divide.ts';
import { operatorMath } from './operatorMath.ts';
import { conditionSymbol, indexSymbol, isOperatorTarget, type OperatorName, operatorSymbol } from './operatorTarget.ts';
import { predicate } from './relation.ts';
import { isSymbolic, textFor } from './symValue.ts';

export { type OperatorName, type OperatorTarget, operatorSymbol } from './operatorTarget.ts';

/** JavaScript's own operators; TypeScript checks them for numbers, they are meant for anything. */
const native = {
  add: (a: number, b: number): unknown => a + b,
  sub: (a: number, b: number): unknown => a - b,
  mul: (a: number, b: number): unknown => a * b,
  div: (a: number, b: number): unknown => a / b,
  mod: (a: number, b: number): unknown => a % b,
  pow: (a: number, b: number): unknown => a ** b,
  neg: (a: number): unknown => -a,
  pos: (a: number): unknown => +a,
  lt: (a: number, b: number): unknown => a < b,
  le: (a: number, b: number): unknown => a <= b,
  gt: (a: number, b: number): unknown => a > b,
  ge: (a: number, b: number): unknown => a >= b,
};

const symbolic = {
  add: symAdd,
  sub: symSub,
  mul: symMul,
  div: symDiv,
  mod: symMod,
  pow: symPow,
  neg: (a: Operand): Operand => (typeof a === 'number' ? -a : symNeg(a)),
  pos: (a: Operand): Operand => a,
  lt: (a: Operand, b: Operand): boolean => symCompare('lt', a, b),
  le: (a: Operand, b: Operand): boolean => symCompare('le', a, b),
  gt: (a: Operand, b: Operand): boolean => symCompare('lt', b, a),
  ge: (a: Operand, b: Operand): boolean => symCompare('le', b, a),
};

/** Not both operands are numbers. */
function slow(op: OperatorName, a: unknown, b: unknown): unknown {
  if (isSymbolic(a) || isSymbolic(b)) {
    const x = operandOf(a);
    const y = operandOf(b);
    if (x !== null && y !== null) return symbolic[op](x, y);
    if (op === 'add' && typeof a === 'string') return a + textOf(b);
    if (op === 'add' && typeof b === 'string') return textOf(a) + b;
  }
  const own = dispatch(op, a, b, false) ?? dispatch(op, b, a, true);
  return own === undefined ? native[op](a as number, b as number) : own;
}

function textOf(x: unknown): string {
  return isSymbolic(x) ? textFor(x) : String(x);
}

function slowUnary(op: 'neg' | 'pos', a: unknown): unknown {
  if (isSymbolic(a)) return symbolic[op](a);
  const own = dispatch(op, a, undefined, false);
  return own === undefined ? native[op](a as number) : own;
}

/** What an operand of arithmetic with a symbolic one means: JavaScript makes numbers of these. Null for all else. */
function operandOf(x: unknown): Operand | null {
  if (typeof x === 'number' || isSymbolic(x)) return x;
  if (typeof x === 'boolean' || x === null || x === undefined) return Number(x);
  return null;
}

function dispatch(op: OperatorName, target: unknown, other: unknown, reversed: boolean): unknown {
  return isOperatorTarget(target) ? target[operatorSymbol](op, other, reversed) : undefined;
}

/** `===` where one side is no number: a symbolic number equals numbers and symbolic numbers only. */
function slowStrictEq(a: unknown, b: unknown): boolean {
  if (isSymbolic(a)) return typeof b === 'number' || isSymbolic(b) ? symCompare('eq', a, b) : false;
  return isSymbolic(b) && typeof a === 'number' ? symCompare('eq', a, b) : a === b;
}

/** `==`: as `===`, but strings and booleans are compared as numbers, as JavaScript does. */
function slowEq(a: unknown, b: unknown): boolean {
  if (!isSymbolic(a) && !isSymbolic(b)) {
    // biome-ignore lint/suspicious/noDoubleEquals: this is the == of the user's code
    return a == b;
  }
  if (isSymbolic(a) && isSymbolic(b)) return symCompare('eq', a, b);
  const [value, other] = isSymbolic(a) ? [a, b] : [b as Operand, a];
  if (typeof other === 'number') return symCompare('eq', value, other);
  if (typeof other === 'string' || typeof other === 'boolean' || typeof other === 'bigint') {
    return symCompare('eq', value, Number(other));
  }
  return false;
}

/** A value with the truth of `v`: 0 for a symbolic number that is 0, so that `&&` and `||` keep their values. */
function cond(v: unknown): unknown {
  if (typeof v !== 'object' || v === null) return v;
  if (isSymbolic(v)) {
    if (v.ratio === null) return pin(v, `${v} as a condition`);
    return symCompare('ne', v, 0) ? v : 0;
  }
  if (isOperatorTarget(v)) v[conditionSymbol]?.(false);
  return v;
}

/** The result of a comparison where it decides a branch: that of tensors is one itself, and is asked for its value. */
function slowTest(v: unknown): unknown {
  return isOperatorTarget(v) && v[conditionSymbol] ? v[conditionSymbol](true) : cond(v);
}

/** A symbolic number in the text of an error that is thrown: the sample's value. */
function shown(v: unknown): unknown {
  if (!isSymbolic(v)) return v;
  const { env } = v;
  if (!env.onEscape) return v.text;
  env.mention ??= {
    what: `the symbolic size \`${v.text}\` was used in the text of an error`,
    location: captureLocation(),
  };
  return v.hint;
}

/** A value between the pieces of a template: its text, at the moment JavaScript asks for it, but numbers stay numbers. */
function part(v: unknown): unknown {
  return typeof v === 'number' || isSymbolic(v) ? v : `${v}`;
}

/** ``x[`:${n}`]``: tensors take the bounds as they are, everything else has a property of that name. */
function at(object: unknown, strings: readonly string[], ...values: unknown[]): unknown {
  if (isOperatorTarget(object) && object[indexSymbol]) return object[indexSymbol](strings, values);
  const key = strings.reduce((text, string, i) => `${text}${textOf(values[i - 1])}${string}`);
  return (object as Record<string, unknown>)[key];
}

/** `Number.isInteger`: of a quotient, whether it divides, with a guard unless proved. */
function isInteger(x: unknown): boolean {
  if (!isSymbolic(x)) return Number.isInteger(x);
  const { ratio, env } = x;
  if (ratio !== null) return env.decide(predicate('eq', mod(ratio.num, ratio.den), int(0)));
  return Number.isInteger(pin(x, `Number.isInteger(${x})`));
}

/** A size or a quotient of sizes is finite; any other float is asked, its dims pinned. */
function isFiniteNumber(x: unknown): boolean {
  if (!isSymbolic(x)) return Number.isFinite(x);
  return x.ratio !== null || Number.isFinite(pin(x, `Number.isFinite(${x})`));
}

function isNaNNumber(x: unknown): boolean {
  if (!isSymbolic(x)) return Number.isNaN(x);
  return x.ratio === null && Number.isNaN(pin(x, `Number.isNaN(${x})`));
}

/** The run-time side of the transformer. Comparisons of sizes are decided, and guarded, at once. */
export const operators = {
  add: (a: unknown, b: unknown): unknown =>
    typeof a === 'number' && typeof b === 'number' ? a + b : slow('add', a, b),
  sub: (a: unknown, b: unknown): unknown =>
    typeof a === 'number' && typeof b === 'number' ? a - b : slow('sub', a, b),
  mul: (a: unknown, b: unknown): unknown =>
    typeof a === 'number' && typeof b === 'number' ? a * b : slow('mul', a, b),
  div: (a: unknown, b: unknown): unknown =>
    typeof a === 'number' && typeof b === 'number' ? a / b : slow('div', a, b),
  mod: (a: unknown, b: unknown): unknown =>
    typeof a === 'number' && typeof b === 'number' ? a % b : slow('mod', a, b),
  pow: (a: unknown, b: unknown): unknown =>
    typeof a === 'number' && typeof b === 'number' ? a ** b : slow('pow', a, b),
  neg: (a: unknown): unknown => (typeof a === 'number' ? -a : slowUnary('neg', a)),
  pos: (a: unknown): unknown => (typeof a === 'number' ? a : slowUnary('pos', a)),
  lt: (a: unknown, b: unknown): unknown => (typeof a === 'number' && typeof b === 'number' ? a < b : slow('lt', a, b)),
  le: (a: unknown, b: unknown): unknown => (typeof a === 'number' && typeof b === 'number' ? a <= b : slow('le', a, b)),
  gt: (a: unknown, b: unknown): unknown => (typeof a === 'number' && typeof b === 'number' ? a > b : slow('gt', a, b)),
  ge: (a: unknown, b: unknown): unknown => (typeof a === 'number' && typeof b === 'number' ? a >= b : slow('ge', a, b)),
  eq: (a: unknown, b: unknown): boolean => (typeof a === 'number' && typeof b === 'number' ? a === b : slowEq(a, b)),
  ne: (a: unknown, b: unknown): boolean => (typeof a === 'number' && typeof b === 'number' ? a !== b : !slowEq(a, b)),
  strictEq: (a: unknown, b: unknown): boolean =>
    typeof a === 'number' && typeof b === 'number' ? a === b : slowStrictEq(a, b),
  strictNe: (a: unknown, b: unknown): boolean =>
    typeof a === 'number' && typeof b === 'number' ? a !== b : !slowStrictEq(a, b),
  cond,
  test: (v: unknown): unknown => (typeof v === 'boolean' ? v : slowTest(v)),
  not: (v: unknown): boolean => !cond(v),
  truthy: (v: unknown): boolean => !!cond(v),
  Math: operatorMath,
  at,
  part,
  shown,
  /** The length in `new Array(n)`, which would make an array of one element out of an object. */
  count: (n: unknown): unknown => (isSymbolic(n) ? pin(n, `new Array(${n})`) : n),
  /** Whether `++` and `--` would see an object, and cannot step it. */
  isStepped: (x: unknown): boolean => isSymbolic(x) || isOperatorTarget(x),
  isInteger,
  isSafeInteger: (x: unknown): boolean => (isSymbolic(x) ? isInteger(x) : Number.isSafeInteger(x)),
  isFinite: isFiniteNumber,
  isNaN: isNaNNumber,
  /** `typeof x`, a symbolic number being a number. */
  typeOf: (x: unknown): string => (isSymbolic(x) ? 'number' : typeof x),
};
