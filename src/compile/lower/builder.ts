/** @file The LoopBuilder that op lowerings are written against: every call makes a node, nothing is computed yet. */

import { type DType, isFloat, isHalf } from '../../core/dtype.ts';
import { invariant } from '../../core/errors.ts';
import type { SourceLocation } from '../../core/location.ts';
import type { Combine, LoopBuilder, LoopMeta, LoopTensor, Scalar, ScalarOp } from '../../ops/record.ts';
import { constValue, type Expr, int } from '../../symbolic/expr.ts';
import { isSymbolic, isSymInt, type Size, SymFloat, sizeExpr } from '../../symbolic/symInt.ts';
import { linearOffset, numelOf } from './affine.ts';
import { alignMask, digits, mergeBatch, splitBatch } from './batch.ts';
import * as composites from './composites.ts';
import { asNode, asScalar, type Buffer, type Definition, type LoopNode, type ScalarNode } from './ir.ts';
import { Scalars } from './scalars.ts';
import type { IndexSpace } from './space.ts';

const maxUnrolled = 4;
const unrolledOps: { readonly [C in Combine]?: ScalarOp } = {
  sum: 'add',
  prod: 'mul',
  max: 'maximum',
  min: 'minimum',
  any: 'or',
  all: 'and',
};

/** What the nodes made now are for. */
export interface Origin {
  readonly op: string;
  readonly name: string;
  readonly location: SourceLocation | null;
}

export class Lowering implements LoopBuilder {
  readonly space: IndexSpace;
  readonly scalars: Scalars;
  readonly nodes: LoopNode[] = [];
  /** Parameters that the graph writes into. */
  readonly mutated = new Set<LoopNode>();
  private readonly buffers: Buffer[] = [];
  private origin: Origin = { op: 'input', name: 'input', location: null };

  constructor(space: IndexSpace) {
    this.space = space;
    this.scalars = new Scalars(space);
  }

  /** Nodes made from here on belong to `origin`. */
  begin(origin: Origin): void {
    this.origin = origin;
  }

  buffer(name: string, meta: LoopMeta, place: Buffer['place']): Buffer {
    const buffer: Buffer = { id: this.buffers.length, name, dtype: meta.dtype, shape: meta.shape, place };
    this.buffers.push(buffer);
    return buffer;
  }

  node(meta: LoopMeta, definition: Definition): LoopNode {
    const id = this.nodes.length;
    const { op, name, location } = this.origin;
    const shape = meta.shape.map((size) => this.space.simplify(size));
    const redirects = new Map<LoopNode, LoopNode>();
    const node: LoopNode = {
      loopTensor: true,
      id,
      position: id,
      name,
      op,
      location,
      definition,
      redirects,
      dtype: meta.dtype,
      shape,
    };
    this.nodes.push(node);
    return node;
  }

  size(value: Size): Expr {
    return sizeExpr(value);
  }

  constant(value: number | boolean | bigint, dtype: DType): Scalar {
    return this.scalars.constant(value, dtype);
  }

  number(value: number, dtype: DType): Scalar {
    const unknown: unknown = value;
    if (isSymInt(unknown)) return this.scalars.cast(this.scalars.index(unknown.expr, 'int64'), dtype);
    if (unknown instanceof SymFloat) {
      const exact = this.scalars.symbolic(unknown.key, 'float64', (nameOf) => unknown.toC(nameOf));
      return this.scalars.cast(exact, dtype);
    }
    return this.scalars.constant(value, dtype);
  }

  indexValue(index: Expr, dtype: DType): Scalar {
    return this.scalars.cast(this.scalars.index(index, 'int64'), dtype);
  }

  load(x: LoopTensor, index: readonly Expr[]): Scalar {
    const node = asNode(x);
    invariant(index.length === node.shape.length, () => `load of ${node.name} with ${index.length} indices`);
    return this.scalars.load(node, index);
  }

  op(name: ScalarOp, ...args: Scalar[]): Scalar {
    const dtype = args[0].dtype;
    invariant(
      args.every((arg) => arg.dtype === dtype),
      () => `${name} of ${args.map((arg) => arg.dtype).join(' and ')}`,
    );
    return this.scalars.op(name, args.map(asScalar));
  }

  cast(x: Scalar, dtype: DType): Scalar {
    return this.scalars.cast(asScalar(x), dtype);
  }

  select(condition: Scalar, a: Scalar, b: Scalar): Scalar {
    invariant(a.dtype === b.dtype, () => `select between ${a.dtype} and ${b.dtype}`);
    return this.scalars.select(asScalar(condition), asScalar(a), asScalar(b));
  }

  indexLess(a: Expr, b: Expr): Scalar {
    return this.scalars.less(a, b);
  }

  indirect(x: Scalar, limit: Expr, what: string): Expr {
    return this.scalars.indirect(asScalar(x), limit, what);
  }

  pointwise(output: LoopMeta, body: (index: readonly Expr[]) => Scalar): LoopNode {
    return this.node(output, {
      kind: 'pointwise',
      body: (index) => this.scalars.cast(asScalar(body(index)), output.dtype),
    });
  }

  view(x: LoopTensor, shape: readonly Expr[], map: (index: readonly Expr[]) => readonly Expr[]): LoopNode {
    const source = asNode(x);
    return this.node({ dtype: x.dtype, shape }, { kind: 'view', source, map });
  }

  reduce(
    output: LoopMeta,
    combine: Combine,
    extents: readonly Expr[],
    body: (index: readonly Expr[], reduced: readonly Expr[]) => Scalar,
  ): LoopNode {
    const few = this.unrolled(output, combine, extents, body);
    if (few) return few;
    return this.node(output, { kind: 'reduce', combine, extents, body: (i, r) => asScalar(body(i, r)) });
  }

  /** A reduction of a few known elements (a pair of real and imaginary part, say) is arithmetic on them. */
  private unrolled(
    output: LoopMeta,
    combine: Combine,
    extents: readonly Expr[],
    body: (index: readonly Expr[], reduced: readonly Expr[]) => Scalar,
  ): LoopNode | null {
    const op = unrolledOps[combine];
    const count = constValue(numelOf(extents));
    if (!op || count === null || count < 1 || count > maxUnrolled) return null;
    return this.pointwise(output, (index) => {
      const values = Array.from({ length: count }, (_, i) => asScalar(body(index, digits(int(i), extents))));
      return values.reduce((sum, value) => this.scalars.op(op, [sum, value]));
    });
  }

  scatter(base: LoopTensor, src: LoopTensor, map: (index: readonly Expr[]) => readonly Expr[]): LoopNode {
    const into = asNode(base);
    const from = asNode(src);
    return this.foldedScatter(into, from, map) ?? this.node(into, { kind: 'scatter', base: into, src: from, map });
  }

  /**
   * Writing a changed slice back into where it was taken from: the change is written into the whole at once, and the
   * slice becomes a view of the result. This is what keeps nested slices of a cache in place.
   */
  private foldedScatter(
    base: LoopNode,
    src: LoopNode,
    map: (index: readonly Expr[]) => readonly Expr[],
  ): LoopNode | null {
    const inner = src.definition;
    if (inner.kind !== 'scatter') return null;
    const index = src.shape.map((size) => this.space.fresh(size));
    const taken = this.resolveViews(inner.base, index);
    const written = this.resolveViews(base, map(index));
    if (taken.node !== written.node || !taken.index.every((e, axis) => this.space.equal(e, written.index[axis]))) {
      return null;
    }
    const whole = this.node(base, {
      kind: 'scatter',
      base,
      src: inner.src,
      map: (position) => map(inner.map(position)),
    });
    whole.position = src.position;
    src.definition = { kind: 'view', source: whole, map };
    return whole;
  }

  private resolveViews(node: LoopNode, index: readonly Expr[]): { node: LoopNode; index: readonly Expr[] } {
    let at = index;
    let from = node;
    while (from.definition.kind === 'view') {
      at = from.definition.map(at).map((e) => this.space.simplify(e));
      from = from.definition.source;
    }
    return { node: from, index: at };
  }

  matmul(output: LoopMeta, a: LoopTensor, b: LoopTensor, bias: LoopTensor | null): LoopNode {
    const [left, right] = [asNode(a), asNode(b)];
    if (!isTemplateFloat(a.dtype) || !isTemplateFloat(b.dtype) || !isTemplateFloat(output.dtype)) {
      return composites.matmul(this, output, left, right, bias && asNode(bias));
    }
    const batch = output.shape.slice(0, -2);
    const shape = [numelOf(batch), ...output.shape.slice(-2)];
    const product = this.node(
      { dtype: output.dtype, shape },
      { kind: 'matmul', a: mergeBatch(this, left, 1), b: mergeBatch(this, right, 1), bias: bias && asNode(bias) },
    );
    return splitBatch(this, product, output.shape, 1);
  }

  conv1d(
    output: LoopMeta,
    x: LoopTensor,
    weight: LoopTensor,
    bias: LoopTensor | null,
    options: { readonly stride: number; readonly padding: number; readonly dilation: number; readonly groups: number },
  ): LoopNode {
    const plain = options.groups === 1 && [x, weight, output].every((tensor) => isTemplateFloat(tensor.dtype));
    const fixed = asNode(weight).shape.every((size) => constValue(size) !== null);
    if (!plain || !fixed || !this.isWeight(asNode(weight))) {
      return composites.conv1d(this, output, asNode(x), asNode(weight), bias && asNode(bias), options);
    }
    const { stride, padding, dilation } = options;
    return this.node(output, {
      kind: 'conv1d',
      x: asNode(x),
      weight: asNode(weight),
      bias: bias && asNode(bias),
      options: { stride, padding, dilation },
    });
  }

  attention(
    output: LoopMeta,
    q: LoopTensor,
    k: LoopTensor,
    v: LoopTensor,
    options: { readonly mask: LoopTensor | null; readonly causalOffset: Expr | null; readonly scale: number },
  ): LoopNode {
    const mask = options.mask && asNode(options.mask);
    const operands = {
      q: asNode(q),
      k: asNode(k),
      v: asNode(v),
      mask,
      causalOffset: options.causalOffset,
      scale: options.scale,
    };
    const depth = constValue(operands.q.shape.at(-1)!);
    const same = depth !== null && depth === constValue(operands.v.shape.at(-1)!) && depth >= 1 && depth <= 256;
    if (!same || ![q, k, v, output].every((tensor) => isTemplateFloat(tensor.dtype)) || isSymbolic(options.scale)) {
      return composites.attention(this, output, operands);
    }
    const batch = output.shape.slice(0, -2);
    const heads = batch.at(-1) ?? int(1);
    const shape = [numelOf(batch.slice(0, -1)), heads, ...output.shape.slice(-2)];
    const [query, key, value] = [operands.q, operands.k, operands.v].map((x) => mergeBatch(this, x, 2));
    const fused = this.node(
      { dtype: output.dtype, shape },
      { ...operands, kind: 'attention', q: query, k: key, v: value, mask: mask && alignMask(this, mask, output.shape) },
    );
    return splitBatch(this, fused, output.shape, 2);
  }

  layerNorm(
    output: LoopMeta,
    x: LoopTensor,
    axes: number,
    weight: LoopTensor | null,
    bias: LoopTensor | null,
    eps: number,
  ): LoopNode {
    const operands = { x: asNode(x), axes, weight: weight && asNode(weight), bias: bias && asNode(bias), eps };
    if (!isTemplateFloat(x.dtype)) return composites.layerNorm(this, output, operands);
    const kept = output.shape.length - axes;
    const inner = output.shape.slice(kept);
    const shape = [...output.shape.slice(0, kept), numelOf(inner)];
    const flat = (node: LoopNode | null, outer: number): LoopNode | null =>
      node &&
      this.view(node, [...node.shape.slice(0, outer), shape.at(-1)!], (index) => [
        ...index.slice(0, outer),
        ...digits(index[outer], inner),
      ]);
    const rows =
      axes === 1
        ? operands
        : { ...operands, x: flat(operands.x, kept)!, weight: flat(operands.weight, 0), bias: flat(operands.bias, 0) };
    const made = this.node({ dtype: output.dtype, shape }, { ...rows, kind: 'layerNorm', axes: 1 });
    if (axes === 1) return made;
    return this.view(made, output.shape, (index) => [...index.slice(0, kept), linearOffset(index.slice(kept), inner)]);
  }

  softmax(output: LoopMeta, x: LoopTensor, axis: number, log: boolean): LoopNode {
    const input = asNode(x);
    if (!isTemplateFloat(x.dtype) || input.shape.length === 0) {
      return composites.softmax(this, output, input, axis, log);
    }
    const last = input.shape.length - 1;
    if (axis === last) return this.node(output, { kind: 'softmax', x: input, log });
    // Along another axis: turned so that it is the last one, and back.
    const toLast = <T>(list: readonly T[]): T[] => [...list.filter((_, i) => i !== axis), list[axis]];
    const back = (index: readonly Expr[]): Expr[] => [...index.slice(0, axis), index[last], ...index.slice(axis, last)];
    const turned = this.view(input, toLast(input.shape), back);
    const made = this.node({ dtype: output.dtype, shape: turned.shape }, { kind: 'softmax', x: turned, log });
    return this.view(made, output.shape, toLast);
  }

  rfft(output: LoopMeta, x: LoopTensor, n: number): LoopNode {
    if (!isTemplateFloat(x.dtype)) return composites.rfft(this, output, asNode(x), n);
    return this.node(output, { kind: 'rfft', x: asNode(x), n });
  }

  /** Whether a tensor is a view of a parameter or constant that nothing writes: then it can be packed ahead. */
  private isWeight(node: LoopNode): boolean {
    const { node: source } = this.resolveViews(
      node,
      node.shape.map((size) => this.space.fresh(size)),
    );
    const { definition } = source;
    if (definition.kind !== 'buffer' || this.mutated.has(source)) return false;
    return definition.buffer.place.kind === 'parameter' || definition.buffer.place.kind === 'constant';
  }

  /** A copy in memory of its own: what outputs and template operands of unusual layout are made with. */
  identity(x: LoopNode): LoopNode {
    return this.node(x, { kind: 'pointwise', body: (index) => this.scalars.load(x, index) });
  }

  /** The body of a pointwise node at an index. */
  bodyAt(node: LoopNode, index: readonly Expr[]): ScalarNode {
    const { definition } = node;
    invariant(definition.kind === 'pointwise', () => `${node.name} has no body`);
    return definition.body(index);
  }
}

/** float32 arithmetic whatever the storage: what the templates are written for. */
function isTemplateFloat(dtype: DType): boolean {
  return dtype === 'float32' || isHalf(dtype);
}

/** The dtype that a composite computes in. */
export function arithmeticDType(dtype: DType): DType {
  return isFloat(dtype) && dtype !== 'float64' ? 'float32' : dtype;
}
