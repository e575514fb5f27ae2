/** @file What each node reads: its operands with the number of places they are read at, found by calling its closure once. */

import { type Expr, freeSymbols } from '../../symbolic/expr.ts';
import { numelOf } from '../lower/affine.ts';
import type { Lowering } from '../lower/builder.ts';
import type { Definition, LoopNode, ScalarNode, TemplateDefinition } from '../lower/ir.ts';
import { isLoopSymbol } from '../lower/space.ts';

export interface Operand {
  readonly node: LoopNode;
  /** Distinct loads per element of the reader. */
  readonly sites: number;
  /** The reader visits more elements than the operand has: values would be computed again and again. */
  readonly repeated: boolean;
  /** How it is taken: element by element, as memory of any strides, or as memory whose last axis is contiguous. */
  readonly use: 'elements' | 'strides' | 'memory';
}

/** Calls `visit` for every scalar below `root`, values used as indices included. */
export function walkScalar(lowering: Lowering, root: ScalarNode, visit: (scalar: ScalarNode) => void): void {
  const seen = new Set<ScalarNode>();
  const exprs = (list: readonly Expr[]): void => {
    for (const e of list) {
      for (const name of freeSymbols(e)) {
        const indirect = isLoopSymbol(name) ? lowering.scalars.indirects.get(name) : undefined;
        if (indirect) walk(indirect.value);
      }
    }
  };
  const walk = (scalar: ScalarNode): void => {
    if (seen.has(scalar)) return;
    seen.add(scalar);
    visit(scalar);
    switch (scalar.kind) {
      case 'op':
        scalar.args.forEach(walk);
        break;
      case 'cast':
        walk(scalar.arg);
        break;
      case 'select':
        walk(scalar.condition);
        walk(scalar.whenTrue);
        walk(scalar.whenFalse);
        break;
      case 'load':
        exprs(scalar.index);
        break;
      case 'memory':
        exprs([scalar.offset]);
        break;
      case 'index':
        exprs([scalar.expr]);
        break;
      case 'less':
        exprs([scalar.left, scalar.right]);
        break;
    }
  };
  walk(root);
}

/** The body of a pointwise or reduce node over fresh loop variables. */
export function bodyOf(lowering: Lowering, node: LoopNode): ScalarNode {
  const { definition } = node;
  const index = node.shape.map((size) => lowering.space.fresh(size));
  if (definition.kind === 'pointwise') return definition.body(index);
  if (definition.kind === 'reduce') {
    return definition.body(
      index,
      definition.extents.map((size) => lowering.space.fresh(size)),
    );
  }
  throw new Error(`internal: ${definition.kind} has no body`);
}

/** By definition, which is replaced as a whole when it changes. */
const known = new WeakMap<Definition, Operand[]>();

export function operandsOf(lowering: Lowering, node: LoopNode): Operand[] {
  let operands = known.get(node.definition);
  if (!operands) {
    operands = plainOperands(lowering, node);
    known.set(node.definition, operands);
  }
  if (node.redirects.size === 0) return operands;
  return operands.map((operand) => ({ ...operand, node: node.redirects.get(operand.node) ?? operand.node }));
}

function plainOperands(lowering: Lowering, node: LoopNode): Operand[] {
  const { definition } = node;
  switch (definition.kind) {
    case 'buffer':
      return [];
    case 'pointwise':
      return loadedBy(lowering, bodyOf(lowering, node), node.shape);
    case 'reduce':
      return loadedBy(lowering, bodyOf(lowering, node), [...node.shape, ...definition.extents]);
    case 'view':
      return [reader(lowering, definition.source, node.shape, 1)];
    case 'scatter':
      return [
        { node: definition.base, sites: 1, repeated: false, use: 'elements' },
        reader(lowering, definition.src, definition.src.shape, 1),
      ];
    default:
      return templateOperands(definition);
  }
}

function loadedBy(lowering: Lowering, body: ScalarNode, space: readonly Expr[]): Operand[] {
  const counts = new Map<LoopNode, number>();
  walkScalar(lowering, body, (scalar) => {
    if (scalar.kind === 'load') counts.set(scalar.tensor, (counts.get(scalar.tensor) ?? 0) + 1);
  });
  return [...counts].map(([node, sites]) => reader(lowering, node, space, sites));
}

function reader(lowering: Lowering, node: LoopNode, space: readonly Expr[], sites: number): Operand {
  const mine = numelOf(space);
  const its = numelOf(node.shape);
  const repeated = mine.key !== its.key && lowering.space.weigh(mine) > lowering.space.weigh(its);
  return { node, sites, repeated, use: 'elements' };
}

function templateOperands(definition: TemplateDefinition): Operand[] {
  const memory = (node: LoopNode): Operand => ({ node, sites: 1, repeated: true, use: 'memory' });
  const elements = (node: LoopNode | null, repeated: boolean): Operand[] =>
    node ? [{ node, sites: 1, repeated, use: 'elements' }] : [];
  switch (definition.kind) {
    case 'matmul':
      return [memory(definition.a), { ...memory(definition.b), use: 'strides' }, ...elements(definition.bias, true)];
    case 'conv1d':
      return [
        { ...memory(definition.x), use: 'strides' },
        { ...memory(definition.weight), use: 'strides' },
        ...elements(definition.bias, true),
      ];
    case 'attention':
      return [memory(definition.q), memory(definition.k), memory(definition.v), ...elements(definition.mask, true)];
    case 'layerNorm':
      return [
        ...elements(definition.x, true),
        ...elements(definition.weight, true),
        ...elements(definition.bias, true),
      ];
    case 'softmax':
    case 'rfft':
      return elements(definition.x, false);
  }
}
