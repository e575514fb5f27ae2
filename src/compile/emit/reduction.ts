/**
 * @file Kernels that reduce: sums, extremes and their positions.
 *
 * Partial results stand in lanes that the shape alone decides, so the order of additions is the same on every level and
 * for every number of threads. Sums of floats are accumulated in double.
 */

import { type DType, isFloat } from '../../core/dtype.ts';
import type { Combine } from '../../ops/record.ts';
import { add, type Expr, int, mul } from '../../symbolic/expr.ts';
import { Expander, type Memory } from '../fuse/expand.ts';
import type { Kernel, Store } from '../fuse/kernels.ts';
import { affineIn } from '../lower/affine.ts';
import type { LoopNode, ScalarNode } from '../lower/ir.ts';
import { exprsBelow } from './analysis.ts';
import { type Axis, realAxes } from './axes.ts';
import { cTypes, literal } from './ctypes.ts';
import type { EmittedLoops } from './kernel.ts';
import { castText } from './operations.ts';
import { emitSimdLoop, hoist, openRows } from './pointwise.ts';
import { Writer } from './scalarText.ts';
import type { KernelScope } from './scope.ts';
import { readsOf, type Traffic } from './traffic.ts';

const lanes = 16;
const columnsAtOnce = 64;

interface Accumulator {
  readonly combine: Combine;
  /** dtype of the values that are combined. */
  readonly dtype: DType;
  /** C type of a partial result. */
  readonly type: string;
  readonly identity: string;
  readonly positions: boolean;
}

export function emitReduction(scope: KernelScope, kernel: Kernel, memory: Memory): EmittedLoops {
  const { lowering } = scope;
  const { space } = lowering;
  const root = kernel.root!;
  const { definition } = root;
  if (definition.kind !== 'reduce') throw new Error('internal: not a reduction');
  const outerVariables = root.shape.map((size) => space.fresh(size));
  const reducedVariables = definition.extents.map((size) => space.fresh(size));
  const expander = new Expander(lowering, memory);
  const value = expander.scalar(definition.body(outerVariables, reducedVariables), root);
  const outer = realAxes(outerVariables, root.shape);
  const reduced = realAxes(reducedVariables, definition.extents);
  const accumulator = accumulatorOf(definition.combine, value.dtype);
  const place: Placed = { root, kernel, memory, coordinates: outerVariables, accumulator };

  outer.forEach((axis, i) => {
    scope.bind(axis.variable, `i${i}`);
  });
  reduced.forEach((axis, i) => {
    scope.bind(axis.variable, `k${i}`);
  });
  const writer = new Writer(scope, 1);
  const traffic: Traffic[] = readsOf(lowering, value, [...outer, ...reduced]);
  const byColumns = outer.length > 0 && prefersColumns(scope, value, outer, reduced);
  if (byColumns) emitColumns(writer, outer, reduced, value, place);
  else emitRows(writer, outer, reduced, value, place);
  const after = placed(scope, kernel, memory);
  traffic.push(...after.traffic);
  const elements = mul(product(outer), product(reduced));
  return { body: writer.lines, traffic, elements, inlined: [...expander.inlined, ...after.inlined] };
}

interface Placed {
  readonly root: LoopNode;
  readonly kernel: Kernel;
  readonly memory: Memory;
  readonly coordinates: readonly Expr[];
  readonly accumulator: Accumulator;
}

function product(axes: readonly Axis[]): Expr {
  return axes.reduce((total, axis) => mul(total, axis.extent), int(1));
}

function accumulatorOf(combine: Combine, dtype: DType): Accumulator {
  const integer = dtype === 'int64' || dtype === 'int32' || dtype === 'int8' || dtype === 'uint8';
  switch (combine) {
    case 'sum':
    case 'prod': {
      const type = integer || dtype === 'bool' ? 'uint64_t' : 'double';
      return { combine, dtype, type, identity: combine === 'sum' ? '0' : '1', positions: false };
    }
    case 'any':
    case 'all':
      return { combine, dtype, type: 'int', identity: combine === 'any' ? '0' : '1', positions: false };
    default: {
      const low = combine === 'max' || combine === 'argmax';
      const positions = combine === 'argmax' || combine === 'argmin';
      return { combine, dtype, type: cTypes[dtype].local, identity: extremeOf(dtype, low), positions };
    }
  }
}

/** The value that loses against every other. */
function extremeOf(dtype: DType, lowest: boolean): string {
  switch (dtype) {
    case 'int64':
      return lowest ? 'INT64_MIN' : 'INT64_MAX';
    case 'int32':
      return lowest ? 'INT32_MIN' : 'INT32_MAX';
    case 'int8':
      return lowest ? 'INT8_MIN' : 'INT8_MAX';
    case 'uint8':
      return lowest ? '0' : 'UINT8_MAX';
    case 'bool':
      return lowest ? '0' : '1';
    default:
      return literal(lowest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY, dtype);
  }
}

/** The test that lets a NaN win; integers have none. */
function nanOr(accumulator: Accumulator, value: string): string {
  return isFloat(accumulator.dtype) ? ` || ${value} != ${value}` : '';
}

/** C statement that takes `value` into the partial result `into` (and its position into `at`). */
function combineText(accumulator: Accumulator, into: string, value: string, at: string, position: string): string {
  const wide = accumulator.type === 'uint64_t' ? `(uint64_t)${value}` : value;
  switch (accumulator.combine) {
    case 'sum':
      return `${into} += ${wide};`;
    case 'prod':
      return `${into} *= ${wide};`;
    case 'any':
      return `${into} |= ${value} != 0;`;
    case 'all':
      return `${into} &= ${value} != 0;`;
    case 'max':
      return `${into} = ${value} > ${into}${nanOr(accumulator, value)} ? ${value} : ${into};`;
    case 'min':
      return `${into} = ${value} < ${into}${nanOr(accumulator, value)} ? ${value} : ${into};`;
    default: {
      const sign = accumulator.combine === 'argmax' ? '>' : '<';
      const firstNan = isFloat(accumulator.dtype) ? ` || (${value} != ${value} && ${into} == ${into})` : '';
      const better = `${at} < 0 || ${value} ${sign} ${into}${firstNan}`;
      return `if (${better}) { ${into} = ${value}; ${at} = ${position}; }`;
    }
  }
}

/** Whether neighbours of the last outer axis lie side by side in memory, and those of the last reduced axis do not. */
function prefersColumns(
  scope: KernelScope,
  value: ScalarNode,
  outer: readonly Axis[],
  reduced: readonly Axis[],
): boolean {
  if (reduced.length === 0) return false;
  const names = new Set([...outer, ...reduced].map((axis) => axis.variable.key));
  const column = outer.at(-1)!.variable.key;
  const depth = reduced.at(-1)!.variable.key;
  let columns = 0;
  let rows = 0;
  for (const e of exprsBelow(scope.lowering, value)) {
    const strides = affineIn(e, names)?.strides;
    if (strides?.get(column)?.key === '1') columns++;
    if (strides?.get(depth)?.key === '1') rows++;
  }
  return columns > rows;
}

function flatPosition(scope: KernelScope, reduced: readonly Axis[]): string {
  let flat: Expr = int(0);
  let stride: Expr = int(1);
  for (const axis of [...reduced].reverse()) {
    flat = scope.lowering.space.simplify(add(flat, mul(axis.variable, stride)));
    stride = mul(stride, axis.extent);
  }
  return scope.expr(flat);
}

/** One result at a time, its partial sums in lanes along the last reduced axis. */
function emitRows(
  writer: Writer,
  outer: readonly Axis[],
  reduced: readonly Axis[],
  value: ScalarNode,
  place: Placed,
): void {
  const { scope } = writer;
  const { accumulator } = place;
  if (outer.length === 0) writer.line('if (t->id != 0) return;');
  else {
    const perResult = Math.max(1, scope.lowering.space.weigh(product(reduced)));
    const chunk = Math.max(1, Math.ceil(2048 / perResult));
    writer.line('int64_t begin, end;');
    writer.line(`tn_split(${scope.expr(product(outer))}, ${chunk}, t->id, t->count, &begin, &end);`);
    openRows(writer, outer, 'begin', 'end');
  }
  const width = reduced.length === 0 ? 1 : lanes;
  writer.line(`${accumulator.type} lane[${width}];`);
  if (accumulator.positions) writer.line(`int64_t at[${width}];`);
  const start = accumulator.positions
    ? `{ lane[l] = ${accumulator.identity}; at[l] = -1; }`
    : `lane[l] = ${accumulator.identity};`;
  writer.line(`for (int l = 0; l < ${width}; l++) ${start}`);
  const depth = reduced.at(-1);
  if (!depth) {
    writer.line(combineText(accumulator, 'lane[0]', writer.value(value), 'at[0]', '0'));
  } else {
    for (const axis of reduced.slice(0, -1)) {
      const name = scope.nameOf(axis.variable.key);
      writer.open(`for (int64_t ${name} = 0; ${name} < ${scope.expr(axis.extent)}; ${name}++) {`);
    }
    hoist(writer, value, depth.variable.key);
    const name = scope.nameOf(depth.variable.key);
    const size = scope.expr(depth.extent);
    const step = (): void => {
      writer.line(`const int64_t ${name} = k + l;`);
      writer.line(combineText(accumulator, 'lane[l]', writer.value(value), 'at[l]', flatPosition(scope, reduced)));
    };
    writer.line('int64_t k = 0;');
    writer.open(`for (; k + ${lanes} <= ${size}; k += ${lanes}) {`);
    emitSimdLoop(writer, `for (int64_t l = 0; l < ${lanes}; l++) {`, step);
    writer.close();
    emitSimdLoop(writer, `for (int64_t l = 0; l < ${size} - k; l++) {`, step);
    for (let i = 1; i < reduced.length; i++) writer.close();
  }
  const name = foldLanes(writer, accumulator, width);
  emitStores(writer, place, name);
  if (outer.length > 0) writer.close();
}

/** Lanes into one, in order; of equal extremes the first position. Returns the result's C text. */
function foldLanes(writer: Writer, accumulator: Accumulator, width: number): string {
  const { combine, type } = accumulator;
  if (accumulator.positions) {
    const sign = combine === 'argmax' ? '>' : '<';
    writer.line('int64_t best = 0;');
    writer.open(`for (int l = 1; l < ${width}; l++) {`);
    writer.line('if (at[l] < 0) continue;');
    const float = isFloat(accumulator.dtype);
    const firstNan = float ? ' || (lane[l] != lane[l] && lane[best] == lane[best])' : '';
    const bothNan = float ? ' || (lane[l] != lane[l] && lane[best] != lane[best])' : '';
    writer.line(`const int ordered = lane[l] ${sign} lane[best]${firstNan};`);
    writer.line(`const int equal = lane[l] == lane[best]${bothNan};`);
    writer.line('if (at[best] < 0 || ordered || (equal && at[l] < at[best])) best = l;');
    writer.close();
    writer.line('const int64_t total = at[best];');
    return 'total';
  }
  writer.line(`${type} total = lane[0];`);
  if (width > 1) {
    writer.line(`for (int l = 1; l < ${width}; l++) ${combineText(accumulator, 'total', 'lane[l]', '', '')}`);
  }
  return 'total';
}

/** A strip of neighbouring results at a time, walked through row by row. */
function emitColumns(
  writer: Writer,
  outer: readonly Axis[],
  reduced: readonly Axis[],
  value: ScalarNode,
  place: Placed,
): void {
  const { scope } = writer;
  const { accumulator } = place;
  const column = outer.at(-1)!;
  const rows = outer.slice(0, -1);
  const width = scope.expr(column.extent);
  const strips = `tn_ceildiv(${width}, ${columnsAtOnce})`;
  writer.line(`const int64_t strips = ${strips};`);
  writer.line('int64_t begin, end;');
  const total = rows.length === 0 ? 'strips' : `strips * ${scope.factor(product(rows))}`;
  writer.line(`tn_split(${total}, 1, t->id, t->count, &begin, &end);`);
  writer.open('for (int64_t s = begin; s < end; s++) {');
  writer.line(`const int64_t first = (s % strips) * ${columnsAtOnce};`);
  writer.line(`const int64_t width = tn_min(${columnsAtOnce}, ${width} - first);`);
  let rest = 's / strips';
  for (let i = rows.length - 1; i >= 0; i--) {
    const name = scope.nameOf(rows[i].variable.key);
    const size = scope.factor(rows[i].extent);
    writer.line(`const int64_t ${name} = ${i === 0 ? rest : `${rest} % ${size}`};`);
    if (i > 0) {
      writer.line(`const int64_t s${i} = ${rest} / ${size};`);
      rest = `s${i}`;
    }
  }
  writer.line(`${accumulator.type} sum[${columnsAtOnce}];`);
  if (accumulator.positions) writer.line(`int64_t at[${columnsAtOnce}];`);
  const start = accumulator.positions
    ? `{ sum[l] = ${accumulator.identity}; at[l] = -1; }`
    : `sum[l] = ${accumulator.identity};`;
  writer.line(`for (int64_t l = 0; l < width; l++) ${start}`);
  for (const axis of reduced) {
    const name = scope.nameOf(axis.variable.key);
    writer.open(`for (int64_t ${name} = 0; ${name} < ${scope.expr(axis.extent)}; ${name}++) {`);
  }
  const name = scope.nameOf(column.variable.key);
  hoist(writer, value, column.variable.key);
  emitSimdLoop(writer, 'for (int64_t l = 0; l < width; l++) {', () => {
    writer.line(`const int64_t ${name} = first + l;`);
    writer.line(combineText(accumulator, 'sum[l]', writer.value(value), 'at[l]', flatPosition(scope, reduced)));
  });
  for (const _ of reduced) writer.close();
  emitSimdLoop(writer, 'for (int64_t l = 0; l < width; l++) {', () => {
    writer.line(`const int64_t ${name} = first + l;`);
    emitStores(writer, place, accumulator.positions ? 'at[l]' : 'sum[l]');
  });
  writer.close();
}

/** The result, or what is made of it, into memory. */
function emitStores(writer: Writer, place: Placed, total: string): void {
  const { root, kernel, memory, coordinates, accumulator } = place;
  const { scope } = writer;
  const { scalars } = scope.lowering;
  const result = accumulator.positions ? 'int64' : accumulator.dtype;
  const local = cTypes[result].local;
  const rounded = writer.scope.temporary();
  writer.line(`const ${local} ${rounded} = ${local === accumulator.type ? total : `(${local})${total}`};`);
  const text = result === root.dtype ? rounded : convert(writer, rounded, result, root.dtype);
  const value = scalars.produced(0, root.dtype);
  const inner = new Writer(scope, 0, [text]);
  const [store] = kernel.stores;
  const { stored, index } = placedStore(scope, store, root, memory, coordinates, kernel, value);
  const right = inner.storedText(stored);
  for (const line of inner.lines) writer.line(line);
  const offset = inner.expr(scope.lowering.space.simplify(store.offset(index)));
  writer.line(`${scope.pointer(store.buffer, 'write')}[${offset}] = ${right};`);
}

function convert(writer: Writer, text: string, from: DType, to: DType): string {
  const name = writer.scope.temporary();
  writer.line(`const ${cTypes[to].local} ${name} = ${castText(writer.scope, text, from, to)};`);
  return name;
}

/** The stored value in terms of what the root produces at `coordinates`, and where it goes. */
function placedStore(
  scope: KernelScope,
  store: Store,
  root: LoopNode,
  memory: Memory,
  coordinates: readonly Expr[],
  kernel: Kernel,
  value: ScalarNode,
): { stored: ScalarNode; index: readonly Expr[] } {
  if (!kernel.place) return { stored: value, index: coordinates };
  const index = kernel.place(coordinates);
  const expander = new Expander(scope.lowering, memory, { node: root, coordinates, value });
  return { stored: store.value(expander, index), index };
}

/** What the part after the root reads, writes and inlines. */
function placed(
  scope: KernelScope,
  kernel: Kernel,
  memory: Memory,
): { readonly traffic: Traffic[]; readonly inlined: Iterable<LoopNode>; readonly elements: Expr } {
  const { lowering } = scope;
  const root = kernel.root!;
  const coordinates = root.shape.map((size) => lowering.space.fresh(size));
  const axes = realAxes(coordinates, root.shape);
  const [store] = kernel.stores;
  const elements = product(axes);
  const write: Traffic = { buffer: store.buffer, access: 'write', elements };
  if (!kernel.place) return { traffic: [write], inlined: [], elements };
  const value = lowering.scalars.produced(0, root.dtype);
  const expander = new Expander(lowering, memory, { node: root, coordinates, value });
  const stored = store.value(expander, kernel.place(coordinates));
  return { traffic: [...readsOf(lowering, stored, axes), write], inlined: expander.inlined, elements };
}
