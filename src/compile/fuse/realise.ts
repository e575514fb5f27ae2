/**
 * @file Decides what is stored in memory and what is computed where it is used.
 *
 * Reductions, templates and scatters are stored unless a single reader takes them up (see `absorb.ts`). A pointwise
 * value is stored when something needs it as memory, or when several kernels would compute it again at a cost.
 */

import type { ScalarOp } from '../../ops/record.ts';
import { constValue, type Expr } from '../../symbolic/expr.ts';
import { isPolynomial } from '../../symbolic/traverse.ts';
import { affineIn, linearOffset } from '../lower/affine.ts';
import type { Lowering } from '../lower/builder.ts';
import { asScalar, type LoopNode, templateKinds } from '../lower/ir.ts';
import { bodyOf, type Operand, operandsOf, walkScalar } from './operands.ts';
import { chainOrigin, type Placement, topological } from './scatters.ts';

export interface Realised {
  /** Everything that is needed, operands first. */
  readonly order: readonly LoopNode[];
  readonly stored: ReadonlySet<LoopNode>;
  /** Per node: the stored nodes that end up reading it, with the number of places. */
  readonly sinks: ReadonlyMap<LoopNode, ReadonlyMap<LoopNode, number>>;
}

const expensiveOps: ReadonlySet<ScalarOp> = new Set([
  'pow',
  'atan2',
  'fmod',
  'exp',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'sin',
  'cos',
  'tan',
  'tanh',
  'sigmoid',
  'erf',
  'geluErf',
  'geluTanh',
  'silu',
  'remainder',
  'floorDivide',
]);

interface Cost {
  readonly loads: number;
  readonly operations: number;
  readonly expensive: boolean;
}

export function realise(lowering: Lowering, placement: Placement): Realised {
  const roots = [...placement.outputs, ...placement.writes];
  const order = topological(lowering, roots);
  const stored = new Set<LoopNode>([...roots, ...placement.forced].filter((node) => order.includes(node)));
  const sinks = new Map<LoopNode, Map<LoopNode, number>>();
  const repeated = new Set<LoopNode>();
  const costs = new Map<LoopNode, Cost>();
  for (const node of order) {
    if (node.definition.kind === 'pointwise') costs.set(node, costOf(lowering, node));
    if (node.definition.kind === 'scatter' && readsItsTarget(lowering, node)) {
      const { src } = node.definition;
      if (src.definition.kind === 'view' || src.definition.kind === 'pointwise') stored.add(src);
    }
  }
  for (const node of [...order].reverse()) {
    if (!stored.has(node) && mustStore(node, sinks.get(node), repeated.has(node), costs)) stored.add(node);
    const isStored = stored.has(node);
    if (node.definition.kind === 'buffer') continue;
    for (const operand of operandsOf(lowering, node)) {
      if (operand.use !== 'elements') demandMemory(lowering, operand, stored);
      addSinks(sinks, operand, isStored ? new Map([[node, 1]]) : (sinks.get(node) ?? new Map()));
      if (operand.repeated || (!isStored && repeated.has(node))) repeated.add(operand.node);
    }
  }
  return { order, stored, sinks };
}

function addSinks(
  sinks: Map<LoopNode, Map<LoopNode, number>>,
  operand: Operand,
  readers: ReadonlyMap<LoopNode, number>,
): void {
  const mine = sinks.get(operand.node) ?? new Map<LoopNode, number>();
  for (const [reader, count] of readers) mine.set(reader, (mine.get(reader) ?? 0) + count * operand.sites);
  sinks.set(operand.node, mine);
}

/** A template operand is memory that strides describe, its last axis contiguous; what is not is stored as a copy. */
function demandMemory(lowering: Lowering, operand: Operand, stored: Set<LoopNode>): void {
  const { space } = lowering;
  const { node } = operand;
  const index = node.shape.map((size) => space.fresh(size));
  const names = new Set(index.map((e) => e.key));
  let at: readonly Expr[] = index;
  let from = node;
  while (from.definition.kind === 'view' && !stored.has(from)) {
    at = from.definition.map(at).map((e) => space.simplify(e));
    from = from.definition.source;
  }
  const offset = affineIn(space.simplify(linearOffset(at, from.shape)), names);
  const last = node.shape.length - 1;
  const step = offset?.strides.get(index[last]?.key ?? '');
  const alongRow = operand.use === 'strides' || constValue(node.shape[last]) === 1 || step?.key === '1';
  const target = offset && alongRow ? from : node;
  if (target.definition.kind === 'pointwise' || target.definition.kind === 'view') stored.add(target);
}

function mustStore(
  node: LoopNode,
  sinks: ReadonlyMap<LoopNode, number> | undefined,
  repeated: boolean,
  costs: ReadonlyMap<LoopNode, Cost>,
): boolean {
  const { kind } = node.definition;
  if (kind === 'reduce' || kind === 'scatter' || templateKinds.has(kind)) return true;
  if (kind !== 'pointwise') return false;
  const cost = costs.get(node);
  if (!cost) return false;
  if (cost.loads === 0) return cost.expensive && repeated;
  let uses = 0;
  for (const count of sinks?.values() ?? []) uses += count;
  const cheap = !cost.expensive && cost.loads <= 1;
  const trivial = cheap && cost.operations <= 4;
  if (repeated) return !cheap || cost.operations > 2;
  if (uses <= 1) return false;
  // Several places of one reader share the value: only further readers compute it again.
  return (sinks?.size ?? 0) > 1 ? !trivial : cost.expensive && cost.loads > 2 && uses > 4;
}

function costOf(lowering: Lowering, node: LoopNode): Cost {
  let loads = 0;
  let operations = 0;
  let expensive = false;
  walkScalar(lowering, bodyOf(lowering, node), (scalar) => {
    if (scalar.kind === 'load') {
      loads++;
      if (!scalar.index.every(isPolynomial)) operations += 3;
      // One value per row or column costs nothing to read again; what is made by a kernel is worth keeping.
      const source = underViews(scalar.tensor);
      if (source.definition.kind === 'reduce' || templateKinds.has(source.definition.kind)) loads++;
    } else if (scalar.kind === 'op') {
      operations++;
      if (expensiveOps.has(scalar.op)) expensive = true;
    } else if (scalar.kind === 'select') operations += 2;
    else if (scalar.kind === 'cast' || scalar.kind === 'less') operations++;
  });
  return { loads, operations, expensive };
}

function underViews(node: LoopNode): LoopNode {
  let at = node;
  while (at.definition.kind === 'view') at = at.definition.source;
  return at;
}

/** Whether what a scatter writes depends on other elements of the memory that it writes to. */
function readsItsTarget(lowering: Lowering, scatter: LoopNode): boolean {
  const { definition } = scatter;
  if (definition.kind !== 'scatter') return false;
  const target = chainOrigin(scatter);
  const index = definition.src.shape.map((size) => lowering.space.fresh(size));
  const written = definition.map(index).map((e) => lowering.space.simplify(e));
  let other = false;
  const visit = (node: LoopNode, at: readonly (typeof index)[number][], depth: number): void => {
    if (other) return;
    const inner = node.definition;
    if (inner.kind === 'view') visit(inner.source, inner.map(at), depth + 1);
    else if (inner.kind === 'pointwise') {
      if (depth > 200) other = true;
      else {
        walkScalar(lowering, asScalar(inner.body(at)), (scalar) => {
          if (scalar.kind === 'load')
            visit(node.redirects.get(scalar.tensor) ?? scalar.tensor, scalar.index, depth + 1);
        });
      }
    } else if (chainOrigin(node) === target) {
      if (at.length !== written.length || !at.every((e, axis) => lowering.space.equal(e, written[axis]))) other = true;
    }
  };
  visit(definition.src, index, 0);
  return other;
}
