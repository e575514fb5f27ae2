/** @file What `inputMatchers` declares of each parameter, as it is written. */

import { ts } from 'ts-morph';
import { constantBehind, keyText } from './dims.ts';
import type { Look } from './finding.ts';
import { matcherOf, parametersOf } from './parts.ts';
import { unwrap } from './types.ts';

interface Pair {
  readonly parameter: ts.ParameterDeclaration;
  readonly matcher: ts.Expression;
}

/** The parameters that have a matcher. */
export function pairs(look: Look): Pair[] {
  const { fn } = look.part;
  if (!fn) return [];
  return parametersOf(fn).flatMap((parameter): Pair[] => {
    const matcher = matcherOf(look.part, parameter, look.types);
    return matcher ? [{ parameter, matcher }] : [];
  });
}

/** The keys of a map, and where they stand. */
export function entriesOf(matcher: ts.Expression, look: Look): [string, ts.Node][] {
  const map = constantBehind(unwrap(matcher), look.types);
  if (!ts.isObjectLiteralExpression(map)) return [];
  return map.properties.flatMap((each): [string, ts.Node][] => {
    const key = each.name ? keyText(each.name) : null;
    return key === null || !each.name ? [] : [[key, each.name]];
  });
}
