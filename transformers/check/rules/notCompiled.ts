/** @file Operations that have no compiled form: a graph that holds one stays eager. */

import { ts } from 'ts-morph';
import type { Rule } from '../finding.ts';
import { isPackageFile, unwrap } from '../types.ts';

/** Functions and methods that are made of such operations. A test compares the list with the table of operations. */
export const uncompiledFunctions: ReadonlySet<string> = new Set(['sort', 'argsort', 'topk', 'cumsum']);

export const notCompiled: Rule = {
  name: 'not-compiled',
  summary: 'An operation is used that runs eagerly only: the part stays eager as a whole.',
  remedy: 'leave this operation outside the part',
  code(node, look) {
    if (!ts.isCallExpression(node)) return;
    const callee = unwrap(node.expression);
    const name = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
    if (!ts.isIdentifier(name) || !uncompiledFunctions.has(name.text)) return;
    const isMethod = ts.isPropertyAccessExpression(callee) && look.values.isTensor(callee.expression);
    const symbol = look.types.symbolOf(name);
    const isOwn = symbol?.declarations?.some((each) => isPackageFile(each.getSourceFile().fileName)) ?? false;
    if (isMethod || isOwn) look.report(name, `${name.text}() has no compiled form: the part stays eager`);
  },
};
