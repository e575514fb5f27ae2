/** @file What happens to a template's results: bias, casts, the fused reader, the store; as C over one piece of a row. */

import { add, constValue, type Expr, floorDiv, freeSymbols, int, mod, mul } from '../../symbolic/expr.ts';
import { Expander, type Memory } from '../fuse/expand.ts';
import type { Kernel } from '../fuse/kernels.ts';
import { walkScalar } from '../fuse/operands.ts';
import { affineIn } from '../lower/affine.ts';
import type { LoopNode, ScalarNode } from '../lower/ir.ts';
import { isLoopSymbol } from '../lower/space.ts';
import type { EpiloguePiece, Touches } from '../templates/types.ts';
import { exprsBelow } from './analysis.ts';
import { emitSimdLoop, hoist } from './pointwise.ts';
import { storedSource, Writer } from './scalarText.ts';
import type { KernelScope } from './scope.ts';
import { readsOf, type Traffic } from './traffic.ts';

/** A template's own part of the epilogue, on the float32 result. */
export type Finish = (value: ScalarNode, coordinates: readonly Expr[], expander: Expander) => ScalarNode;

export interface EpilogueBuilder {
  /** C statements for a piece; see `Epilogue` in templates/types.ts. */
  text(piece: EpiloguePiece & { readonly head?: string }): string;
  readonly touches: Touches;
  readonly traffic: readonly Traffic[];
  readonly inlined: Iterable<LoopNode>;
}

/** Loop variables of a template's results and where they stand in the root's index. */
export interface ResultIndex {
  readonly batch: Expr;
  readonly head: Expr;
  readonly row: Expr;
  /** The root's index at a column. */
  at(column: Expr): readonly Expr[];
  readonly columns: Expr;
}

/** Columns that are taken together when an index does not run straight along a row (heads side by side, say). */
const group = 16;

export function buildEpilogue(
  scope: KernelScope,
  kernel: Kernel,
  memory: Memory,
  result: ResultIndex,
  finish: Finish,
): EpilogueBuilder {
  const { lowering } = scope;
  const { space, scalars } = lowering;
  const root = kernel.root!;
  const [store] = kernel.stores;
  const inlined = new Set<LoopNode>();

  const valueAt = (column: Expr): { value: ScalarNode; offset: Expr } => {
    const coordinates = result.at(column).map((e) => space.simplify(e));
    const plain = new Expander(lowering, memory);
    const value = finish(scalars.produced(0, 'float32'), coordinates, plain);
    const rounded = scalars.cast(value, root.dtype);
    if (!kernel.place) return { value: rounded, offset: space.simplify(store.offset(coordinates)) };
    const expander = new Expander(lowering, memory, { node: root, coordinates, value: rounded });
    const index = kernel.place(coordinates);
    const stored = store.value(expander, index);
    for (const node of expander.inlined) inlined.add(node);
    return { value: stored, offset: space.simplify(store.offset(index)) };
  };

  const column = space.fresh(result.columns);
  const straight = valueAt(column);
  const axes = [result.batch, result.head, result.row, column]
    .filter((variable) => constValue(variable) === null)
    .map((variable) => ({ variable, extent: space.extentOf(variable.key) }));
  const elements = axes.reduce((product, axis) => mul(product, axis.extent), int(1));
  const traffic: Traffic[] = [
    ...readsOf(lowering, straight.value, axes),
    { buffer: store.buffer, access: 'write', elements },
  ];
  const isStraight = [straight.offset, ...exprsBelow(lowering, straight.value)].every(
    (e) => affineIn(e, new Set([column.key])) !== null,
  );
  const width = constValue(result.columns);
  const grouped = !isStraight && width !== null && width % group === 0;

  const text: EpilogueBuilder['text'] = (piece) => {
    const writer = new Writer(scope, Math.floor(piece.indent.length / 2), [
      grouped ? `${piece.acc}[c0 + c]` : `${piece.acc}[c]`,
    ]);
    bindResult(scope, result, piece);
    writer.open('{');
    if (grouped) {
      const panel = space.fresh(int(width / group));
      const lane = space.fresh(int(group));
      const { value, offset } = valueAt(add(mul(panel, int(group)), lane));
      scope.bind(panel, 'panel');
      scope.bind(lane, 'c');
      writer.open(`for (int64_t c0 = 0; c0 < ${piece.count}; c0 += ${group}) {`);
      writer.line(`const int64_t panel = (${piece.col0} + c0) / ${group};`);
      hoist(writer, storedSource(value), lane.key);
      emitSimdLoop(writer, `for (int64_t c = 0; c < ${group}; c++) {`, () => emitStore(writer, value, offset));
      writer.close();
    } else {
      scope.bind(column, 'col');
      hoist(writer, storedSource(straight.value), column.key);
      emitSimdLoop(writer, `for (int64_t c = 0; c < ${piece.count}; c++) {`, () => {
        writer.line(`const int64_t col = ${piece.col0} + c;`);
        emitStore(writer, straight.value, straight.offset);
      });
    }
    writer.close();
    return dropUnusedColumn(writer.lines).join('\n');
  };
  const touches: Touches = ({ row, column: at, batch }) => {
    bindResult(scope, result, { row, batch, head: '0' });
    scope.bind(column, `(${at})`);
    const addresses = [`${scope.pointer(store.buffer, 'write')} + ${scope.expr(straight.offset)}`];
    const known = [result.batch, result.row, column].map(({ key }) => key);
    walkScalar(lowering, straight.value, (scalar) => {
      if (scalar.kind !== 'memory' || !freeSymbols(scalar.offset).has(result.row.key)) return;
      if ([...freeSymbols(scalar.offset)].some((name) => isLoopSymbol(name) && !known.includes(name))) return;
      const pointer = scope.pointer(scalar.buffer, 'read', scalar.layout ?? undefined);
      addresses.push(`${pointer} + ${scope.expr(scalar.offset)}`);
    });
    return [...new Set(addresses)];
  };
  const emitStore = (writer: Writer, value: ScalarNode, offset: Expr): void => {
    const right = writer.storedText(value);
    writer.line(`${scope.pointer(store.buffer, 'write')}[${writer.expr(offset)}] = ${right};`);
  };
  return { text, touches, traffic, inlined };
}

function bindResult(
  scope: KernelScope,
  result: ResultIndex,
  place: { readonly batch: string; readonly head?: string; readonly row: string },
): void {
  const bind = (variable: Expr, text: string): void => {
    if (constValue(variable) === null) scope.bind(variable, /^\w+$/.test(text) ? text : `(${text})`);
  };
  bind(result.batch, place.batch);
  bind(result.head, place.head ?? '0');
  bind(result.row, place.row);
}

/** A column number that nothing uses would be a warning. */
function dropUnusedColumn(lines: readonly string[]): string[] {
  return lines.filter((line, i) => {
    if (!/^\s*const int64_t (?:col|panel) = /.test(line)) return true;
    const name = line.includes(' col = ') ? 'col' : 'panel';
    return lines.some((other, j) => j !== i && new RegExp(`\\b${name}\\b`).test(other));
  });
}

/** Splits a flattened index over two axes. */
export function splitIndex(flat: Expr, inner: Expr): [Expr, Expr] {
  return [floorDiv(flat, inner), mod(flat, inner)];
}
