/** @file Loop axes: neighbours that are walked through as one become one. */

import { constValue, type Expr, freeSymbols, int, mul, sub } from '../../symbolic/expr.ts';
import { affineIn } from '../lower/affine.ts';
import type { Lowering } from '../lower/builder.ts';

export interface Axis {
  readonly variable: Expr;
  readonly extent: Expr;
}

/** Axes without those of extent one (their variables are 0 already). */
export function realAxes(variables: readonly Expr[], extents: readonly Expr[]): Axis[] {
  return variables
    .map((variable, i) => ({ variable, extent: extents[i] }))
    .filter(({ extent }) => constValue(extent) !== 1);
}

export interface Collapsed {
  readonly axes: readonly Axis[];
  /** What the old variables are in terms of the new ones. */
  readonly replacements: ReadonlyMap<string, Expr>;
}

/** Merges neighbours k, k+1 wherever every expression steps by `extent(k+1)` times its inner stride. */
export function collapse(lowering: Lowering, axes: readonly Axis[], exprs: readonly Expr[]): Collapsed {
  const { space } = lowering;
  const replacements = new Map<string, Expr>();
  const out: Axis[] = [];
  for (const axis of axes) {
    const outer = out.at(-1);
    if (outer && exprs.every((e) => stepsAsOne(lowering, e, outer, axis, replacements))) {
      const merged = space.fresh(mul(outer.extent, axis.extent));
      replacements.set(outer.variable.key, int(0));
      replacements.set(axis.variable.key, merged);
      for (const [name, value] of replacements) {
        if (value.key === outer.variable.key) replacements.set(name, int(0));
      }
      out[out.length - 1] = { variable: merged, extent: space.extentOf(merged.key) };
    } else out.push(axis);
  }
  return { axes: out, replacements };
}

function stepsAsOne(
  lowering: Lowering,
  e: Expr,
  outer: Axis,
  inner: Axis,
  replaced: ReadonlyMap<string, Expr>,
): boolean {
  // A merged outer axis has the stride of its innermost member.
  let outerName = outer.variable.key;
  for (const [name, value] of replaced) if (value.key === outer.variable.key) outerName = name;
  const names = new Set([outerName, inner.variable.key]);
  if (![...freeSymbols(e)].some((name) => names.has(name))) return true;
  const affine = affineIn(e, names);
  if (!affine) return false;
  const outerStride = affine.strides.get(outerName) ?? int(0);
  const innerStride = affine.strides.get(inner.variable.key) ?? int(0);
  return lowering.space.simplify(sub(outerStride, mul(innerStride, inner.extent))).key === '0';
}
