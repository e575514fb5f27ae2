/** @file The objects that stand for sizes, and for numbers computed from them, while a capture runs. */

import { TnError } from '../core/errors.ts';
import { calledByUser } from '../core/location.ts';
import { constValue, type Expr, int, mul } from './canonical.ts';
import { floorDiv, floorQuotient, mod } from './divide.ts';
import type { Ranges } from './domain.ts';
import { evaluateFloat, type FloatNode, floatCall, floatSize, floatSymbols, floatToC } from './floatNode.ts';
import { predicate } from './relation.ts';
import type { ShapeEnv } from './shapeEnv.ts';

declare const sizeBrand: unique symbol;

/**
 * A size: a number, or during a capture a `SymInt` that passes for one. The brand is optional, so plain numbers are
 * sizes and sizes are numbers for the type checker.
 */
export type Size = number & { readonly [sizeBrand]?: 'Size' };

/** An exact quotient of sizes; the denominator is positive. */
export interface Ratio {
  readonly num: Expr;
  readonly den: Expr;
}

/** An integer size that depends on dims. Never constant: constants are plain numbers (see `sizeFromExpr`). */
export class SymInt {
  readonly env: ShapeEnv;
  /** The value in the sample call. */
  readonly hint: number;
  #expr: Expr | null;
  readonly #quotient: Ratio | null;

  /** Internal: use `sizeFromExpr`. A `Ratio` is a quotient that is an integer for the sample, not yet known to be one for all. */
  constructor(value: Expr | Ratio, env: ShapeEnv) {
    this.env = env;
    if ('num' in value) {
      this.#expr = null;
      this.#quotient = value;
      this.hint = floorQuotient(env.hint(value.num), env.hint(value.den));
    } else {
      this.#expr = value;
      this.#quotient = null;
      this.hint = env.hint(value);
    }
  }

  /**
   * The expression. `n / 2` is an integer for some n only: the first use as an integer records the guard `n % 2 == 0`.
   * `Math.floor(n / 2)` is no such use.
   */
  get expr(): Expr {
    if (this.#expr === null) {
      const { num, den } = this.#quotient!;
      this.env.decide(predicate('eq', mod(num, den), int(0)), `${this} as an integer`);
      this.#expr = floorDiv(num, den);
    }
    return this.#expr;
  }

  /** The quotient while it has not been used as an integer, else null. */
  get pending(): Ratio | null {
    return this.#expr === null ? this.#quotient : null;
  }

  /** As a quotient, exact either way; records nothing. */
  get ratio(): Ratio {
    return this.pending ?? { num: this.expr, den: int(1) };
  }

  get key(): string {
    return this.expr.key;
  }

  /** Whether `x` is one, asked in a way that no proxy notices. */
  static is(x: unknown): x is SymInt {
    return typeof x === 'object' && x !== null && #expr in x;
  }

  /** The expression as text; what the user's own code asks for is the number's (see `toPrimitive`). */
  toString(radix?: number): string {
    if (radix !== undefined || calledByUser(this.toString))
      return plainValue(this, 'as text or as a key').toString(radix);
    return this.text;
  }

  get text(): string {
    if (this.#expr !== null) return this.#expr.key;
    return quotientNode(this.#quotient!).key;
  }

  [Symbol.toPrimitive](hint: string): string | number {
    return toPrimitive(this, hint);
  }

  toJSON(): string | number {
    return toPrimitive(this, 'json');
  }
}

/** A float64 that depends on dims: `n / 3`, `1 / Math.sqrt(n)`. */
export class SymFloat {
  readonly #brand = true;
  readonly env: ShapeEnv;
  readonly node: FloatNode;
  /** The same value as a quotient of sizes, where it is one; decides comparisons and roundings. */
  readonly ratio: Ratio | null;
  /** The value in the sample call. */
  readonly hint: number;

  /** Internal: made by operators and `Math`, or read by `symFloatFromString`. */
  constructor(node: FloatNode, ratio: Ratio | null, env: ShapeEnv) {
    this.node = node;
    this.ratio = ratio;
    this.env = env;
    this.hint = evaluateFloat(node, env.samples);
  }

  /** Equal keys: equal values. `symFloatFromString` reads it back. */
  get key(): string {
    return this.node.key;
  }

  /** Whether `x` is one, asked in a way that no proxy notices. */
  static is(x: unknown): x is SymFloat {
    return typeof x === 'object' && x !== null && #brand in x;
  }

  /** The expression as text; what the user's own code asks for is the number's (see `toPrimitive`). */
  toString(radix?: number): string {
    if (radix !== undefined || calledByUser(this.toString))
      return plainValue(this, 'as text or as a key').toString(radix);
    return this.text;
  }

  get text(): string {
    return this.node.key;
  }

  evaluate(values: ReadonlyMap<string, number>): number {
    return evaluateFloat(this.node, values);
  }

  /** The names of the dims in it. */
  get symbols(): ReadonlySet<string> {
    return floatSymbols(this.node);
  }

  /** C text of type double; `nameOf` gives the C expression of a dim, an int64_t. */
  toC(nameOf: (symbol: string) => string, ranges?: Ranges): string {
    return floatToC(this.node, nameOf, ranges);
  }

  [Symbol.toPrimitive](hint: string): string | number {
    return toPrimitive(this, hint);
  }

  toJSON(): string | number {
    return toPrimitive(this, 'json');
  }
}

/** Methods of numbers: code that was written for numbers finds them, on the sample's value. */
for (const name of ['toFixed', 'toPrecision', 'toExponential', 'toLocaleString', 'valueOf'] as const) {
  for (const kind of [SymInt, SymFloat]) {
    Object.defineProperty(kind.prototype, name, {
      configurable: true,
      writable: true,
      value(this: SymInt | SymFloat, ...args: never[]): unknown {
        const value = plainValue(this, name === 'valueOf' ? 'as a plain number' : 'as text or as a key');
        return (value[name] as (...given: never[]) => unknown)(...args);
      },
    });
  }
}

/**
 * The sample's value of a symbolic number that code uses in a way that sizes cannot follow. While a capture runs that
 * refuses the capture, at the user's line; elsewhere it throws.
 *
 * @param use ends the sentence "the symbolic size `n` was used …"
 */
export function plainValue(value: SymInt | SymFloat, use: string): number {
  const { env } = value;
  if (env.onEscape) {
    env.onEscape(`the symbolic size \`${value.text}\` was used ${use}`);
    return value.hint;
  }
  throw new TnError({
    what: `The symbolic size \`${value.text}\` was used as a plain number.`,
    found: [
      'by code that is not transformed (a package, or a file that runs without the transformer),',
      'or by an operator that sizes do not have (| & ^ ~ << >>)',
    ],
    fix: 'run the file with `tn run FILE.ts` or `node --import torchnative/register`, and use Math.floor(n / 2) for n >> 1',
  });
}

/** The text of a symbolic number in the user's `'size ' + n`. */
export function textFor(value: SymInt | SymFloat): string {
  return value.env.onEscape ? String(plainValue(value, 'as text or as a key')) : value.text;
}

/**
 * What is left of a symbolic number where a plain value is asked for. Texts that this package makes show the expression;
 * in the user's code a text may decide something (`table[n]`), so that it counts as a use of the number.
 */
function toPrimitive(value: SymInt | SymFloat, hint: string): string | number {
  const isText = hint === 'string' || hint === 'json';
  if (!isText) return plainValue(value, 'as a plain number, by code that is not transformed');
  if (!value.env.onEscape || !calledByUser(toPrimitive)) return value.text;
  const number = plainValue(value, 'as text or as a key');
  return hint === 'string' ? String(number) : number;
}

export function isSymFloat(x: unknown): x is SymFloat {
  return SymFloat.is(x);
}

/** A symbolic number of either kind. Asks nothing of a quotient. */
export function isSymbolic(x: unknown): x is SymInt | SymFloat {
  return SymInt.is(x) || SymFloat.is(x);
}

/**
 * Whether `x` is a symbolic integer. A quotient that is one for the sample (`n / 2` of an even n) is thereby used as an
 * integer, and the guard recorded.
 */
export function isSymInt(x: unknown): x is SymInt {
  if (!SymInt.is(x)) return false;
  if (x.pending !== null) void x.expr;
  return true;
}

/** `num / den` as the user's code would compute it. */
export function quotientNode({ num, den }: Ratio): FloatNode {
  return constValue(den) === 1 ? floatSize(num) : floatCall('div', floatSize(num), floatSize(den));
}

/** A size of an expression: simplified by the ranges and guards of `env`; a constant is a plain number. */
export function sizeFromExpr(e: Expr, env: ShapeEnv): Size {
  const simple = env.simplify(e);
  const value = constValue(simple);
  return value ?? asSize(new SymInt(simple, env));
}

/** A SymInt passes for a number in types; the run-time checks are those of this folder. */
export function asSize(x: SymInt): Size {
  return x as unknown as Size;
}

/** `a.num * b.den` and so on: brings two quotients to one denominator. */
export function commonDenominator(a: Ratio, b: Ratio): { left: Expr; right: Expr; den: Expr } {
  if (a.den.key === b.den.key) return { left: a.num, right: b.num, den: a.den };
  return { left: mul(a.num, b.den), right: mul(b.num, a.den), den: mul(a.den, b.den) };
}
