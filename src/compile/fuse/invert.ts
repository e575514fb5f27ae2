/** @file Turns a chain of views round: from where an element is produced to where it ends up. */

import { soleAtom } from '../../symbolic/canonical.ts';
import {
  add,
  constValue,
  type Expr,
  floorDiv,
  freeSymbols,
  int,
  mod,
  mul,
  substitute,
  symbol,
} from '../../symbolic/expr.ts';
import { partsOf } from '../../symbolic/traverse.ts';
import { affineIn, linearOffset, numelOf } from '../lower/affine.ts';
import { divideExact, type IndexSpace } from '../lower/space.ts';

interface Digit {
  readonly variable: Expr;
  readonly extent: Expr;
}

/**
 * `forward` gives, for a reader's index `variables`, the index into a tensor of `shape`. Returns the reader's index as a
 * function of the tensor's, or null unless every element of the tensor is read exactly once: axis by axis, or else
 * flattened, the forward map must count through the tensor as a mixed-radix number does. A variable that is taken apart
 * (heads merged into one axis) is written as two digits first.
 */
export function invert(
  space: IndexSpace,
  forward: readonly Expr[],
  variables: readonly Expr[],
  extents: readonly Expr[],
  shape: readonly Expr[],
): ((coordinates: readonly Expr[]) => Expr[]) | null {
  const { digits, whole, index } = takeApart(space, forward, variables, extents);
  const groups = byAxis(space, index, digits, shape) ?? flattened(space, index, digits, shape);
  if (!groups) return null;
  return (coordinates) => {
    const values = new Map<string, Expr>();
    for (const { order, position } of groups) {
      const at = space.simplify(position(coordinates));
      order.forEach(({ digit, stride }, place) => {
        const shifted = space.simplify(floorDiv(at, stride));
        const last = place === order.length - 1;
        values.set(digit.variable.key, last ? shifted : space.simplify(mod(shifted, digit.extent)));
      });
    }
    return variables.map((variable) => space.simplify(resolve(variable, whole, values)));
  };
}

/** Digits that count through one axis, or through all of them flattened. */
interface Group {
  readonly order: readonly { readonly digit: Digit; readonly stride: Expr }[];
  position(coordinates: readonly Expr[]): Expr;
}

function byAxis(
  space: IndexSpace,
  index: readonly Expr[],
  digits: readonly Digit[],
  shape: readonly Expr[],
): Group[] | null {
  const groups: Group[] = [];
  let used = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const names = freeSymbols(index[axis]);
    const mine = digits.filter((digit) => names.has(digit.variable.key));
    used += mine.length;
    const order = countingOrder(space, index[axis], mine, [shape[axis]]);
    if (!order) return null;
    groups.push({ order, position: (coordinates) => coordinates[axis] });
  }
  // A digit of two axes is no digit; one of none would be lost.
  return used === digits.length ? groups : null;
}

function flattened(
  space: IndexSpace,
  index: readonly Expr[],
  digits: readonly Digit[],
  shape: readonly Expr[],
): Group[] | null {
  const order = countingOrder(space, space.simplify(linearOffset(index, shape)), digits, shape);
  return order && [{ order, position: (coordinates) => linearOffset(coordinates, shape) }];
}

/** Writes variables that occur as `floordiv(v, k)` or `mod(v, k)` as `k*high + low`. */
function takeApart(
  space: IndexSpace,
  forward: readonly Expr[],
  variables: readonly Expr[],
  extents: readonly Expr[],
): { digits: Digit[]; whole: Map<string, Expr>; index: readonly Expr[] } {
  const digits: Digit[] = [];
  let index = forward.map((e) => space.simplify(e));
  const whole = new Map<string, Expr>();
  const pending: Digit[] = variables.map((variable, axis) => ({ variable, extent: extents[axis] }));
  while (pending.length > 0) {
    const digit = pending.shift()!;
    if (constValue(digit.extent) === 1) {
      whole.set(digit.variable.key, int(0));
      continue;
    }
    const unit = splittingUnit(index, digit);
    const quotient = unit && divideExact(digit.extent, unit);
    if (!unit || !quotient) {
      digits.push(digit);
      continue;
    }
    const high = space.fresh(quotient);
    const low = space.fresh(unit);
    const sum = add(mul(high, unit), low);
    whole.set(digit.variable.key, sum);
    const replacement = new Map([[digit.variable.key, sum]]);
    index = index.map((e) => space.simplify(substitute(e, replacement)));
    pending.push({ variable: high, extent: quotient }, { variable: low, extent: unit });
  }
  return { digits, whole, index };
}

/** Digits from the least significant on, each stride the product of the extents before it. */
function countingOrder(
  space: IndexSpace,
  offset: Expr,
  digits: readonly Digit[],
  shape: readonly Expr[],
): { digit: Digit; stride: Expr }[] | null {
  const affine = affineIn(offset, new Set(digits.map((digit) => digit.variable.key)));
  if (affine?.base.key !== '0') return null;
  const strides: { digit: Digit; stride: Expr }[] = [];
  for (const digit of digits) {
    const stride = affine.strides.get(digit.variable.key);
    if (!stride) return null;
    strides.push({ digit, stride });
  }
  strides.sort((a, b) => space.weigh(a.stride) - space.weigh(b.stride));
  let expected: Expr = int(1);
  for (const { digit, stride } of strides) {
    if (!space.equal(stride, expected)) return null;
    expected = mul(expected, digit.extent);
  }
  return space.equal(expected, numelOf(shape)) ? strides : null;
}

/** The divisor of a `floordiv(v, k)` or `mod(v, k)` in the index, for the variable v itself. */
function splittingUnit(index: readonly Expr[], digit: Digit): Expr | null {
  for (const e of index) {
    for (const term of e.terms) {
      for (const atom of term.factors) {
        if (atom.kind !== 'floordiv' && atom.kind !== 'mod') continue;
        const [left, right] = partsOf(atom);
        const sole = soleAtom(left);
        if (sole?.kind === 'symbol' && sole.key === digit.variable.key) return right;
      }
    }
  }
  return null;
}

/** A variable by the digits that it was written as. */
function resolve(variable: Expr, whole: ReadonlyMap<string, Expr>, values: ReadonlyMap<string, Expr>): Expr {
  const value = values.get(variable.key);
  if (value) return value;
  const sum = whole.get(variable.key);
  if (!sum) return variable;
  const replacements = new Map<string, Expr>();
  for (const name of freeSymbols(sum)) {
    if (values.has(name) || whole.has(name)) replacements.set(name, resolve(symbol(name), whole, values));
  }
  return substitute(sum, replacements);
}
