/** @file Branches that depend on elements of a tensor: a graph has one path. */

import { ts } from 'ts-morph';
import type { Look, Rule } from '../finding.ts';
import { unwrap } from '../types.ts';

const identities = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
]);

const asMask = 'choose by a mask: where(condition, a, b), or branch outside the part';

export const branchOnData: Rule = {
  name: 'branch-on-data',
  summary: 'A condition is made of a tensor: a graph has one path, and a tensor is an object, which is always true.',
  remedy: asMask,
  code(node, look) {
    for (const condition of conditionsOf(node)) atom(condition, look);
    if (ts.isSwitchStatement(node) && look.values.isTensor(node.expression)) {
      look.report(node.expression, `\`switch\` on the tensor ${shown(node.expression)}`);
    }
    if (ts.isBinaryExpression(node) && identities.has(node.operatorToken.kind)) comparison(node, look);
  },
};

/** The expressions that a node takes for true or false. */
function conditionsOf(node: ts.Node): ts.Expression[] {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return [node.expression];
  if (ts.isForStatement(node)) return node.condition ? [node.condition] : [];
  if (ts.isConditionalExpression(node)) return [node.condition];
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) return [node.operand];
  if (ts.isBinaryExpression(node) && isLogical(node)) return [node.left];
  return [];
}

function isLogical({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
}

function atom(condition: ts.Expression, look: Look): void {
  const inner = unwrap(condition);
  // The left side of `&&` and what `!` stands before are conditions of their own.
  if (ts.isBinaryExpression(inner) && isLogical(inner)) {
    atom(inner.right, look);
    return;
  }
  if (isComputed(inner, look)) look.report(inner, `a branch on the tensor ${shown(inner)}`);
}

/** Whether an expression always gives a tensor that was computed: a name alone may ask whether there is one. */
function isComputed(inner: ts.Expression, look: Look): boolean {
  if (!look.values.isTensor(inner) || look.types.isNullable(look.types.at(inner))) return false;
  if (ts.isBinaryExpression(inner) || ts.isPrefixUnaryExpression(inner) || ts.isCallExpression(inner)) return true;
  if (!ts.isIdentifier(inner)) return false;
  const initializer = look.values.initializerOf(inner);
  return initializer !== null && isComputed(unwrap(initializer), look);
}

/** `x === 3`: an object is never a number. */
function comparison(node: ts.BinaryExpression, look: Look): void {
  for (const [tensor, other] of [
    [node.left, node.right],
    [node.right, node.left],
  ]) {
    if (!look.values.isTensor(tensor) || look.values.isTensor(other)) continue;
    if (!look.types.isNumber(look.types.at(other)) || isNothing(other)) continue;
    const operator = node.operatorToken.getText();
    look.report(node, `${operator} asks whether the tensor ${shown(tensor)} is the same object as a number`, asEq);
  }
}

const asEq = 'compare elements with x.eq(3) or x.ne(3), which give a mask';

function isNothing(expression: ts.Expression): boolean {
  const inner = unwrap(expression);
  return inner.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(inner) && inner.text === 'undefined');
}

function shown(expression: ts.Expression): string {
  const text = expression.getText().replace(/\s+/g, ' ');
  return `\`${text.length > 40 ? `${text.slice(0, 39)}…` : text}\``;
}
