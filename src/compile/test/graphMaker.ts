/** @file Builds graphs by hand for the compiler's tests: every op goes through its record's own shape rule. */

import type { DType } from '../../core/dtype.ts';
import type { StridedView } from '../../core/view.ts';
import type { Graph, GraphConstant, GraphInput, GraphParameter, Mutation, Node, Value } from '../../graph/graph.ts';
import { opByName } from '../../ops/index.ts';
import type { Attrs } from '../../ops/record.ts';
import { Dim } from '../../symbolic/dim.ts';
import { symbol } from '../../symbolic/expr.ts';
import { ShapeEnv } from '../../symbolic/shapeEnv.ts';
import { type Size, sizeExpr, sizeFromExpr } from '../../symbolic/symInt.ts';

export class GraphMaker {
  readonly env = new ShapeEnv();
  private readonly name: string;
  private readonly inputs: GraphInput[] = [];
  private readonly parameters: GraphParameter[] = [];
  private readonly constants: GraphConstant[] = [];
  private readonly nodes: Node[] = [];
  private readonly mutations: Mutation[] = [];
  private readonly shapes = new Map<Value, readonly Size[]>();
  private next = 0;

  constructor(name: string) {
    this.name = name;
  }

  dim(name: string, sample: number, range: { min?: number; max?: number; multipleOf?: number } = {}): Size {
    this.env.declare(Dim(name, range), sample);
    return sizeFromExpr(symbol(name), this.env);
  }

  private value(name: string, dtype: DType, shape: readonly Size[]): Value {
    const value: Value = { id: this.next++, name, dtype, shape: shape.map(sizeExpr) };
    this.shapes.set(value, shape);
    return value;
  }

  input(path: string, dtype: DType, shape: readonly Size[]): Value {
    const value = this.value(path, dtype, shape);
    this.inputs.push({ kind: 'tensor', path, value });
    return value;
  }

  numberInput(path: string, dimName: string): void {
    this.inputs.push({ kind: 'dim', path, symbol: dimName });
  }

  parameter(path: string, dtype: DType, shape: readonly Size[]): Value {
    const value = this.value(path, dtype, shape);
    this.parameters.push({ path, value });
    return value;
  }

  constant(name: string, data: StridedView): Value {
    const value = this.value(name, data.dtype, data.sizes);
    this.constants.push({ value, data });
    return value;
  }

  shapeOf(value: Value): readonly Size[] {
    return this.shapes.get(value)!;
  }

  ops(op: string, inputs: readonly Value[], attrs: Attrs = {}): Value[] {
    const metas = opByName(op).infer(
      inputs.map((input) => ({ dtype: input.dtype, shape: this.shapes.get(input)! })),
      attrs,
    );
    const outputs = metas.map(({ dtype, shape }, i) =>
      this.value(`${op}_${this.next}${i ? `_${i}` : ''}`, dtype, shape),
    );
    const location = { file: '/model.ts', line: this.nodes.length + 1, column: 1 };
    this.nodes.push({ op, inputs, attrs, outputs, location });
    return outputs;
  }

  op(op: string, inputs: readonly Value[], attrs: Attrs = {}): Value {
    return this.ops(op, inputs, attrs)[0];
  }

  /** The input or parameter holds `value` when the graph is done. */
  mutate(target: Value, value: Value): void {
    const input = this.inputs.findIndex((i) => i.kind === 'tensor' && i.value === target);
    const index = input >= 0 ? input : this.parameters.findIndex((p) => p.value === target);
    this.mutations.push({ target: { kind: input >= 0 ? 'input' : 'parameter', index }, value });
  }

  finish(...outputs: Value[]): Graph {
    return {
      name: this.name,
      env: this.env,
      inputs: this.inputs,
      parameters: this.parameters,
      constants: this.constants,
      nodes: this.nodes,
      outputs,
      mutations: this.mutations,
      result: { kind: 'array', items: outputs.map((_, index) => ({ kind: 'output', index, views: [] })) },
    };
  }
}
