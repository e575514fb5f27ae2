/** @file Parts that wait, or run in steps. */

import { ts } from 'ts-morph';
import type { Rule } from '../finding.ts';

export const asynchronous: Rule = {
  name: 'asynchronous',
  summary: 'A part is an async function or a generator, or gives a promise.',
  remedy: 'make the part a synchronous function and await outside',
  part({ part: { fn, call }, types, report }) {
    if (!fn) return;
    const at = fn.name ?? call;
    if (ts.getCombinedModifierFlags(fn) & ts.ModifierFlags.Async || isAsyncFunction(fn)) {
      report(at, 'the part is an async function');
      return;
    }
    if ('asteriskToken' in fn && fn.asteriskToken) {
      report(at, 'the part is a generator', 'make a part of what computes one step');
      return;
    }
    const signature = types.checker.getSignatureFromDeclaration(fn);
    const result = signature && types.globalClass(signature.getReturnType());
    if (result === 'Promise') report(at, 'the part gives a promise');
  },
};

function isAsyncFunction(fn: ts.Node): boolean {
  return (
    ts.canHaveModifiers(fn) && (ts.getModifiers(fn)?.some((each) => each.kind === ts.SyntaxKind.AsyncKeyword) ?? false)
  );
}
