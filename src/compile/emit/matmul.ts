/** @file Matrix products: packed weights (gemm, or gemv for a few rows) or two activations (gemm that packs at run time). */

import { bytesOf } from '../../core/dtype.ts';
import { add, constValue, type Expr, floorDiv, int, mul } from '../../symbolic/expr.ts';
import type { Buffer, LoopNode } from '../lower/ir.ts';
import type { WeightLayout } from '../part.ts';
import { gemvMaxRows } from '../templates/cost.ts';
import { type GemmSpec, gemm } from '../templates/gemm.ts';
import { gemv } from '../templates/gemv.ts';
import type { KernelContext } from '../templates/types.ts';
import { buildEpilogue, type Finish, type ResultIndex, splitIndex } from './epilogue.ts';
import { floatDtype, panelsOf, plainMemory, pointerText, type Strided, stepText, stridedOperand } from './operand.ts';
import type { TemplateEmission, TemplateInput } from './template.ts';

/** The weight panels that a product wants, if its right operand is a weight. */
export function matmulPanels(
  input: Pick<TemplateInput, 'scope' | 'memory' | 'written' | 'precision'>,
  root: LoopNode,
): { buffer: Buffer; layout: WeightLayout & { kind: 'panels16' } } | null {
  const { definition } = root;
  if (definition.kind !== 'matmul') return null;
  const right = stridedOperand(input.scope, input.memory, definition.b);
  const [batch, strideK, strideN] = right.strides;
  if (constValue(batch) !== 0 && constValue(definition.b.shape[0]) !== 1) return null;
  const [, k, n] = definition.b.shape;
  const layout = panelsOf(right, { n, k1: int(1), k0: k }, { n: strideN, k1: int(0), k0: strideK }, input);
  return layout && { buffer: right.buffer, layout };
}

export function emitMatmul(input: TemplateInput): TemplateEmission {
  const { scope, kernel, memory } = input;
  const { space } = scope.lowering;
  const root = kernel.root!;
  const { definition } = root;
  if (definition.kind !== 'matmul') throw new Error('internal: not a matmul');
  const [batches, rows, columns] = root.shape;
  const depth = definition.a.shape[2];
  const left = stridedOperand(scope, plainMemory(memory), definition.a);
  const right = stridedOperand(scope, plainMemory(memory), definition.b);
  const packed = matmulPanels(input, root);
  // One matrix after the other with the same weights is one taller matrix.
  const oneBatch = constValue(batches) === 1;
  const flat = packed !== null && (oneBatch || space.equal(left.strides[0], mul(left.strides[1], rows)));
  const tall = flat ? mul(batches, rows) : rows;

  const rowVariable = constValue(tall) === 1 ? int(0) : space.fresh(tall);
  const batchVariable = flat || oneBatch ? int(0) : space.fresh(batches);
  const result: ResultIndex = {
    batch: batchVariable,
    head: int(0),
    row: rowVariable,
    columns,
    at: (column) => {
      if (!flat) return [batchVariable, rowVariable, column];
      const [outer, inner] = oneBatch ? [int(0), rowVariable] : splitIndex(rowVariable, rows);
      return [outer, inner, column];
    },
  };
  const bias = definition.bias;
  const finish: Finish = (value, coordinates, expander) => {
    if (!bias) return value;
    const { scalars } = scope.lowering;
    return scalars.op('add', [value, scalars.cast(expander.element(bias, [coordinates[2]]), 'float32')]);
  };

  const leftText = {
    kind: 'matrix' as const,
    pointer: pointerText(scope, left, flat ? [] : [stepText(scope, 'batch', left.strides[0])]),
    dtype: floatDtype(left.buffer),
    rowStride: scope.expr(left.strides[1]),
  };
  const rightText: GemmSpec['right'] = packed
    ? { kind: 'panels', pointer: scope.pointer(packed.buffer, 'read', packed.layout), dtype: floatDtype(right.buffer) }
    : {
        kind: 'strided',
        pointer: pointerText(scope, right, [stepText(scope, 'batch', right.strides[0])]),
        dtype: floatDtype(right.buffer),
        rowStride: scope.expr(right.strides[1]),
        columnStride: scope.expr(right.strides[2]),
      };
  const epilogue = buildEpilogue(scope, kernel, memory, result, finish);
  // The kernel multiplies what the panels hold.
  const kernelContext = (context: KernelContext): KernelContext =>
    packed ? { ...context, precision: packed.layout.element ?? 'float32' } : context;
  const sizes = { rows: scope.expr(tall), columns: scope.expr(columns), depth: scope.expr(depth) };
  const fewRows = constValue(tall);
  const useGemv = rightText.kind === 'panels' && fewRows !== null && fewRows >= 1 && fewRows <= gemvMaxRows && flat;
  const product = mul(mul(mul(batches, rows), columns), depth);
  return {
    template: useGemv ? 'gemv' : 'gemm',
    inlined: epilogue.inlined,
    traffic: [
      { buffer: left.buffer, access: 'read', elements: matrixElements(left, definition.a.shape) },
      {
        buffer: right.buffer,
        access: 'read',
        elements: packedElements(right.buffer, packed?.layout, matrixElements(right, definition.b.shape)),
      },
      ...epilogue.traffic,
    ],
    // A tenth of a nanosecond for ten fused multiply-adds; a few rows are bound by memory.
    work: useGemv ? floorDiv(product, int(2)) : add(floorDiv(product, int(8)), mul(columns, depth)),
    render: (context) =>
      useGemv && rightText.kind === 'panels'
        ? gemv(kernelContext(context), {
            ...sizes,
            rows: fewRows,
            left: leftText,
            right: rightText,
            epilogue: epilogue.text,
          })
        : gemm(kernelContext(context), {
            ...sizes,
            ...(flat || oneBatch ? {} : { batches: scope.expr(batches) }),
            left: leftText,
            right: rightText,
            epilogue: epilogue.text,
            touches: epilogue.touches,
          }),
  };
}

/** The elements of the tensor's own dtype that weigh as much as the panels' elements. */
export function packedElements(buffer: Buffer, layout: WeightLayout | undefined, elements: Expr): Expr {
  if (layout?.kind !== 'panels16' || layout.element === undefined) return elements;
  const bytes = layout.element === 'int8' ? 1 : 2;
  return floorDiv(mul(elements, int(bytes)), int(bytesOf(buffer.dtype)));
}

/** Elements that an operand touches: an axis of stride 0 is read again, not more. */
export function matrixElements(operand: Strided, shape: readonly Expr[]): Expr {
  return shape.reduce(
    (total, size, axis) => (constValue(operand.strides[axis]) === 0 ? total : mul(total, size)),
    int(1),
  );
}
