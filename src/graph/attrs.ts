/** @file Symbolic attributes: to concrete numbers for given dims, and to canonical text. */

import type { Attr, Attrs } from '../ops/record.ts';
import { evaluate } from '../symbolic/expr.ts';
import { isSymFloat, isSymInt } from '../symbolic/symInt.ts';

export type DimValues = ReadonlyMap<string, number>;

export function attrsAt(attrs: Attrs, dims: DimValues): Attrs {
  const out: Record<string, Attr> = {};
  for (const key in attrs) out[key] = attrAt(attrs[key], dims);
  return out;
}

function attrAt(value: Attr, dims: DimValues): Attr {
  if (Array.isArray(value)) return value.map((item) => attrAt(item, dims));
  const unknown: unknown = value;
  if (isSymInt(unknown)) return evaluate(unknown.expr, dims);
  if (isSymFloat(unknown)) return unknown.evaluate(dims);
  return value;
}

/** One line, stable between processes: `axis=1, end=n + 1`. */
export function attrsToString(attrs: Attrs): string {
  return Object.keys(attrs)
    .sort()
    .map((key) => `${key}=${attrToString(attrs[key])}`)
    .join(', ');
}

export function attrToString(value: Attr): string {
  if (Array.isArray(value)) return `[${value.map(attrToString).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  return String(value);
}
