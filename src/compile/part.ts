/** @file What the compiler hands on: C files, the order of the argument block, weights and their layouts, the plan. */

import type { DType } from '../core/dtype.ts';
import type { Expr } from '../symbolic/expr.ts';
import type { IsaName, TemplatePrecision } from './templates/types.ts';

/** What a part is compiled for. Nothing of the machine that compiles comes in. */
export interface Target {
  readonly isa: IsaName;
  readonly precision: TemplatePrecision;
}

/** Bytes of a weight in memory. `rows`: the tensor as it is, row-major. */
export type WeightLayout =
  | { readonly kind: 'rows' }
  /**
   * `[ceil(n/16)][k1*k0][16]`, zero beyond the last column: element (column c, depth i1*k0 + i0) is the tensor's element
   * `offset + c*strideN + i1*strideK1 + i0*strideK0` (in elements). See `pack_panels` in tn_runtime.h.
   *
   * With `element` bf16 the elements are rounded to bfloat16 and stand in pairs, `[ceil(n/16)][ceil(k1*k0/2)][16][2]`, zero beyond the
   * last of an odd depth. With int8 they are quantised, each column by its largest magnitude: `[ceil(n/16)]` panels of
   * `[ceil(k1*k0/4)][16][4]` bytes, 128 added, and 16 float32 scales. Without it they are the tensor's own.
   */
  | {
      readonly kind: 'panels16';
      readonly element?: 'bf16' | 'int8';
      readonly n: number;
      readonly k1: number;
      readonly k0: number;
      readonly offset: number;
      readonly strideN: number;
      readonly strideK1: number;
      readonly strideK0: number;
    };

/** One address of the weights array. */
export interface WeightSlot {
  readonly source: { readonly kind: 'parameter' | 'constant'; readonly index: number };
  readonly layout: WeightLayout;
  readonly dtype: DType;
  /** The part writes into it (a mutated parameter): it must be the tensor's own memory. */
  readonly written: boolean;
}

/** Order of the words that a call hands over, see tn_runtime.h. */
export interface PartAbi {
  /** Symbols, in the order of the dims. */
  readonly dims: readonly string[];
  /** Graph inputs (indices) in the order of the input addresses; contiguous memory each. */
  readonly inputs: readonly number[];
  /** As many output addresses as the graph has outputs, in their order; row-major memory of the given sizes. */
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly Expr[] }[];
  readonly weights: readonly WeightSlot[];
}

export interface PlannedTraffic {
  readonly buffer: string;
  readonly bytes: Expr;
}

/** One step of the program. */
export interface PlannedKernel {
  /** The C function; equal kernels share one. */
  readonly name: string;
  /** `loops`, `reduce`, `gemm`, `gemv`, `attention` … */
  readonly template: string;
  readonly reads: readonly PlannedTraffic[];
  readonly writes: readonly PlannedTraffic[];
  /** `linear at Block.forward (model.ts:88:14)`. */
  readonly lines: string;
  /** All threads meet before it. */
  readonly barrier: boolean;
}

export interface CFile {
  readonly name: string;
  readonly source: string;
}

/** A compiled graph: a pure function of graph and target. */
export interface CompiledPart {
  readonly name: string;
  readonly files: readonly CFile[];
  readonly kernels: readonly PlannedKernel[];
  readonly abi: PartAbi;
  /** Bytes of the arena. */
  readonly arena: Expr;
  /** Rough nanoseconds on one core, tenfold: the largest number that the generated code computes of the dims. */
  readonly work: Expr;
}
