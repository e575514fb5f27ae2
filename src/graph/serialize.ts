/** @file Attributes and result trees as JSON and back, symbolic numbers included. */

import { TnError } from '../core/errors.ts';
import type { Attr, Attrs } from '../ops/record.ts';
import { exprToString, parseExpr } from '../symbolic/expr.ts';
import type { ShapeEnv } from '../symbolic/shapeEnv.ts';
import { isSymbolic, isSymInt, sizeFromExpr, symFloatFromString } from '../symbolic/symInt.ts';
import type { ResultTree, ViewStep } from './graph.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON of an attribute: what JSON cannot say is wrapped (`{ "$size": "n + 1" }`, `{ "$number": "-0" }`, `{ "$bigint": … }`). */
export function attrToJson(value: Attr): Json {
  const unknown: unknown = value;
  if (isSymInt(unknown)) return { $size: exprToString(unknown.expr) };
  if (isSymbolic(unknown)) return { $float: unknown.toString() };
  if (Array.isArray(value)) return (value as readonly Attr[]).map(attrToJson);
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  return value as Json;
}

export function attrFromJson(json: Json, env: ShapeEnv): Attr {
  if (Array.isArray(json)) return json.map((item: Json) => attrFromJson(item, env));
  if (typeof json !== 'object' || json === null) return json as Attr;
  const wrapped = json as { readonly [key: string]: Json };
  if (typeof wrapped.$size === 'string') return sizeFromExpr(parseExpr(wrapped.$size), env);
  if (typeof wrapped.$float === 'string') return symFloatFromString(wrapped.$float, env) as unknown as number;
  if (typeof wrapped.$bigint === 'string') return BigInt(wrapped.$bigint);
  if (typeof wrapped.$number === 'string') return Number(wrapped.$number);
  throw new TnError(`unknown attribute ${JSON.stringify(json)}`);
}

export function attrsToJson(attrs: Attrs): { [key: string]: Json } {
  return Object.fromEntries(
    Object.keys(attrs)
      .sort()
      .map((key) => [key, attrToJson(attrs[key])]),
  );
}

export function attrsFromJson(json: { readonly [key: string]: Json }, env: ShapeEnv): Attrs {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, attrFromJson(value, env)]));
}

export function resultToJson(tree: ResultTree): Json {
  const views = (steps: readonly ViewStep[]): Json => steps.map(({ op, attrs }) => ({ op, attrs: attrsToJson(attrs) }));
  switch (tree.kind) {
    case 'output':
      return { kind: 'output', index: tree.index, views: views(tree.views) };
    case 'alias':
      return { kind: 'alias', of: tree.of, index: tree.index, views: views(tree.views) };
    case 'size':
      return { kind: 'size', value: exprToString(tree.value) };
    case 'literal':
      return tree.value === undefined ? { kind: 'undefined' } : { kind: 'literal', value: attrToJson(tree.value) };
    case 'array':
      return { kind: 'array', items: tree.items.map(resultToJson) };
    case 'record':
      return { kind: 'record', fields: tree.fields.map(([key, item]) => [key, resultToJson(item)]) };
  }
}

type JsonRecord = { readonly [key: string]: Json };

export function resultFromJson(json: Json, env: ShapeEnv): ResultTree {
  const node = json as JsonRecord;
  const views = (): ViewStep[] =>
    (node.views as readonly JsonRecord[]).map((step) => ({
      op: step.op as string,
      attrs: attrsFromJson(step.attrs as JsonRecord, env),
    }));
  switch (node.kind) {
    case 'output':
      return { kind: 'output', index: node.index as number, views: views() };
    case 'alias':
      return { kind: 'alias', of: node.of as 'input' | 'parameter', index: node.index as number, views: views() };
    case 'size':
      return { kind: 'size', value: parseExpr(node.value as string) };
    case 'undefined':
      return { kind: 'literal', value: undefined };
    case 'literal':
      return { kind: 'literal', value: attrFromJson(node.value, env) as null | boolean | number | string };
    case 'array':
      return { kind: 'array', items: (node.items as readonly Json[]).map((item) => resultFromJson(item, env)) };
    case 'record':
      return {
        kind: 'record',
        fields: (node.fields as readonly (readonly [string, Json])[]).map(
          ([key, item]) => [key, resultFromJson(item, env)] as const,
        ),
      };
    default:
      throw new TnError(`unknown result ${JSON.stringify(json)}`);
  }
}
