/** @file What can be said of a value from its syntax alone: constants, booleans, values that are never a size. */

import { child, children, maybeChild, type Node, text, unwrap } from './ast.ts';
import type { Binding, Scopes } from './scope.ts';

const comparisons = new Set(['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'in', 'instanceof']);

/** Whether the value is known when the program is written: literals and arithmetic on them. */
export function isConstant(node: Node): boolean {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'NumericLiteral':
    case 'BigIntLiteral':
    case 'StringLiteral':
    case 'BooleanLiteral':
    case 'NullLiteral':
      return true;
    case 'UnaryExpression':
      return text(inner, 'operator') !== 'delete' && isConstant(child(inner, 'argument'));
    case 'BinaryExpression':
      return isConstant(child(inner, 'left')) && isConstant(child(inner, 'right'));
    default:
      return false;
  }
}

function isNumericConstant(node: Node): boolean {
  const inner = unwrap(node);
  if (inner.type === 'NumericLiteral') return true;
  const operator = text(inner, 'operator');
  if (inner.type === 'UnaryExpression') return /^[-+~]$/.test(operator) && isNumericConstant(child(inner, 'argument'));
  if (inner.type !== 'BinaryExpression' || comparisons.has(operator)) return false;
  return isNumericConstant(child(inner, 'left')) && isNumericConstant(child(inner, 'right'));
}

/** Whether the value is a string whatever happens. */
export function isString(node: Node): boolean {
  const inner = unwrap(node);
  if (inner.type === 'StringLiteral' || inner.type === 'TemplateLiteral') return true;
  if (inner.type === 'UnaryExpression') return text(inner, 'operator') === 'typeof';
  if (inner.type !== 'BinaryExpression' || text(inner, 'operator') !== '+') return false;
  // (A tensor has a `+` of its own, but none with a string.)
  return isString(child(inner, 'left')) || isString(child(inner, 'right'));
}

/** Whether the value is `true` or `false` whatever happens, once the file is rewritten. */
export function isBoolean(node: Node): boolean {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'BooleanLiteral':
      return true;
    case 'BinaryExpression':
      return comparisons.has(text(inner, 'operator'));
    case 'UnaryExpression':
      return text(inner, 'operator') === '!' || text(inner, 'operator') === 'delete';
    case 'LogicalExpression':
      return isBoolean(child(inner, 'left')) && isBoolean(child(inner, 'right'));
    default:
      return false;
  }
}

/** Whether the value can be neither a symbolic size nor a tensor. */
export function isNeverSymbolic(node: Node, scopes: Scopes): boolean {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'NullLiteral':
    case 'RegExpLiteral':
    case 'BigIntLiteral':
    case 'ObjectExpression':
    case 'ArrayExpression':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ClassExpression':
      return true;
    case 'Identifier':
      return text(inner, 'name') === 'undefined' && scopes.bindingOf(inner) === null;
    case 'UnaryExpression':
      return text(inner, 'operator') === 'void' || isString(inner) || isBoolean(inner);
    default:
      return isString(inner) || isBoolean(inner);
  }
}

/**
 * Whether a variable holds a plain number at every moment: it starts as a numeric constant and is only counted up or
 * down by constants, as loop counters are.
 */
export function isPlainCounter(binding: Binding): boolean {
  if (binding.kind !== 'let' && binding.kind !== 'var') return false;
  if (!binding.value || !isNumericConstant(binding.value)) return false;
  return binding.writes.every((write) => {
    if (write.type === 'UpdateExpression') return true;
    if (write.type !== 'AssignmentExpression') return false;
    const target = unwrap(child(write, 'left'));
    return target.type === 'Identifier' && isNumericConstant(child(write, 'right'));
  });
}

/** The global function that a call names (`Number.isInteger`, `Boolean`), or null. */
export function globalCallee(call: Node, scopes: Scopes): string | null {
  const callee = child(call, 'callee');
  if (callee.type === 'Identifier') return scopes.bindingOf(callee) === null ? text(callee, 'name') : null;
  if (callee.type !== 'MemberExpression' || callee.computed === true) return null;
  const object = child(callee, 'object');
  if (object.type !== 'Identifier' || scopes.bindingOf(object) !== null) return null;
  return `${text(object, 'name')}.${text(child(callee, 'property'), 'name')}`;
}

/** Whether a call passes exactly one plain argument. */
export function hasOneArgument(call: Node): boolean {
  const given = children(call, 'arguments');
  return given.length === 1 && given[0]?.type !== 'SpreadElement' && maybeChild(call, 'typeParameters') === null;
}
