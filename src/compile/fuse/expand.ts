/** @file Inlines loads: what is left are reads of memory and what the kernel around has just computed. */

import { invariant } from '../../core/errors.ts';
import { constValue, type Expr, freeSymbols, substitute } from '../../symbolic/expr.ts';
import { linearOffset } from '../lower/affine.ts';
import type { Lowering } from '../lower/builder.ts';
import type { Buffer, LoopNode, ScalarNode } from '../lower/ir.ts';
import { isLoopSymbol } from '../lower/space.ts';
import type { WeightLayout } from '../part.ts';

/** How an element of a buffer is addressed when its layout is not row-major. */
export interface Memory {
  bufferOf(node: LoopNode): Buffer | null;
  /** The layout that a weight is read in, and the element's offset in it; null for row-major. */
  packed(buffer: Buffer, index: readonly Expr[]): { readonly offset: Expr; readonly layout: WeightLayout } | null;
}

/** A value that the kernel computes itself: loads of `node` at `coordinates` are that value. */
export interface Produced {
  readonly node: LoopNode;
  readonly coordinates: readonly Expr[];
  readonly value: ScalarNode;
  /** For results that are pairs along a last axis that `coordinates` leaves out: the value of each. */
  readonly parts?: readonly ScalarNode[];
}

/** The axes that a kernel's results are counted by: a Fourier transform makes both parts of a number at once. */
export function producedShape(root: LoopNode): readonly Expr[] {
  return root.definition.kind === 'rfft' ? root.shape.slice(0, -1) : root.shape;
}

/** Thrown when a kernel would need another element of what it produces than the one at hand: then nothing is fused. */
export class NotFusible extends Error {}

export class Expander {
  private readonly lowering: Lowering;
  private readonly memory: Memory;
  private readonly produced: Produced | null;
  /** Everything that was inlined, in the order in which it was met. */
  readonly inlined = new Set<LoopNode>();
  private readonly done = new Map<ScalarNode, ScalarNode>();
  private readonly offset: Expr | null;

  constructor(lowering: Lowering, memory: Memory, produced: Produced | null = null) {
    this.lowering = lowering;
    this.memory = memory;
    this.produced = produced;
    this.offset = produced && linearOffset(produced.coordinates, producedShape(produced.node));
  }

  /** The element of `node` at `index`, read from memory if it stands there. */
  element(node: LoopNode, index: readonly Expr[]): ScalarNode {
    return this.load(
      node,
      index.map((e) => this.lowering.space.simplify(e)),
    );
  }

  /** The value that a stored pointwise or view node is made of. */
  definitionAt(node: LoopNode, index: readonly Expr[]): ScalarNode {
    const { definition } = node;
    const at = index.map((e) => this.lowering.space.simplify(e));
    this.inlined.add(node);
    if (definition.kind === 'pointwise') return this.scalar(definition.body(at), node);
    if (definition.kind === 'view') {
      return this.load(definition.source, definition.map(at));
    }
    throw new Error(`internal: ${node.name} is made by a ${definition.kind}`);
  }

  /** `scalar` of the body of `owner`, inlined. */
  scalar(scalar: ScalarNode, owner: LoopNode): ScalarNode {
    if (owner.redirects.size > 0) return this.rebuild(scalar, owner);
    const known = this.done.get(scalar);
    if (known) return known;
    const result = this.rebuild(scalar, owner);
    this.done.set(scalar, result);
    return result;
  }

  private rebuild(scalar: ScalarNode, owner: LoopNode): ScalarNode {
    const { scalars } = this.lowering;
    const expr = (e: Expr): Expr => this.expr(e, owner);
    const inner = (s: ScalarNode): ScalarNode => this.scalar(s, owner);
    switch (scalar.kind) {
      case 'constant':
      case 'symbolic':
      case 'produced':
      case 'memory':
        return scalar;
      case 'index':
        return scalars.index(expr(scalar.expr), scalar.dtype);
      case 'load':
        return this.load(owner.redirects.get(scalar.tensor) ?? scalar.tensor, scalar.index.map(expr));
      case 'op':
        return scalars.op(scalar.op, scalar.args.map(inner));
      case 'cast':
        return scalars.cast(inner(scalar.arg), scalar.dtype);
      case 'select': {
        const condition = inner(scalar.condition);
        if (condition.kind === 'constant') return inner(condition.value ? scalar.whenTrue : scalar.whenFalse);
        return scalars.select(condition, inner(scalar.whenTrue), inner(scalar.whenFalse));
      }
      case 'less':
        return scalars.less(expr(scalar.left), expr(scalar.right));
    }
  }

  /** Told of every load, before it is inlined. */
  protected onLoad(_node: LoopNode, _index: readonly Expr[]): void {}

  private load(node: LoopNode, index: readonly Expr[]): ScalarNode {
    this.onLoad(node, index);
    const { scalars, space } = this.lowering;
    const { produced } = this;
    if (produced && node === produced.node && this.offset) {
      const shape = producedShape(node);
      const at = index.slice(0, shape.length);
      if (!space.equal(linearOffset(at, shape), this.offset)) throw new NotFusible();
      if (!produced.parts) return produced.value;
      const part = constValue(index[shape.length]);
      if (part === null || !produced.parts[part]) throw new NotFusible();
      return produced.parts[part];
    }
    const buffer = this.memory.bufferOf(node);
    if (buffer) {
      const packed = this.memory.packed(buffer, index);
      return packed
        ? scalars.memory(buffer, packed.offset, packed.layout)
        : scalars.memory(buffer, linearOffset(index, node.shape));
    }
    const { definition } = node;
    invariant(
      definition.kind === 'pointwise' || definition.kind === 'view',
      () => `${node.name} (${definition.kind}) is not stored`,
    );
    return this.definitionAt(node, index);
  }

  /** Indices that are themselves read from tensors are inlined too. */
  private expr(e: Expr, owner: LoopNode): Expr {
    const { scalars, space } = this.lowering;
    let replaced: Map<string, Expr> | null = null;
    for (const name of freeSymbols(e)) {
      const indirect = isLoopSymbol(name) ? scalars.indirects.get(name) : undefined;
      if (!indirect) continue;
      const value = this.scalar(indirect.value, owner);
      if (value === indirect.value) continue;
      replaced ??= new Map();
      replaced.set(name, scalars.indirect(value, indirect.limit, indirect.what));
    }
    return space.simplify(replaced ? substitute(e, replaced) : e);
  }
}
