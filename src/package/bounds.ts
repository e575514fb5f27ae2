/** @file Upper ends of dims that a part leaves open: as far as no size of a call can overflow. */

import { bytesOf, type DType } from '../core/dtype.ts';
import { constValue, type Expr, int, mul, parseExpr } from '../symbolic/expr.ts';
import type { DimRange } from '../symbolic/range.ts';
import { boundsOf } from '../symbolic/range.ts';
import type { PackagePart } from './model.ts';

/** Bytes that no single buffer of a call may pass: what processors can address. */
const mostBytes = 2 ** 47;

/** The ranges of a part's dims, each with an end. In the order of `part.symbols`. */
export function closedRanges(part: PackagePart): ReadonlyMap<string, DimRange> {
  const { dims } = part.manifest;
  const sizes = sizesOf(part);
  // Halved from the top: sizes grow with their dims, so the first limit that fits is the widest power of two.
  for (let limit = mostBytes; ; limit /= 2) {
    const ranges = new Map(
      part.symbols.map((name): [string, DimRange] => {
        const { min, max, multipleOf } = dims[name];
        const least = Math.ceil(min / multipleOf) * multipleOf;
        const most = Math.floor(Math.min(max ?? limit, limit) / multipleOf) * multipleOf;
        return [name, { min, max: Math.max(least, most), multipleOf }];
      }),
    );
    const fits = sizes.every((size) => {
      const { min, max } = boundsOf(size, ranges);
      return max <= mostBytes && min >= -mostBytes;
    });
    if (fits || limit <= 1) return ranges;
  }
}

/** Bytes of every input and output, of the arena, and the amount of work. */
function sizesOf(part: PackagePart): Expr[] {
  const { inputs } = part.manifest;
  const outputs = part.abi.outputs;
  const bytes = (dtype: string, shape: readonly (number | string)[]): Expr =>
    shape.reduce<Expr>((product, size) => mul(product, sizeExpr(size)), int(bytesOf(dtype as DType)));
  const codes = [...new Set(part.code.values())];
  return [
    ...inputs.map(({ dtype, shape }) => bytes(dtype, shape)),
    ...outputs.map(({ dtype, shape }) => bytes(dtype, shape)),
    ...codes.flatMap(({ arena, work }) => [parseExpr(arena), parseExpr(work)]),
  ].filter((size) => constValue(size) === null);
}

export function sizeExpr(size: number | string): Expr {
  return typeof size === 'number' ? int(size) : parseExpr(size);
}
