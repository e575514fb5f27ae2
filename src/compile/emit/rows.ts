/** @file Kernels that normalise rows: layerNorm and softmax; and real Fourier transforms of rows. */

import { constValue, type Expr, int, mul } from '../../symbolic/expr.ts';
import { Expander } from '../fuse/expand.ts';
import { numelOf } from '../lower/affine.ts';
import { digits } from '../lower/batch.ts';
import type { LoopNode } from '../lower/ir.ts';
import { realFft } from '../templates/fft.ts';
import { layerNorm, type RowSource, softmax } from '../templates/rowReduce.ts';
import { buildEpilogue, type Finish, type ResultIndex } from './epilogue.ts';
import { inlineText } from './inlineText.ts';
import { floatDtype, plainMemory, pointerText, vectorOperand } from './operand.ts';
import { Writer } from './scalarText.ts';
import type { TemplateEmission, TemplateInput } from './template.ts';
import { readsOf, type Traffic } from './traffic.ts';

/** An operand read element by element: C text of element `column` of row `row`, and what it reads. */
function rowLoader(input: TemplateInput, x: LoopNode) {
  const { scope, memory } = input;
  const { lowering } = scope;
  const { space, scalars } = lowering;
  const outer = x.shape.slice(0, -1);
  const columns = x.shape.at(-1)!;
  const expander = new Expander(lowering, memory);
  const rows = numelOf(outer);
  const row = constValue(rows) === 1 ? int(0) : space.fresh(rows);
  const column = space.fresh(columns);
  const element = scalars.cast(expander.element(x, [...digits(row, outer), column]), 'float32');
  const axes = [row, column]
    .filter((variable) => constValue(variable) === null)
    .map((variable) => ({ variable, extent: space.extentOf(variable.key) }));
  const traffic: Traffic[] = readsOf(lowering, element, axes);
  const text = (rowText: string, columnText: string): string => {
    if (constValue(row) === null) scope.bind(row, rowText);
    scope.bind(column, columnText);
    return inlineText(scope, element);
  };
  return { text, traffic, inlined: expander.inlined };
}

export function emitRowReduce(input: TemplateInput): TemplateEmission {
  const { scope, kernel, memory } = input;
  const { lowering } = scope;
  const { space, scalars } = lowering;
  const root = kernel.root!;
  const { definition } = root;
  if (definition.kind !== 'layerNorm' && definition.kind !== 'softmax')
    throw new Error('internal: not a row reduction');
  const outer = root.shape.slice(0, -1);
  const columns = root.shape.at(-1)!;
  const rows = numelOf(outer);
  const row = constValue(rows) === 1 ? int(0) : space.fresh(rows);
  const result: ResultIndex = {
    batch: int(0),
    head: int(0),
    row,
    columns,
    at: (column) => [...digits(row, outer), column],
  };
  // Vectors in memory are the template's, which widens them once; others go the way of all epilogues.
  const vector = (node: LoopNode | null) => (node ? vectorOperand(scope, plainMemory(memory), node) : null);
  const [weight, bias] =
    definition.kind === 'layerNorm' ? [vector(definition.weight), vector(definition.bias)] : [null, null];
  const inTemplate =
    definition.kind === 'layerNorm' && (!definition.weight || weight !== null) && (!definition.bias || bias !== null);
  const finish: Finish = (value, coordinates, expander) => {
    if (definition.kind !== 'layerNorm' || inTemplate) return value;
    const along = (node: LoopNode) => scalars.cast(expander.element(node, [coordinates.at(-1)!]), 'float32');
    let out = value;
    if (definition.weight) out = scalars.op('mul', [out, along(definition.weight)]);
    if (definition.bias) out = scalars.op('add', [out, along(definition.bias)]);
    return out;
  };
  const loader = rowLoader(input, definition.x);
  const epilogue = buildEpilogue(scope, kernel, memory, result, finish);
  const source: RowSource = { kind: 'text', load: (place) => loader.text(place.row, place.column) };
  const cost = definition.kind === 'layerNorm' ? 3 : 6;
  const vectorTraffic = [weight, bias].flatMap((found): Traffic[] =>
    inTemplate && found ? [{ buffer: found.buffer, access: 'read', elements: columns }] : [],
  );
  const vectorText = (found: NonNullable<typeof weight>) => ({
    pointer: pointerText(scope, found),
    dtype: floatDtype(found.buffer),
  });
  return {
    template: definition.kind,
    inlined: [...loader.inlined, ...epilogue.inlined],
    traffic: [...loader.traffic, ...vectorTraffic, ...epilogue.traffic],
    work: mul(mul(rows, columns), int(cost)),
    render: (context) => {
      const common = {
        rows: scope.expr(rows),
        columns: scope.expr(columns),
        input: source,
        epilogue: epilogue.text,
      };
      if (definition.kind === 'softmax') return softmax(context, { ...common, log: definition.log });
      return layerNorm(context, {
        ...common,
        eps: `${definition.eps}`,
        ...(inTemplate && weight ? { weight: vectorText(weight) } : {}),
        ...(inTemplate && bias ? { bias: vectorText(bias) } : {}),
      });
    },
  };
}

export function emitRfft(input: TemplateInput): TemplateEmission {
  const { scope, kernel, memory } = input;
  const { lowering } = scope;
  const { space, scalars } = lowering;
  const root = kernel.root!;
  const { definition } = root;
  if (definition.kind !== 'rfft') throw new Error('internal: not a transform');
  const outer = root.shape.slice(0, -2);
  const bins = root.shape.at(-2)!;
  const frames = numelOf(outer);
  const frame = constValue(frames) === 1 ? int(0) : space.fresh(frames);
  const bin = constValue(bins) === 1 ? int(0) : space.fresh(bins);
  const coordinates = [...digits(frame, outer), bin].map((e) => space.simplify(e));
  const parts = [0, 1].map((slot) => scalars.cast(scalars.produced(slot, 'float32'), root.dtype));
  const [store] = kernel.stores;
  const inlined = new Set<LoopNode>();
  const stores = (kernel.place ? [0] : [0, 1]).map((part) => {
    if (!kernel.place) return { value: parts[part], offset: store.offset([...coordinates, int(part)]) };
    const index = kernel.place(coordinates);
    const expander = new Expander(lowering, memory, { node: root, coordinates, value: parts[0], parts });
    const value = store.value(expander, index);
    for (const node of expander.inlined) inlined.add(node);
    return { value, offset: store.offset(index) };
  });
  const axes = [frame, bin]
    .filter((variable) => constValue(variable) === null)
    .map((variable) => ({ variable, extent: space.extentOf(variable.key) }));
  const loader = rowLoader(input, definition.x);
  const elements = mul(mul(frames, bins), int(stores.length));
  return {
    template: 'rfft',
    inlined: [...loader.inlined, ...inlined],
    traffic: [
      ...loader.traffic,
      ...stores.flatMap(({ value }) => readsOf(lowering, value, axes)),
      { buffer: store.buffer, access: 'write', elements },
    ],
    work: mul(frames, int(definition.n * Math.max(4, Math.ceil(Math.log2(definition.n + 1) / 2)))),
    render: (context) =>
      realFft(context, {
        frames: scope.expr(frames),
        length: definition.n,
        load: (place) => loader.text(place.frame, place.index),
        epilogue: (place) => {
          const bind = (variable: Expr, text: string): void => {
            if (constValue(variable) === null) scope.bind(variable, text);
          };
          bind(frame, place.frame);
          bind(bin, place.bin);
          const writer = new Writer(scope, Math.floor(place.indent.length / 2), [place.re, place.im]);
          for (const { value, offset } of stores) {
            const right = writer.storedText(value);
            writer.line(`${scope.pointer(store.buffer, 'write')}[${writer.expr(space.simplify(offset))}] = ${right};`);
          }
          return writer.lines.join('\n');
        },
      }),
  };
}
