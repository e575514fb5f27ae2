/** @file Kernels that compute each element on its own. */

import { type Expr, int, mul, substitute } from '../../symbolic/expr.ts';
import { Expander, type Memory } from '../fuse/expand.ts';
import type { Kernel } from '../fuse/kernels.ts';
import { affineIn } from '../lower/affine.ts';
import type { ScalarNode } from '../lower/ir.ts';
import { exprDependsOn, exprsBelow, invariantParts, substituteScalar } from './analysis.ts';
import { type Axis, collapse, realAxes } from './axes.ts';
import type { EmittedLoops } from './kernel.ts';
import { storedSource, Writer } from './scalarText.ts';
import type { KernelScope } from './scope.ts';
import { readsOf, type Traffic } from './traffic.ts';

/** Elements that one thread takes at least: less is not worth another thread. */
const chunkElements = 2048;

interface Written {
  readonly value: ScalarNode;
  readonly offset: Expr;
  readonly pointer: string;
}

const loopNames = ['i', 'j', 'k', 'l', 'm', 'n0', 'n1', 'n2', 'n3'];

/** The kernel's statements after its declarations. */
export function emitPointwise(scope: KernelScope, kernel: Kernel, memory: Memory): EmittedLoops {
  const { lowering } = scope;
  const { space } = lowering;
  const [first] = kernel.stores;
  const variables = first.shape.map((size) => space.fresh(size));
  const expander = new Expander(lowering, memory);
  const written = kernel.stores.map((store) => ({
    value: store.value(expander, variables),
    offset: space.simplify(store.offset(variables)),
    buffer: store.buffer,
  }));
  const all = realAxes(variables, first.shape);
  const elements = all.reduce((total, axis) => mul(total, axis.extent), int(1));
  const traffic = written.flatMap(({ value, buffer }): Traffic[] => [
    ...readsOf(lowering, value, all),
    { buffer, access: 'write', elements },
  ]);
  const exprs = written.flatMap(({ value, offset }) => [offset, ...exprsBelow(lowering, value)]);
  const { axes, replacements } = collapse(lowering, all, exprs);
  const final = written.map(({ value, offset, buffer }): Written => {
    const done = substituteScalar(lowering, value, replacements);
    // The value first: names are given in the order in which buffers are read.
    for (const scalar of memoriesOf(scope, done)) scope.pointer(scalar.buffer, 'read', scalar.layout ?? undefined);
    return {
      value: done,
      offset: space.simplify(substitute(offset, replacements)),
      pointer: scope.pointer(buffer, 'write'),
    };
  });
  const writer = new Writer(scope, 1);
  if (axes.length === 0) {
    writer.line('if (t->id != 0) return;');
    for (const store of final) emitStore(writer, store);
    return { body: writer.lines, traffic, elements, inlined: expander.inlined };
  }
  emitLoops(writer, innermostLast(scope, axes, final), final);
  return { body: writer.lines, traffic, elements, inlined: expander.inlined };
}

function memoriesOf(scope: KernelScope, value: ScalarNode): (ScalarNode & { kind: 'memory' })[] {
  const found: (ScalarNode & { kind: 'memory' })[] = [];
  const visit = (scalar: ScalarNode): void => {
    switch (scalar.kind) {
      case 'memory':
        if (!found.includes(scalar)) found.push(scalar);
        break;
      case 'op':
        scalar.args.forEach(visit);
        break;
      case 'cast':
        visit(scalar.arg);
        break;
      case 'select':
        [scalar.condition, scalar.whenTrue, scalar.whenFalse].forEach(visit);
        break;
    }
  };
  visit(value);
  return scope ? found : [];
}

/** The axis along which most accesses are contiguous goes innermost; the store counts twice. */
function innermostLast(scope: KernelScope, axes: readonly Axis[], written: readonly Written[]): readonly Axis[] {
  if (axes.length < 2) return axes;
  const names = new Set(axes.map((axis) => axis.variable.key));
  const score = (axis: Axis): number => {
    let total = 0;
    const rate = (e: Expr, weight: number): void => {
      const stride = affineIn(e, names)?.strides.get(axis.variable.key)?.key;
      if (stride === '1') total += weight;
      else if (stride === undefined && !exprDependsOn(scope.lowering, e, axis.variable.key)) total += weight / 2;
    };
    for (const { value, offset } of written) {
      rate(offset, 2);
      for (const memory of memoriesOf(scope, value)) rate(memory.offset, 1);
    }
    return total;
  };
  const last = axes.at(-1)!;
  let best = last;
  for (const axis of axes) if (score(axis) > score(best)) best = axis;
  const { space } = scope.lowering;
  if (best === last || space.weigh(best.extent) < 16) return axes;
  return [...axes.filter((axis) => axis !== best), best];
}

function emitLoops(writer: Writer, axes: readonly Axis[], written: readonly Written[]): void {
  const { scope } = writer;
  const inner = axes.at(-1)!;
  const outer = axes.slice(0, -1);
  axes.forEach((axis, i) => {
    scope.bind(axis.variable, loopNames[i]);
  });
  const innerName = loopNames[axes.length - 1];
  writer.line('int64_t begin, end;');
  if (outer.length === 0) {
    writer.line(`tn_split(${scope.expr(inner.extent)}, ${chunkElements}, t->id, t->count, &begin, &end);`);
    emitInner(writer, inner, innerName, 'begin', 'end', written);
    return;
  }
  const rows = outer.reduce((product, axis) => mul(product, axis.extent), int(1));
  const size = Math.max(1, scope.lowering.space.weigh(inner.extent));
  const chunk = Math.max(1, Math.ceil(chunkElements / size));
  writer.line(`tn_split(${scope.expr(rows)}, ${chunk}, t->id, t->count, &begin, &end);`);
  openRows(writer, outer, 'begin', 'end');
  emitInner(writer, inner, innerName, '0', scope.expr(inner.extent), written);
  writer.close();
}

/** A loop over the flattened outer axes, with each index taken from the row number. */
export function openRows(writer: Writer, outer: readonly Axis[], begin: string, end: string): void {
  const { scope } = writer;
  if (outer.length === 1) {
    const name = scope.nameOf(outer[0].variable.key);
    writer.open(`for (int64_t ${name} = ${begin}; ${name} < ${end}; ${name}++) {`);
    return;
  }
  writer.open(`for (int64_t r = ${begin}; r < ${end}; r++) {`);
  let rest = 'r';
  for (let i = outer.length - 1; i >= 0; i--) {
    const name = scope.nameOf(outer[i].variable.key);
    const size = scope.factor(outer[i].extent);
    if (i === 0) writer.line(`const int64_t ${name} = ${rest};`);
    else {
      writer.line(`const int64_t ${name} = ${rest} % ${size};`);
      const next = `r${i}`;
      writer.line(`const int64_t ${next} = ${rest} / ${size};`);
      rest = next;
    }
  }
}

function emitInner(
  writer: Writer,
  axis: Axis,
  name: string,
  begin: string,
  end: string,
  written: readonly Written[],
): void {
  for (const { value } of written) hoist(writer, storedSource(value), axis.variable.key);
  emitSimdLoop(writer, `for (int64_t ${name} = ${begin}; ${name} < ${end}; ${name}++) {`, () => {
    for (const store of written) emitStore(writer, store);
  });
}

/** Computes before a loop what does not change in it. */
export function hoist(writer: Writer, value: ScalarNode, variable: string): void {
  const { scalars, exprs } = invariantParts(writer.scope.lowering, value, variable);
  for (const scalar of scalars) if (scalar.kind !== 'index') writer.value(scalar);
  for (const e of exprs) writer.expr(e);
}

/** A loop that may be vectorised, unless its body can report an error (then order matters). */
export function emitSimdLoop(writer: Writer, head: string, body: () => void): void {
  const at = writer.lines.length;
  writer.open(head);
  body();
  writer.close();
  const reports = writer.lines.slice(at).some((line) => line.includes('(t, '));
  if (!reports) writer.lines.splice(at, 0, '#pragma omp simd');
}

function emitStore(writer: Writer, { value, offset, pointer }: Written): void {
  const text = writer.storedText(value);
  writer.line(`${pointer}[${writer.expr(offset)}] = ${text};`);
}
