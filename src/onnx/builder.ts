/** @file `OnnxBuilder`: what the ONNX forms of the ops are written with. Nodes are collected in groups, one a graph node. */

import type { DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { elementWriter, emptyView, type StridedView } from '../core/view.ts';
import { type Graph, type SymbolSource, symbolSources } from '../graph/graph.ts';
import type { OnnxAttr, OnnxBuilder, OnnxFunctionBody } from '../ops/record.ts';
import type { Atom, Expr } from '../symbolic/canonical.ts';
import { constValue } from '../symbolic/expr.ts';
import type { FloatNode } from '../symbolic/floatNode.ts';
import { isSymFloat, type Size, sizeExpr } from '../symbolic/symInt.ts';
import { floatForms } from './floatForms.ts';
import {
  type AttributeMessage,
  dataTypes,
  type FunctionMessage,
  type NodeMessage,
  type TensorMessage,
} from './messages.ts';
import { tensorMessage } from './tensorProto.ts';

export const functionDomain = 'torchnative';

type Attributes = Readonly<Record<string, OnnxAttr>>;
type Constants = number | bigint | boolean | readonly (number | bigint | boolean)[];

/** Nodes of the model in order; sizes and constants are made once and shared. */
export class ModelBuilder implements OnnxBuilder {
  readonly nodes: NodeMessage[] = [];
  readonly initializers: TensorMessage[] = [];
  readonly functions: FunctionMessage[] = [];
  /** Written into each node that is added. */
  metadata: [string, string][] = [];
  private readonly sources: ReadonlyMap<string, SymbolSource>;
  private readonly inputNames: readonly string[];
  private readonly shared = new Map<string, string>();
  /** Names of values; those of what is made here are added. */
  private readonly taken: Set<string>;
  private counter = 0;

  constructor(graph: Pick<Graph, 'inputs'>, taken: Set<string>) {
    this.sources = symbolSources(graph);
    this.inputNames = graph.inputs.map((input) => input.path);
    this.taken = taken;
  }

  node(opType: string, inputs: readonly string[], attrs: Attributes = {}, outputs = 1): string[] {
    return this.add('', opType, inputs, attrs, outputs);
  }

  constant(values: Constants, dtype: DType): string {
    const key = `constant ${dtype} ${constantKey(values)}`;
    return this.once(key, () => {
      const name = uniqueName(`tn_constant_${this.counter++}`, this.taken);
      this.initializers.push(tensorMessage(constantView(values, dtype), name));
      return name;
    });
  }

  sizes(values: readonly Size[]): string {
    const exprs = values.map(sizeExpr);
    const numbers = exprs.map(constValue);
    if (numbers.every((value) => value !== null)) return this.constant(numbers as number[], 'int64');
    const key = `sizes ${exprs.map((expr) => expr.key).join(' ')}`;
    return this.once(key, () =>
      this.forSizes(() => {
        const parts = exprs.map((expr) => this.size(expr));
        return parts.length === 1 ? parts[0] : this.node('Concat', parts, { axis: 0 })[0];
      }),
    );
  }

  number(value: number, dtype: DType): string {
    const unknown: unknown = value;
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
      return this.constant(value, dtype);
    return this.once(`number ${dtype} ${String(unknown)}`, () =>
      this.forSizes(() => {
        if (isSymFloat(unknown)) return this.cast(this.float(unknown.node), 'float64', dtype);
        const flat = this.size(sizeExpr(value));
        return this.cast(this.node('Squeeze', [flat, this.constant([0], 'int64')])[0], 'int64', dtype);
      }),
    );
  }

  cast(name: string, from: DType, to: DType): string {
    return from === to ? name : this.node('Cast', [name], { to: { dtype: to } })[0];
  }

  call(
    name: string,
    inputs: readonly string[],
    define: (body: OnnxFunctionBody) => readonly string[],
    outputs = 1,
  ): string[] {
    if (!this.functions.some((fn) => fn.name === name))
      this.functions.push(defineFunction(name, inputs.length, define));
    return this.add(functionDomain, name, inputs, {}, outputs);
  }

  // -- inside -----------------------------------------------------------------------------------------------------

  private add(domain: string, opType: string, inputs: readonly string[], attrs: Attributes, outputs: number): string[] {
    const id = this.counter++;
    const names = Array.from({ length: outputs }, (_, i) =>
      uniqueName(`tn_${id}${outputs > 1 ? `_${i}` : ''}`, this.taken),
    );
    this.nodes.push({
      inputs: [...inputs],
      outputs: names,
      name: `${opType}_${id}`,
      opType,
      domain,
      attributes: attributeMessages(attrs),
      metadata: [...this.metadata],
    });
    return names;
  }

  private once(key: string, make: () => string): string {
    let name = this.shared.get(key);
    if (name === undefined) {
      name = make();
      this.shared.set(key, name);
    }
    return name;
  }

  /** Nodes that compute sizes belong to no node of the graph: the reader passes over them. */
  private forSizes<T>(make: () => T): T {
    const outer = this.metadata;
    this.metadata = [['tn.size', '1']];
    try {
      return make();
    } finally {
      this.metadata = outer;
    }
  }

  /** A 1-d int64 tensor of one element. */
  private size(expr: Expr): string {
    const value = constValue(expr);
    if (value !== null) return this.constant([value], 'int64');
    return this.once(`size ${expr.key}`, () => {
      const terms = expr.terms.map(({ coefficient, factors }) => {
        const product = factors.map((atom) => this.atom(atom));
        if (coefficient !== 1 || product.length === 0) product.unshift(this.constant([coefficient], 'int64'));
        return product.reduce((a, b) => this.node('Mul', [a, b])[0]);
      });
      return terms.reduce((a, b) => this.node('Add', [a, b])[0]);
    });
  }

  private atom(atom: Atom): string {
    switch (atom.kind) {
      case 'symbol':
        return this.symbol(atom.name);
      case 'mod':
        return this.node('Mod', [this.size(atom.left), this.size(atom.right)])[0];
      case 'floordiv': {
        // ONNX Div truncates: taking the (floored) remainder off first makes it exact.
        const left = this.size(atom.left);
        const right = this.size(atom.right);
        return this.node('Div', [this.node('Sub', [left, this.node('Mod', [left, right])[0]])[0], right])[0];
      }
      default:
        return this.node(
          atom.kind === 'min' ? 'Min' : 'Max',
          atom.args.map((arg) => this.size(arg)),
        )[0];
    }
  }

  private symbol(name: string): string {
    return this.once(`symbol ${name}`, () => {
      const source = this.sources.get(name);
      if (!source) throw new TnError({ what: `dim \`${name}\` is the size of no input` });
      const input = this.inputNames[source.input];
      if (source.axis < 0) return this.node('Unsqueeze', [input, this.constant([0], 'int64')])[0];
      return this.node('Shape', [input], { start: source.axis, end: source.axis + 1 })[0];
    });
  }

  /** A 0-d float64. */
  private float(node: FloatNode): string {
    if (node.kind === 'constant') return this.constant(node.value, 'float64');
    if (node.kind === 'size') {
      const flat = this.size(node.expr);
      return this.cast(this.node('Squeeze', [flat, this.constant([0], 'int64')])[0], 'int64', 'float64');
    }
    return this.once(`float ${node.key}`, () => {
      const args = node.args.map((arg) => this.float(arg));
      return floatForms[node.fn](this, ...args);
    });
  }
}

/** `name`, or with the first number that makes it new; it is taken then. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let i = 1; taken.has(unique); i++) unique = `${name}.${i}`;
  taken.add(unique);
  return unique;
}

function defineFunction(
  name: string,
  inputCount: number,
  define: (body: OnnxFunctionBody) => readonly string[],
): FunctionMessage {
  const inputs = Array.from({ length: inputCount }, (_, i) => `input_${i}`);
  const nodes: NodeMessage[] = [];
  const add = (opType: string, from: readonly string[], attributes: AttributeMessage[], outputs: number): string[] => {
    const names = Array.from({ length: outputs }, (_, i) => `v${nodes.length}${outputs > 1 ? `_${i}` : ''}`);
    nodes.push({ inputs: [...from], outputs: names, name: '', opType, domain: '', attributes, metadata: [] });
    return names;
  };
  const outputs = define({
    inputs,
    node: (opType, from, attrs = {}, count = 1) => add(opType, from, attributeMessages(attrs), count),
    constant: (values, dtype) =>
      add(
        'Constant',
        [],
        [{ name: 'value', kind: 'tensor', value: tensorMessage(constantView(values, dtype), '') }],
        1,
      )[0],
  });
  return { name, domain: functionDomain, inputs, outputs: [...outputs], nodes };
}

function attributeMessages(attrs: Attributes): AttributeMessage[] {
  return Object.entries(attrs).map(([name, value]): AttributeMessage => {
    if (typeof value === 'string') return { name, kind: 'string', value };
    if (typeof value === 'number' || typeof value === 'bigint') return { name, kind: 'int', value: BigInt(value) };
    if ('float' in value) return { name, kind: 'float', value: value.float };
    if ('floats' in value) return { name, kind: 'floats', value: [...value.floats] };
    if ('dtype' in value) return { name, kind: 'int', value: BigInt(dataTypes[value.dtype]) };
    return { name, kind: 'ints', value: (value as readonly number[]).map(BigInt) };
  });
}

function constantView(values: Constants, dtype: DType): StridedView {
  const list = Array.isArray(values) ? (values as readonly (number | bigint | boolean)[]) : null;
  const items = list ?? [values as number | bigint | boolean];
  const view = emptyView(dtype, list ? [items.length] : []);
  const data = view.storage.typed(dtype);
  if (dtype === 'int64') {
    items.forEach((item, i) => {
      data[i] = BigInt(item);
    });
  } else {
    const write = elementWriter(dtype, data);
    items.forEach((item, i) => {
      write(i, Number(item));
    });
  }
  return view;
}

function constantKey(values: Constants): string {
  const text = (value: number | bigint | boolean): string => (Object.is(value, -0) ? '-0' : String(value));
  return Array.isArray(values) ? `[${values.map(text).join(' ')}]` : text(values as number | bigint | boolean);
}
