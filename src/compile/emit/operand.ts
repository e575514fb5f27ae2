/** @file Template operands: memory with strides, read off the views between an operand and the buffer that holds it. */

import { invariant } from '../../core/errors.ts';
import { constValue, type Expr, int } from '../../symbolic/expr.ts';
import { Expander, type Memory } from '../fuse/expand.ts';
import { affineIn } from '../lower/affine.ts';
import type { Buffer, LoopNode } from '../lower/ir.ts';
import type { WeightLayout } from '../part.ts';
import { quadDepthLimit } from '../templates/quads.ts';
import type { FloatDtype } from '../templates/types.ts';
import { cTypes } from './ctypes.ts';
import type { KernelScope } from './scope.ts';
import type { TemplateInput } from './template.ts';

export interface Strided {
  readonly buffer: Buffer;
  /** Of the first element, in elements. */
  readonly offset: Expr;
  /** One per axis of the operand, in elements. */
  readonly strides: readonly Expr[];
}

/** Row-major addressing only: an operand's own layout is decided by its template. */
export function plainMemory(memory: Memory): Memory {
  return { bufferOf: (node) => memory.bufferOf(node), packed: () => null };
}

/** The operand's memory; `fuse/realise.ts` saw to it that there is some. */
export function stridedOperand(scope: KernelScope, memory: Memory, node: LoopNode): Strided {
  const { lowering } = scope;
  const index = node.shape.map((size) => lowering.space.fresh(size));
  const element = new Expander(lowering, plainMemory(memory)).element(node, index);
  invariant(element.kind === 'memory', () => `operand ${node.name} is not in memory`);
  const affine = affineIn(element.offset, new Set(index.map((e) => e.key)));
  invariant(affine, () => `operand ${node.name} is not strided`);
  return {
    buffer: element.buffer,
    offset: affine.base,
    strides: index.map((e) => affine.strides.get(e.key) ?? int(0)),
  };
}

/** Panels of a weight matrix given by its strides, in the precision's elements, if it is a weight of static size: [K, N] with any strides. */
export function panelsOf(
  operand: Strided,
  sizes: { readonly n: Expr; readonly k1: Expr; readonly k0: Expr },
  strides: { readonly n: Expr; readonly k1: Expr; readonly k0: Expr },
  { written, precision }: Pick<TemplateInput, 'written' | 'precision'>,
): (WeightLayout & { readonly kind: 'panels16' }) | null {
  const { place } = operand.buffer;
  if ((place.kind !== 'parameter' && place.kind !== 'constant') || written.has(operand.buffer)) return null;
  const values = [sizes.n, sizes.k1, sizes.k0, operand.offset, strides.n, strides.k1, strides.k0].map(constValue);
  if (values.some((value) => value === null)) return null;
  const [n, k1, k0, offset, strideN, strideK1, strideK0] = values as number[];
  if (precision === 'float32') return { kind: 'panels16', n, k1, k0, offset, strideN, strideK1, strideK0 };
  const element = precision === 'int8' && k1 * k0 <= quadDepthLimit ? 'int8' : 'bf16';
  return { kind: 'panels16', element, n, k1, k0, offset, strideN, strideK1, strideK0 };
}

/** A vector in memory, its elements side by side; null when it is computed, or lies in another way. */
export function vectorOperand(
  scope: KernelScope,
  memory: Memory,
  node: LoopNode,
): { readonly buffer: Buffer; readonly offset: Expr } | null {
  const index = scope.lowering.space.fresh(node.shape[0]);
  const element = new Expander(scope.lowering, memory).element(node, [index]);
  if (element.kind !== 'memory' || element.layout || cTypes[element.buffer.dtype].local !== 'float') return null;
  const affine = affineIn(element.offset, new Set([index.key]));
  if (!affine || constValue(affine.strides.get(index.key) ?? int(0)) !== 1) return null;
  return { buffer: element.buffer, offset: affine.base };
}

/** C expression of the operand's first element at an index given in C variables. */
export function pointerText(
  scope: KernelScope,
  { buffer, offset }: Pick<Strided, 'buffer' | 'offset'>,
  extra: readonly string[] = [],
): string {
  const name = scope.pointer(buffer, 'read');
  const parts = [constValue(offset) === 0 ? '' : scope.expr(offset), ...extra].filter((part) => part !== '');
  return [name, ...parts].join(' + ');
}

/** `batch * stride`, empty for stride 0. */
export function stepText(scope: KernelScope, variable: string, stride: Expr): string {
  const value = constValue(stride);
  if (value === 0) return '';
  return value === 1 ? variable : `${variable} * ${scope.factor(stride)}`;
}

export function floatDtype(buffer: Buffer): FloatDtype {
  invariant(cTypes[buffer.dtype].local === 'float', () => `${buffer.name} is ${buffer.dtype}`);
  return buffer.dtype as FloatDtype;
}
