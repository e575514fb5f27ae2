/** @file Fused attention: operands by strides, mask as text, rows into the epilogue. */

import { constValue, floorDiv, int, mul } from '../../symbolic/expr.ts';
import { Expander } from '../fuse/expand.ts';
import { broadcastAt } from '../lower/batch.ts';
import type { LoopNode } from '../lower/ir.ts';
import { type AttentionOperand, attention, type MaskPlace } from '../templates/attention.ts';
import { buildEpilogue, type ResultIndex } from './epilogue.ts';
import { inlineText } from './inlineText.ts';
import { matrixElements } from './matmul.ts';
import { floatDtype, plainMemory, pointerText, stridedOperand } from './operand.ts';
import type { TemplateEmission, TemplateInput } from './template.ts';
import { readsOf, type Traffic } from './traffic.ts';

export function emitAttention(input: TemplateInput): TemplateEmission {
  const { scope, kernel, memory } = input;
  const { lowering } = scope;
  const { space, scalars } = lowering;
  const root = kernel.root!;
  const { definition } = root;
  if (definition.kind !== 'attention') throw new Error('internal: no attention');
  const [batches, heads, queries, depth] = root.shape;
  const keys = definition.k.shape[2];
  const variable = (size: typeof batches) => (constValue(size) === 1 ? int(0) : space.fresh(size));
  const [batch, head, row] = [batches, heads, queries].map(variable);
  const result: ResultIndex = { batch, head, row, columns: depth, at: (column) => [batch, head, row, column] };
  const traffic: Traffic[] = [];
  const operand = (node: LoopNode): AttentionOperand => {
    const strided = stridedOperand(scope, plainMemory(memory), node);
    traffic.push({ buffer: strided.buffer, access: 'read', elements: matrixElements(strided, node.shape) });
    const [batchStride, headStride, rowStride] = strided.strides.map((stride) => scope.expr(stride));
    const pointer = pointerText(scope, strided);
    return { pointer, dtype: floatDtype(strided.buffer), batchStride, headStride, rowStride };
  };
  const [query, key, value] = [definition.q, definition.k, definition.v].map(operand);
  const epilogue = buildEpilogue(scope, kernel, memory, result, (v) => v);
  const { mask, causalOffset } = definition;
  const maskText = (place: MaskPlace): string => {
    const names = [place.batch, place.head, place.row, place.key];
    const index = [batches, heads, queries, keys].map((size, i) => {
      if (constValue(size) === 1) return int(0);
      const fresh = space.fresh(size);
      scope.bind(fresh, /^\w+$/.test(names[i]) ? names[i] : `(${names[i]})`);
      return fresh;
    });
    const at = mask ? broadcastAt(mask, index) : [];
    const element = new Expander(lowering, memory).element(mask!, at);
    const added =
      element.dtype === 'bool'
        ? scalars.select(element, scalars.constant(0, 'float32'), scalars.constant(Number.NEGATIVE_INFINITY, 'float32'))
        : scalars.cast(element, 'float32');
    return inlineText(scope, added);
  };
  if (mask) {
    const index = mask.shape.map((size) => space.fresh(size));
    const axes = index.map((e, i) => ({ variable: e, extent: mask.shape[i] }));
    traffic.push(...readsOf(lowering, new Expander(lowering, memory).element(mask, index), axes));
  }
  const work = mul(mul(mul(batches, heads), mul(queries, keys)), depth);
  return {
    template: 'attention',
    inlined: epilogue.inlined,
    traffic: [...traffic, ...epilogue.traffic],
    work: floorDiv(work, int(4)),
    render: (context) =>
      attention(context, {
        batches: scope.expr(batches),
        heads: scope.expr(heads),
        queries: scope.expr(queries),
        keys: scope.expr(keys),
        headDim: constValue(definition.q.shape[3])!,
        valueDim: constValue(depth)!,
        query,
        key,
        value,
        scale: floatText(definition.scale),
        ...(causalOffset ? { causalOffset: scope.expr(causalOffset) } : {}),
        ...(mask ? { mask: maskText } : {}),
        epilogue: epilogue.text,
      }),
  };
}

function floatText(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
