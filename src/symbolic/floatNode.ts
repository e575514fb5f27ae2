/** @file Numbers computed from sizes that need not be integers (`1 / Math.sqrt(n)`): a tree with JavaScript's meaning. */

import { type Expr, isIdentifier, symbol } from './canonical.ts';
import { exprToC } from './cText.ts';
import type { Ranges } from './domain.ts';
import { readSum, Scanner } from './scanner.ts';
import { evaluate, freeSymbols } from './traverse.ts';

/** float64 arithmetic in exactly the order in which the user's code does it. `key` is the node's text. */
export type FloatNode =
  | { readonly kind: 'constant'; readonly value: number; readonly key: string }
  | { readonly kind: 'size'; readonly expr: Expr; readonly key: string }
  | { readonly kind: 'call'; readonly fn: FloatFunction; readonly args: readonly FloatNode[]; readonly key: string };

interface FunctionInfo {
  readonly apply: (...args: number[]) => number;
  /** C of the call; by default the function of the same name in math.h. */
  readonly c?: (...args: string[]) => string;
  /** Infix operator in the text. */
  readonly infix?: string;
}

const functions = {
  add: { apply: (a, b) => a + b, c: (a, b) => `(${a} + ${b})`, infix: '+' },
  sub: { apply: (a, b) => a - b, c: (a, b) => `(${a} - ${b})`, infix: '-' },
  mul: { apply: (a, b) => a * b, c: (a, b) => `(${a} * ${b})`, infix: '*' },
  div: { apply: (a, b) => a / b, c: (a, b) => `(${a} / ${b})`, infix: '/' },
  mod: { apply: (a, b) => a % b, c: (a, b) => `fmod(${a}, ${b})`, infix: '%' },
  pow: { apply: (a, b) => a ** b },
  neg: { apply: (a) => -a, c: (a) => `(-${a})` },
  min: { apply: (a, b) => Math.min(a, b), c: (a, b) => `fmin(${a}, ${b})` },
  max: { apply: (a, b) => Math.max(a, b), c: (a, b) => `fmax(${a}, ${b})` },
  abs: { apply: Math.abs, c: (a) => `fabs(${a})` },
  // Halves go up, also below zero; adding 0.5 first would round 0.49999999999999994 up.
  round: { apply: Math.round, c: (a) => `(floor(${a}) + (${a} - floor(${a}) >= 0.5))` },
  fround: { apply: Math.fround, c: (a) => `((double)(float)${a})` },
  floor: { apply: Math.floor },
  ceil: { apply: Math.ceil },
  trunc: { apply: Math.trunc },
  sqrt: { apply: Math.sqrt },
  cbrt: { apply: Math.cbrt },
  exp: { apply: Math.exp },
  expm1: { apply: Math.expm1 },
  log: { apply: Math.log },
  log2: { apply: Math.log2 },
  log10: { apply: Math.log10 },
  log1p: { apply: Math.log1p },
  sin: { apply: Math.sin },
  cos: { apply: Math.cos },
  tan: { apply: Math.tan },
  asin: { apply: Math.asin },
  acos: { apply: Math.acos },
  atan: { apply: Math.atan },
  sinh: { apply: Math.sinh },
  cosh: { apply: Math.cosh },
  tanh: { apply: Math.tanh },
  asinh: { apply: Math.asinh },
  acosh: { apply: Math.acosh },
  atanh: { apply: Math.atanh },
  atan2: { apply: Math.atan2 },
  hypot: { apply: (a, b) => Math.hypot(a, b) },
} satisfies Record<string, FunctionInfo>;

export type FloatFunction = keyof typeof functions;

function infoOf(fn: FloatFunction): FunctionInfo {
  return functions[fn];
}

export function isFloatFunction(name: string): name is FloatFunction {
  return Object.hasOwn(functions, name);
}

export function floatConstant(value: number): FloatNode {
  return { kind: 'constant', value, key: Object.is(value, -0) ? '-0' : String(value) };
}

/** A size as a float64. Constants become constants. */
export function floatSize(expr: Expr): FloatNode {
  if (freeSymbols(expr).size === 0) return floatConstant(evaluate(expr, new Map()));
  return { kind: 'size', expr, key: isIdentifier(expr.key) ? expr.key : `[${expr.key}]` };
}

/** The function applied; of constants, its value. */
export function floatCall(fn: FloatFunction, ...args: readonly FloatNode[]): FloatNode {
  if (args.every((arg) => arg.kind === 'constant'))
    return floatConstant(infoOf(fn).apply(...args.map((arg) => arg.value)));
  const { infix } = infoOf(fn);
  const key = infix ? args.map(operandText).join(` ${infix} `) : `${fn}(${args.map((arg) => arg.key).join(', ')})`;
  return { kind: 'call', fn, args, key };
}

function operandText(node: FloatNode): string {
  const isInfix = node.kind === 'call' && infoOf(node.fn).infix !== undefined;
  return isInfix ? `(${node.key})` : node.key;
}

/** The value for given dims. Throws TnError when a dim has no value. */
export function evaluateFloat(node: FloatNode, values: ReadonlyMap<string, number>): number {
  switch (node.kind) {
    case 'constant':
      return node.value;
    case 'size':
      return evaluate(node.expr, values);
    case 'call':
      return infoOf(node.fn).apply(...node.args.map((arg) => evaluateFloat(arg, values)));
  }
}

/** C text of type double; `nameOf` and `ranges` as in `exprToC`. */
export function floatToC(node: FloatNode, nameOf: (symbol: string) => string, ranges?: Ranges): string {
  switch (node.kind) {
    case 'constant':
      return constantToC(node.value);
    case 'size':
      return `(double)(${exprToC(node.expr, nameOf, ranges)})`;
    case 'call': {
      const args = node.args.map((arg) => floatToC(arg, nameOf, ranges));
      return infoOf(node.fn).c?.(...args) ?? `${node.fn}(${args.join(', ')})`;
    }
  }
}

function constantToC(value: number): string {
  if (Number.isNaN(value)) return 'NAN';
  if (!Number.isFinite(value)) return value > 0 ? 'INFINITY' : '(-INFINITY)';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const marked = /[.e]/.test(text) ? text : `${text}.0`;
  return text.startsWith('-') ? `(${marked})` : marked;
}

export function floatSymbols(node: FloatNode): Set<string> {
  if (node.kind === 'size') return new Set(freeSymbols(node.expr));
  const names = new Set<string>();
  if (node.kind === 'call') for (const arg of node.args) for (const name of floatSymbols(arg)) names.add(name);
  return names;
}

/** The inverse of a node's text. Throws TnError on anything else. */
export function parseFloatNode(text: string): FloatNode {
  const scanner = new Scanner(text);
  const node = readBinary(scanner);
  if (scanner.peek() !== '') scanner.fail();
  return node;
}

/** One infix operator at most: operands that are infix stand in parentheses. */
function readBinary(scanner: Scanner): FloatNode {
  const left = readOperand(scanner);
  const fn = (Object.keys(functions) as FloatFunction[]).find((name) => infoOf(name).infix === scanner.peek());
  if (fn === undefined || scanner.peek() === '') return left;
  scanner.next();
  return floatCall(fn, left, readOperand(scanner));
}

function readOperand(scanner: Scanner): FloatNode {
  const sign = scanner.accept('-') ? -1 : 1;
  const current = scanner.next();
  if (/^\d/.test(current) || current === 'Infinity') return floatConstant(sign * Number(current));
  if (sign < 0) scanner.fail();
  if (current === 'NaN') return floatConstant(Number.NaN);
  if (current === '[') {
    const expr = readSum(scanner);
    scanner.expect(']');
    return floatSize(expr);
  }
  if (current === '(') {
    const inner = readBinary(scanner);
    scanner.expect(')');
    return inner;
  }
  if (!isIdentifier(current)) scanner.fail();
  if (!scanner.accept('(')) return floatSize(symbol(current));
  if (!isFloatFunction(current)) return scanner.fail();
  const args = [readBinary(scanner)];
  while (scanner.accept(',')) args.push(readBinary(scanner));
  scanner.expect(')');
  return floatCall(current, ...args);
}
