/** @file What transformed `x + y`, `Math.sqrt(x)` and `if (x > 0)` mean where x is a tensor. */

import { TnError } from '../core/errors.ts';
import { captureLocation, formatLocation } from '../core/location.ts';
import { activeTracer } from '../core/tracer.ts';
import { isOperatorTarget, type OperatorName } from '../symbolic/operatorTarget.ts';
import type { MathName } from '../symbolic/symbolicMath.ts';
import { describe, isScalar, isTensor, type Operand } from './functions/operands.ts';
import * as f from './functions/pointwise.ts';
import { singleValue } from './read.ts';
import type { Tensor } from './tensor.ts';

interface BinaryOperator {
  readonly sign: string;
  readonly apply: (left: Operand, right: Operand) => Tensor;
}

/** `%` is Python's here, as everywhere in PyTorch: the sign of the divisor. */
const binaryOperators: { readonly [name in Exclude<OperatorName, 'neg' | 'pos'>]: BinaryOperator } = {
  add: { sign: '+', apply: f.add },
  sub: { sign: '-', apply: f.sub },
  mul: { sign: '*', apply: f.mul },
  div: { sign: '/', apply: f.div },
  mod: { sign: '%', apply: f.remainder },
  pow: { sign: '**', apply: f.pow },
  lt: { sign: '<', apply: f.lt },
  le: { sign: '<=', apply: f.le },
  gt: { sign: '>', apply: f.gt },
  ge: { sign: '>=', apply: f.ge },
};

/** The user's line, for errors that are the user's mistake. */
function here(): string | null {
  const location = captureLocation();
  return location && formatLocation(location);
}

/**
 * `x op other`, or `other op x` when reversed. A string makes a text of both; undefined where the other object defines
 * operators itself. Throws TnError for what has no meaning, where JavaScript would make NaN of it.
 */
export function tensorOperator(x: Tensor, op: OperatorName, other: unknown, reversed: boolean): unknown {
  if (op === 'neg') return f.neg(x);
  if (op === 'pos') return x;
  const { sign, apply } = binaryOperators[op];
  if (isTensor(other) || isScalar(other)) return reversed ? apply(other, x) : apply(x, other);
  if (op === 'add' && typeof other === 'string') return reversed ? other + String(x) : String(x) + other;
  if (isOperatorTarget(other)) return undefined;
  const operands = [`a tensor ${sizesText(x)}`, describe(other)];
  throw new TnError({
    what: `\`${sign}\` has no meaning for ${(reversed ? operands.reverse() : operands).join(' and ')}.`,
    where: here(),
    fix: 'give it a tensor or a number: tensor(…) makes one of arrays',
  });
}

function sizesText(x: Tensor): string {
  return `[${x.shape.map(String).join(', ')}]`;
}

const unaryMath: { readonly [name in MathName]?: (x: Tensor) => Tensor } = {
  abs: f.abs,
  ceil: f.ceil,
  cos: f.cos,
  exp: f.exp,
  expm1: f.expm1,
  floor: f.floor,
  fround: (x) => f.to(x, 'float32'),
  log: f.log,
  log10: f.log10,
  log1p: f.log1p,
  log2: f.log2,
  round: f.round,
  sign: f.sign,
  sin: f.sin,
  sqrt: f.sqrt,
  tan: f.tan,
  tanh: f.tanh,
  trunc: f.trunc,
};

const binaryMath: { readonly [name in MathName]?: (left: Operand, right: Operand) => Tensor } = {
  atan2: f.atan2,
  hypot: (left, right) => f.sqrt(f.add(f.mul(left, left), f.mul(right, right))),
  pow: f.pow,
};

/** `Math[name](...args)`, at least one argument being a tensor: element by element, as the function of the same name. */
export function tensorMath(name: MathName, args: readonly unknown[]): Tensor {
  const operands = args.map((arg) => {
    if (isTensor(arg) || isScalar(arg)) return arg;
    throw new TnError({ what: `Math.${name} has no meaning for a tensor and ${describe(arg)}.`, where: here() });
  });
  const [first, second] = operands;
  if (name === 'min' || name === 'max') return extreme(name === 'min' ? f.minimum : f.maximum, operands);
  const unary = unaryMath[name];
  if (unary && isTensor(first)) return unary(first);
  const binary = binaryMath[name];
  if (binary && operands.length === 2) return binary(first, second);
  const known = [...Object.keys(unaryMath), ...Object.keys(binaryMath), 'max', 'min'].sort();
  throw new TnError({
    what: `Math.${name} is not defined for ${args.length > 1 ? `${args.length} arguments with ` : ''}tensors.`,
    found: [`these are: ${known.join(', ')}`],
    where: here(),
    fix: 'put it together from those and the methods of tensors',
  });
}

/** Both functions are commutative: numbers come in after the tensors. */
function extreme(apply: (left: Operand, right: Operand) => Tensor, operands: readonly Operand[]): Tensor {
  const [first, ...more] = operands.filter(isTensor);
  const rest: readonly Operand[] = [...more, ...operands.filter((operand) => !isTensor(operand))];
  return rest.reduce<Tensor>(apply, first);
}

/**
 * A tensor where a branch is decided. A comparison (`if (x > 0)`) asks for its value, which one element has. A name alone
 * (`if (mask)`) asks whether it is there, which it is: only of a single truth value nobody can tell.
 */
export function tensorCondition(x: Tensor, isComparison: boolean): boolean {
  if (isComparison) {
    if (x.count !== 1) {
      throw new TnError({
        what: `A condition on ${x.count} elements at once has no answer.`,
        found: [`found a tensor ${x.dtype} ${sizesText(x)} in if, while, ?:, &&, || or !`],
        where: here(),
        fix: 'where(condition, a, b) chooses element by element; .all() or .any() makes one value of all; logicalAnd, logicalOr and logicalNot combine',
      });
    }
    activeTracer?.readValues(x, 'a branch on data (a tensor as a condition)');
    return Boolean(singleValue(x));
  }
  if (x.dtype === 'bool' && x.sizes.length === 0) {
    throw new TnError({
      what: 'A condition on a tensor that holds one truth value: is its value meant, or that it is there?',
      where: here(),
      fix: 'write .item() for the value, !== null (or undefined) for its presence; comparisons written into the condition are values',
    });
  }
  return true;
}

/** A tensor where JavaScript wants a plain value: text it has, a number it is not. */
export function tensorPrimitive(x: Tensor, hint: string): string {
  if (hint === 'string') return x.toString();
  throw new TnError({
    what: 'A tensor was used as a plain number.',
    found: [
      'by an operator in code that is not transformed (a package, or a file that runs without the transformer),',
      'or by an operator that tensors do not have (| & ^ ~ << >> >>>)',
    ],
    where: here(),
    fix: 'run the file with `tn run FILE.ts` or `node --import torchnative/register`, call the method (x.add(y)), or take .item(); in texts use a template',
  });
}
