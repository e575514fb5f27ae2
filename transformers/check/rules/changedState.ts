/** @file State that a part changes in plain JavaScript: native code would not do it. */

import { ts } from 'ts-morph';
import { assignedTarget } from '../assigned.ts';
import type { Look, Rule } from '../finding.ts';
import { unwrap } from '../types.ts';
import type { Origin } from '../values.ts';

const changing = new Set([
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
  ...['set', 'add', 'delete', 'clear'],
]);
const containers = new Set(['Array', 'Map', 'Set', 'WeakMap', 'WeakSet']);

const places: Readonly<Partial<Record<Origin, string>>> = {
  this: 'a field of `this`',
  argument: 'an argument',
  outside: 'something outside',
};

export const changedState: Rule = {
  name: 'changed-state',
  summary: 'Code that is captured changes variables or fields: native calls would not.',
  remedy: 'pass what changes as an argument and return it, or keep it in a buffer that is written with copy_',
  code(node, look) {
    const target = assignedTarget(node);
    if (target) for (const each of targetsIn(target)) assigned(each, look);
    if (ts.isCallExpression(node)) called(node, look);
  },
};

/** What an assignment stores into, those inside of patterns included. */
export function targetsIn(target: ts.Expression): ts.Expression[] {
  const inner = unwrap(target);
  if (ts.isArrayLiteralExpression(inner)) return inner.elements.flatMap(targetsIn);
  if (ts.isObjectLiteralExpression(inner)) {
    return inner.properties.flatMap((property) => {
      if (ts.isPropertyAssignment(property)) return targetsIn(property.initializer);
      if (ts.isShorthandPropertyAssignment(property)) return [property.name];
      return ts.isSpreadAssignment(property) ? targetsIn(property.expression) : [];
    });
  }
  if (ts.isSpreadElement(inner)) return targetsIn(inner.expression);
  if (ts.isBinaryExpression(inner) && inner.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    return targetsIn(inner.left);
  }
  return [inner];
}

function assigned(target: ts.Expression, look: Look): void {
  if (ts.isIdentifier(target)) {
    const declaration = look.types.symbolOf(target)?.valueDeclaration;
    if (!declaration || !ts.isVariableDeclaration(declaration) || look.values.isInside(declaration)) return;
    look.report(target, `\`${target.text}\`, a variable outside, is assigned`);
    return;
  }
  if (!ts.isPropertyAccessExpression(target) && !ts.isElementAccessExpression(target)) return;
  // Tensors are the business of `rebound-tensor`; a setter is a call.
  if (look.values.isTensor(target) || look.values.isTensor(target.expression) || isSetter(target, look)) return;
  const place = places[look.values.originOf(target.expression)];
  if (place) look.report(target, `\`${target.getText()}\`, ${place}, is assigned`);
}

function isSetter(target: ts.PropertyAccessExpression | ts.ElementAccessExpression, look: Look): boolean {
  if (!ts.isPropertyAccessExpression(target)) return false;
  return look.types.symbolOf(target.name)?.declarations?.some(ts.isSetAccessor) ?? false;
}

function called(node: ts.CallExpression, look: Look): void {
  const callee = unwrap(node.expression);
  if (!ts.isPropertyAccessExpression(callee)) return;
  const name = callee.name.text;
  if (changing.has(name) && containers.has(look.types.globalClass(look.types.at(callee.expression)) ?? '')) {
    const place = places[look.values.originOf(callee.expression)];
    if (place) look.report(callee.name, `\`${callee.expression.getText()}\`, ${place}, is changed by .${name}()`);
  }
  const [first] = node.arguments;
  if (!first || callee.getText() !== 'Object.assign') return;
  const place = places[look.values.originOf(first)];
  if (place) look.report(callee, `\`${first.getText()}\`, ${place}, is changed by Object.assign()`);
}
