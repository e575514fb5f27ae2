/** @file One-dimensional convolution with packed weights: rows are output positions, columns output channels. */

import { invariant } from '../../core/errors.ts';
import { constValue, floorDiv, int, mul } from '../../symbolic/expr.ts';
import { conv1d } from '../templates/conv1d.ts';
import { buildEpilogue, type Finish, type ResultIndex } from './epilogue.ts';
import { matrixElements, packedElements } from './matmul.ts';
import { floatDtype, panelsOf, plainMemory, pointerText, stridedOperand } from './operand.ts';
import type { TemplateEmission, TemplateInput } from './template.ts';

export function emitConv1d(input: TemplateInput): TemplateEmission {
  const { scope, kernel, memory } = input;
  const { space, scalars } = scope.lowering;
  const root = kernel.root!;
  const { definition } = root;
  if (definition.kind !== 'conv1d') throw new Error('internal: not a convolution');
  const { x, weight, bias, options } = definition;
  const [batches, outChannels, outLength] = root.shape;
  const [, inChannels, width] = weight.shape;
  const source = stridedOperand(scope, plainMemory(memory), x);
  const filter = stridedOperand(scope, plainMemory(memory), weight);
  const [strideN, strideC, strideW] = filter.strides;
  const layout = panelsOf(
    filter,
    { n: outChannels, k1: width, k0: inChannels },
    { n: strideN, k1: strideW, k0: strideC },
    input,
  );
  invariant(layout, () => `the filter of ${root.name} is no weight`);
  const batch = constValue(batches) === 1 ? int(0) : space.fresh(batches);
  const row = constValue(outLength) === 1 ? int(0) : space.fresh(outLength);
  const result: ResultIndex = { batch, head: int(0), row, columns: outChannels, at: (column) => [batch, column, row] };
  const finish: Finish = (value, coordinates, expander) =>
    bias ? scalars.op('add', [value, scalars.cast(expander.element(bias, [coordinates[1]]), 'float32')]) : value;
  const epilogue = buildEpilogue(scope, kernel, memory, result, finish);
  const product = mul(mul(mul(batches, outLength), outChannels), mul(inChannels, width));
  const [batchStride, channelStride, timeStride] = source.strides.map((stride) => scope.expr(stride));
  const inputText = {
    pointer: pointerText(scope, source),
    dtype: floatDtype(source.buffer),
    batchStride,
    channelStride,
    timeStride,
  };
  return {
    template: 'conv1d',
    inlined: epilogue.inlined,
    traffic: [
      { buffer: source.buffer, access: 'read', elements: matrixElements(source, x.shape) },
      {
        buffer: filter.buffer,
        access: 'read',
        elements: packedElements(filter.buffer, layout, matrixElements(filter, weight.shape)),
      },
      ...epilogue.traffic,
    ],
    work: floorDiv(product, int(8)),
    render: (context) =>
      conv1d(
        { ...context, precision: layout.element ?? 'float32' },
        {
          batches: scope.expr(batches),
          inChannels: constValue(inChannels)!,
          length: scope.expr(x.shape[2]),
          outChannels: scope.expr(outChannels),
          outLength: scope.expr(outLength),
          kernelWidth: constValue(width)!,
          ...options,
          input: inputText,
          weight: {
            kind: 'panels',
            pointer: scope.pointer(filter.buffer, 'read', layout),
            dtype: floatDtype(filter.buffer),
          },
          epilogue: epilogue.text,
          touches: epilogue.touches,
        },
      ),
  };
}
