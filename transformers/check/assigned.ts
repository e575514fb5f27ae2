/** @file What code assigns to. */

import { ts } from 'ts-morph';
import { type Types, unwrap } from './types.ts';

/** Whether a variable is assigned anywhere but where it is declared. */
export function isAssigned(declaration: ts.VariableDeclaration, within: ts.Node, types: Types): boolean {
  const symbol = types.checker.getSymbolAtLocation(declaration.name);
  let found = false;
  const visit = (node: ts.Node): void => {
    if (found) return;
    const target = assignedTarget(node);
    if (target && ts.isIdentifier(target) && types.checker.getSymbolAtLocation(target) === symbol) found = true;
    ts.forEachChild(node, visit);
  };
  visit(within);
  return found;
}

/** What a node assigns to: the target of `=`, `+=`, `++`, `delete`; null for other nodes. */
export function assignedTarget(node: ts.Node): ts.Expression | null {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return assigns ? unwrap(node.left) : null;
  }
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const steps = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
    return steps ? unwrap(node.operand) : null;
  }
  return ts.isDeleteExpression(node) ? unwrap(node.expression) : null;
}
