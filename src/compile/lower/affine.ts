/** @file Reads strides off index expressions: an offset that is linear in the loop variables, or not. */

import { add, Expr as ExprClass } from '../../symbolic/canonical.ts';
import { type Expr, freeSymbols, int, mul } from '../../symbolic/expr.ts';
import { divideExact } from './space.ts';

export interface Affine {
  /** The part without loop variables. */
  readonly base: Expr;
  /** By variable name; a variable that does not occur has no entry. */
  readonly strides: ReadonlyMap<string, Expr>;
}

/** Splits `e` into `base + Σ stride × variable`; null when a variable occurs otherwise (in a quotient, a product …). */
export function affineIn(e: Expr, variables: ReadonlySet<string>): Affine | null {
  let base = int(0);
  const strides = new Map<string, Expr>();
  for (const term of e.terms) {
    const single = new ExprClass([term]);
    const used = [...freeSymbols(single)].filter((name) => variables.has(name));
    if (used.length === 0) {
      base = add(base, single);
      continue;
    }
    if (used.length > 1) return null;
    const [name] = used;
    const atoms = term.factors.filter((atom) => atom.kind === 'symbol' && atom.name === name);
    if (atoms.length !== 1) return null;
    const stride = divideExact(single, new ExprClass([{ coefficient: 1, factors: atoms, key: atoms[0].key }]));
    if (!stride || freeSymbols(stride).has(name)) return null;
    strides.set(name, add(strides.get(name) ?? int(0), stride));
  }
  return { base, strides };
}

/** Row-major strides of a shape, in elements. */
export function rowMajorStrides(shape: readonly Expr[]): Expr[] {
  const strides = new Array<Expr>(shape.length);
  let stride = int(1);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride = mul(stride, shape[axis]);
  }
  return strides;
}

export function linearOffset(index: readonly Expr[], shape: readonly Expr[]): Expr {
  const strides = rowMajorStrides(shape);
  return index.reduce((sum, e, axis) => add(sum, mul(e, strides[axis])), int(0));
}

export function numelOf(shape: readonly Expr[]): Expr {
  return shape.reduce((product, size) => mul(product, size), int(1));
}
