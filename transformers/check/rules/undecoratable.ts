/** @file Places where `compileCache` can do nothing, and names that it does not take. */

import { ts } from 'ts-morph';
import { constantBehind } from '../dims.ts';
import type { Look, Rule } from '../finding.ts';

export const undecoratable: Rule = {
  name: 'undecoratable',
  summary: 'compileCache stands where there is no function that it could capture, or has a name that it cannot have.',
  remedy: 'put it on a method with a body, or wrap a function',
  part(look) {
    const { part, report } = look;
    if (part.name !== null && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(part.name)) {
      report(
        part.call.arguments[0],
        `"${part.name}" is no name for a part`,
        'use up to 100 letters, digits, `_`, `-` and `.`',
      );
    }
    if (part.decorated) decorated(part.decorated, look);
    else if (part.written) wrapped(part.written, look);
  },
};

function decorated(node: ts.Node, { part: { call, fn }, report }: Look): void {
  const place = placeOf(node);
  if (place) report(call, `compileCache stands on ${place}`);
  else if (!fn) report(call, 'compileCache stands on a method without a body');
}

function placeOf(node: ts.Node): string | null {
  if (ts.isMethodDeclaration(node)) return ts.isObjectLiteralExpression(node.parent) ? 'a method of an object' : null;
  if (ts.isClassLike(node)) return 'a class';
  if (ts.isGetAccessor(node)) return 'a getter';
  if (ts.isSetAccessor(node)) return 'a setter';
  if (ts.isPropertyDeclaration(node)) return 'a field';
  if (ts.isParameter(node)) return 'a parameter';
  return ts.isConstructorDeclaration(node) ? 'a constructor' : 'no method';
}

function wrapped(written: ts.Expression, { types, report }: Look): void {
  const inner = constantBehind(written, types);
  const isBind =
    ts.isCallExpression(inner) &&
    ts.isPropertyAccessExpression(inner.expression) &&
    inner.expression.name.text === 'bind' &&
    types.isFunction(types.at(inner.expression.expression));
  if (isBind) {
    report(
      written,
      'a bound function hides what it is bound to',
      'decorate the method itself, or wrap an arrow function that takes the object as an argument',
    );
    return;
  }
  const type = types.at(written);
  if (type.getConstructSignatures().length > 0) report(written, 'compileCache wraps a class');
}
