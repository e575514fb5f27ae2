/**
 * @file The user's function as JavaScript callers see it: arguments and result as they were at the capture, without what
 * the package holds itself (weights, values that are fixed).
 */

import type { InputTree } from '../../capture/inputTree.ts';
import { linearOffset } from '../../compile/lower/affine.ts';
import { Lowering } from '../../compile/lower/builder.ts';
import { asNode, type LoopNode } from '../../compile/lower/ir.ts';
import { IndexSpace } from '../../compile/lower/space.ts';
import type { DType } from '../../core/dtype.ts';
import { invariant, TnError } from '../../core/errors.ts';
import type { ResultTree, Value, ViewStep } from '../../graph/graph.ts';
import { opByName } from '../../ops/index.ts';
import { type Expr, symbol } from '../../symbolic/expr.ts';
import { sizeFromExpr } from '../../symbolic/symInt.ts';
import type { PackagePart } from '../model.ts';
import { jsName, uniqueName } from './jsText.ts';
import type { Argument } from './runtime/description.ts';

export interface NamedArgument {
  readonly name: string;
  readonly value: Argument;
}

/** `runtime/description.ts`'s Result with expressions in place of functions. */
export type ResultShape =
  | { readonly kind: 'output' | 'input'; readonly index: number }
  | ({ readonly kind: 'taken'; readonly of: 'output' | 'input'; readonly index: number } & Taken)
  | { readonly kind: 'size'; readonly value: Expr }
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string | undefined }
  | { readonly kind: 'array'; readonly items: readonly ResultShape[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, ResultShape])[] };

/** Elements of a row-major tensor, seen through views of it. */
export interface Taken {
  readonly dtype: DType;
  readonly shape: readonly Expr[];
  /** Names of the indices in `at`, one an axis. */
  readonly indices: readonly string[];
  readonly at: Expr;
}

/** In the user's order; an argument that holds no input is left out. */
export function argumentsOf({ call, manifest }: PackagePart): NamedArgument[] {
  const taken = new Set<string>();
  const self = argumentOf(call.self);
  const args = call.args.map(argumentOf).filter((value): value is Argument => value !== null);
  const named = args.map((value) => {
    const root = /^[^.]*/.exec(manifest.inputs[firstInput(value)].path)![0];
    return { name: uniqueName(jsName(root), taken), value };
  });
  return self ? [{ name: uniqueName('self', taken), value: self }, ...named] : named;
}

function argumentOf(tree: InputTree): Argument | null {
  switch (tree.kind) {
    case 'tensor':
      return { kind: 'tensor', input: tree.input };
    case 'dim':
      return { kind: 'number', input: tree.input };
    case 'parameter':
    case 'plain':
      return null;
    case 'array': {
      const items = tree.items.map(argumentOf);
      return items.some((item) => item !== null) ? { kind: 'array', items } : null;
    }
    case 'object': {
      const fields = tree.fields.flatMap(([name, field]): (readonly [string, Argument])[] => {
        const argument = argumentOf(field);
        return argument ? [[name, argument]] : [];
      });
      return fields.length > 0 ? { kind: 'record', fields } : null;
    }
  }
}

function firstInput(argument: Argument): number {
  switch (argument.kind) {
    case 'tensor':
    case 'number':
      return argument.input;
    case 'array':
      return firstInput(argument.items.find((item) => item !== null)!);
    case 'record':
      return firstInput(argument.fields[0][1]);
  }
}

/** @throws TnError for a result that only the program that was captured can hold. */
export function resultOf(part: PackagePart): ResultShape {
  const { graph } = part;
  const visit = (tree: ResultTree): ResultShape => {
    switch (tree.kind) {
      case 'output':
        return viewed('output', tree.index, graph.outputs[tree.index], tree.views);
      case 'alias': {
        if (tree.of === 'parameter') {
          throw new TnError({
            what: `part "${part.part}" returns ${graph.parameters[tree.index].path}, a tensor of the model itself`,
            fix: 'return a copy of it (.clone()), or leave it out of what is returned',
          });
        }
        const input = graph.inputs[tree.index];
        invariant(input.kind === 'tensor', () => 'a number is no alias');
        return viewed('input', tree.index, input.value, tree.views);
      }
      case 'size':
      case 'literal':
        return tree;
      case 'array':
        return { kind: 'array', items: tree.items.map(visit) };
      case 'record':
        return { kind: 'record', fields: tree.fields.map(([name, field]) => [name, visit(field)]) };
    }
  };
  const viewed = (of: 'output' | 'input', index: number, base: Value, views: readonly ViewStep[]): ResultShape =>
    views.length === 0 ? { kind: of, index } : { kind: 'taken', of, index, ...take(part, base, views) };
  return visit(graph.result);
}

/** Where each element of a chain of views stands in the tensor that they view: the views' own lowerings say. */
function take({ graph }: PackagePart, base: Value, views: readonly ViewStep[]): Taken {
  const lowering = new Lowering(new IndexSpace(graph.env.ranges));
  const buffer = lowering.buffer(base.name, base, { kind: 'arena' });
  let node: LoopNode = lowering.node(base, { kind: 'buffer', buffer });
  for (const { op, attrs } of views) {
    const record = opByName(op);
    invariant(record.lower !== 'eager', () => `the view ${op} has no compiled form`);
    const metas = record.infer(
      [{ dtype: node.dtype, shape: node.shape.map((size) => sizeFromExpr(size, graph.env)) }],
      attrs,
    );
    const output = { dtype: node.dtype, shape: metas[0].shape.map((size) => lowering.size(size)) };
    node = asNode(record.lower(lowering, [node], attrs, [output])[0]);
  }
  const indices = node.shape.map((_, axis) => `i${axis}`);
  let index: readonly Expr[] = indices.map(symbol);
  for (let current = node; current.definition.kind !== 'buffer'; current = current.definition.source) {
    invariant(current.definition.kind === 'view', () => 'a view is a rewrite of an index');
    index = current.definition.map(index);
  }
  return { dtype: base.dtype, shape: node.shape, indices, at: linearOffset(index, base.shape) };
}
