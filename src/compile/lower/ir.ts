/** @file The loop IR: buffers, tensors that are functions of an index, and the scalar expressions that they are made of. */

import type { DType } from '../../core/dtype.ts';
import type { SourceLocation } from '../../core/location.ts';
import type { StridedView } from '../../core/view.ts';
import type { Combine, LoopTensor, Scalar, ScalarOp } from '../../ops/record.ts';
import type { Expr } from '../../symbolic/expr.ts';
import type { WeightLayout } from '../part.ts';

/** Where a buffer's bytes are when the part runs. */
export type Place =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  /** A parameter or a constant that is bound with the weights. */
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'constant'; readonly index: number; readonly data: StridedView }
  | { readonly kind: 'arena' };

/** Row-major memory of one tensor. Inputs, parameters and outputs are the caller's; the rest lies in the arena. */
export interface Buffer {
  readonly id: number;
  /** Readable, from the value's name; unique only after `emit/names.ts`. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Expr[];
  readonly place: Place;
}

/** What makes a tensor. Closures get index expressions, one per axis. */
export type Definition =
  | { readonly kind: 'buffer'; readonly buffer: Buffer }
  | { readonly kind: 'pointwise'; readonly body: (index: readonly Expr[]) => ScalarNode }
  | { readonly kind: 'view'; readonly source: LoopNode; readonly map: (index: readonly Expr[]) => readonly Expr[] }
  | {
      readonly kind: 'reduce';
      readonly combine: Combine;
      readonly extents: readonly Expr[];
      readonly body: (index: readonly Expr[], reduced: readonly Expr[]) => ScalarNode;
    }
  | {
      readonly kind: 'scatter';
      readonly base: LoopNode;
      readonly src: LoopNode;
      readonly map: (index: readonly Expr[]) => readonly Expr[];
    }
  | TemplateDefinition;

export type TemplateDefinition =
  | { readonly kind: 'matmul'; readonly a: LoopNode; readonly b: LoopNode; readonly bias: LoopNode | null }
  | {
      readonly kind: 'conv1d';
      readonly x: LoopNode;
      readonly weight: LoopNode;
      readonly bias: LoopNode | null;
      readonly options: { readonly stride: number; readonly padding: number; readonly dilation: number };
    }
  | {
      readonly kind: 'attention';
      readonly q: LoopNode;
      readonly k: LoopNode;
      readonly v: LoopNode;
      readonly mask: LoopNode | null;
      readonly causalOffset: Expr | null;
      readonly scale: number;
    }
  | {
      readonly kind: 'layerNorm';
      readonly x: LoopNode;
      readonly axes: number;
      readonly weight: LoopNode | null;
      readonly bias: LoopNode | null;
      readonly eps: number;
    }
  | { readonly kind: 'softmax'; readonly x: LoopNode; readonly log: boolean }
  | { readonly kind: 'rfft'; readonly x: LoopNode; readonly n: number };

export const templateKinds: ReadonlySet<string> = new Set([
  'matmul',
  'conv1d',
  'attention',
  'layerNorm',
  'softmax',
  'rfft',
]);

/** A tensor of the loop IR. `definition` is replaced when a scatter is folded into the one around it. */
export interface LoopNode extends LoopTensor {
  readonly id: number;
  /** Place in program order; kernels run in this order. */
  position: number;
  /** The graph value it stands for, or a hint. */
  name: string;
  /** Name of the op that made it. */
  readonly op: string;
  readonly location: SourceLocation | null;
  definition: Definition;
  /** Loads of a tensor that go to a copy of its old contents instead (it is overwritten before this node runs). */
  readonly redirects: Map<LoopNode, LoopNode>;
}

interface ScalarBase extends Scalar {
  /** Equal expressions of one compilation are the same object, and have the same id. */
  readonly id: number;
}

/** One element's value. A `load` names a tensor; after expansion only `memory` and `produced` are left of it. */
export type ScalarNode = ScalarBase &
  (
    | { readonly kind: 'constant'; readonly value: number | bigint | boolean }
    /** A number known only when the dims are: `toC` takes the names of the dims. */
    | { readonly kind: 'symbolic'; readonly toC: (nameOf: (symbol: string) => string) => string; readonly text: string }
    | { readonly kind: 'index'; readonly expr: Expr }
    | { readonly kind: 'load'; readonly tensor: LoopNode; readonly index: readonly Expr[] }
    | { readonly kind: 'memory'; readonly buffer: Buffer; readonly offset: Expr; readonly layout: WeightLayout | null }
    /** What the kernel around has just computed: a template's accumulator or a reduction's result. */
    | { readonly kind: 'produced'; readonly slot: number }
    | { readonly kind: 'op'; readonly op: ScalarOp; readonly args: readonly ScalarNode[] }
    | { readonly kind: 'cast'; readonly arg: ScalarNode }
    | {
        readonly kind: 'select';
        readonly condition: ScalarNode;
        readonly whenTrue: ScalarNode;
        readonly whenFalse: ScalarNode;
      }
    | { readonly kind: 'less'; readonly left: Expr; readonly right: Expr }
  );

/** A value used as an index: the symbol that stands for it in expressions, and how it is made. */
export interface Indirect {
  readonly symbol: string;
  readonly value: ScalarNode;
  readonly limit: Expr;
  readonly what: string;
}

export const asNode = (tensor: LoopTensor): LoopNode => tensor as LoopNode;
export const asScalar = (scalar: Scalar): ScalarNode => scalar as ScalarNode;
