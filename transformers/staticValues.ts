/** @file What can be said of a value from its syntax alone: constants, booleans, values that are never a size. */

import { child, children, literalKind, maybeChild, type Node, text, unwrap } from './ast.ts';
import type { Binding, Scopes } from './scope.ts';

const comparisons = new Set(['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'in', 'instanceof']);

/** An answer about a node, remembered for operators: chains of them are asked about at each link. */
function remembered<T extends unknown[]>(ask: (node: Node, ...rest: T) => boolean): typeof ask {
  const known = new WeakMap<Node, boolean>();
  return (node, ...rest) => {
    const inner = unwrap(node);
    if (inner.type !== 'BinaryExpression' && inner.type !== 'LogicalExpression') return ask(inner, ...rest);
    let answer = known.get(inner);
    if (answer === undefined) known.set(inner, (answer = ask(inner, ...rest)));
    return answer;
  };
}

/** Whether the value is known when the program is written: literals and arithmetic on them. */
export const isConstant = remembered((node: Node): boolean => {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'Literal':
      return literalKind(inner) !== 'regexp';
    case 'UnaryExpression':
      return text(inner, 'operator') !== 'delete' && isConstant(child(inner, 'argument'));
    case 'BinaryExpression':
      return isConstant(child(inner, 'left')) && isConstant(child(inner, 'right'));
    default:
      return false;
  }
});

function isNumericConstant(node: Node): boolean {
  const inner = unwrap(node);
  if (literalKind(inner) === 'number') return true;
  const operator = text(inner, 'operator');
  if (inner.type === 'UnaryExpression') return /^[-+~]$/.test(operator) && isNumericConstant(child(inner, 'argument'));
  if (inner.type !== 'BinaryExpression' || comparisons.has(operator)) return false;
  return isNumericConstant(child(inner, 'left')) && isNumericConstant(child(inner, 'right'));
}

/** Whether the value is a string whatever happens. */
export const isString = remembered((node: Node): boolean => {
  const inner = unwrap(node);
  if (literalKind(inner) === 'string' || inner.type === 'TemplateLiteral') return true;
  if (inner.type === 'UnaryExpression') return text(inner, 'operator') === 'typeof';
  if (inner.type !== 'BinaryExpression' || text(inner, 'operator') !== '+') return false;
  // (A tensor has a `+` of its own, but none with a string.)
  return isString(child(inner, 'left')) || isString(child(inner, 'right'));
});

/** Whether the value is `true` or `false` whatever happens, once the file is rewritten. */
export const isBoolean = remembered((node: Node): boolean => {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'Literal':
      return literalKind(inner) === 'boolean';
    case 'BinaryExpression':
      return comparisons.has(text(inner, 'operator'));
    case 'UnaryExpression':
      return text(inner, 'operator') === '!' || text(inner, 'operator') === 'delete';
    case 'LogicalExpression':
      return isBoolean(child(inner, 'left')) && isBoolean(child(inner, 'right'));
    default:
      return false;
  }
});

/** Whether no size equals the value: it is of another type. (The result of a comparison may be a tensor all the same.) */
export function isNeverSymbolic(node: Node, scopes: Scopes): boolean {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'Literal':
      return literalKind(inner) !== 'number';
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

const relations = new Set(['<', '<=', '>', '>=']);
const bitOperators = new Set(['|', '&', '^', '<<', '>>', '>>>']);

/** Whether the value is neither a symbolic number nor a tensor, whatever happens: operators may stay as they are. */
export const isPlain = remembered((node: Node, scopes: Scopes): boolean => {
  const inner = unwrap(node);
  const operator = text(inner, 'operator');
  switch (inner.type) {
    case 'Literal':
      return true;
    case 'Identifier': {
      const binding = scopes.bindingOf(inner);
      return binding ? isPlainCounter(binding) : isNeverSymbolic(inner, scopes);
    }
    case 'LogicalExpression':
      return isPlain(child(inner, 'left'), scopes) && isPlain(child(inner, 'right'), scopes);
    case 'ConditionalExpression':
      return isPlain(child(inner, 'consequent'), scopes) && isPlain(child(inner, 'alternate'), scopes);
    case 'UpdateExpression':
      return isPlain(child(inner, 'argument'), scopes);
    case 'UnaryExpression':
      if (operator === '-' || operator === '+') return isPlain(child(inner, 'argument'), scopes);
      return operator !== '~' ? isNeverSymbolic(inner, scopes) : true;
    case 'BinaryExpression':
      if (isString(inner) || bitOperators.has(operator)) return true;
      if (comparisons.has(operator) && !relations.has(operator)) return true;
      return isPlain(child(inner, 'left'), scopes) && isPlain(child(inner, 'right'), scopes);
    default:
      return isNeverSymbolic(inner, scopes);
  }
});

/** Whether the value is of a type that arithmetic has no use for, and that no tensor is: an object, a text, null. */
export function isNoOperand(node: Node, scopes: Scopes): boolean {
  return !isBoolean(node) && isNeverSymbolic(node, scopes);
}

/** Methods of tensors that compare: their result in a condition is asked for its value. */
const comparingMethods = new Set([
  'all',
  'any',
  'eq',
  'ge',
  'gt',
  'isFinite',
  'isInf',
  'isNan',
  'le',
  'logicalAnd',
  'logicalNot',
  'logicalOr',
  'logicalXor',
  'lt',
  'ne',
]);

/**
 * Whether a value is the result of a comparison, so that a condition on it asks for the value. A condition on anything
 * else may ask whether it is there (`mask ? x.where(mask, 0) : x`).
 */
export function isComparison(node: Node, scopes: Scopes): boolean {
  const inner = unwrap(node);
  switch (inner.type) {
    case 'BinaryExpression':
      return relations.has(text(inner, 'operator'));
    case 'CallExpression': {
      const callee = child(inner, 'callee');
      if (callee.type !== 'MemberExpression' || callee.computed === true) return false;
      const property = child(callee, 'property');
      return property.type === 'Identifier' && comparingMethods.has(text(property, 'name'));
    }
    case 'Identifier': {
      const binding = scopes.bindingOf(inner);
      return binding?.kind === 'const' && binding.value !== null && isComparison(binding.value, scopes);
    }
    default:
      return false;
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
  // (What a `?.` is there for may not be there.)
  if (call.optional === true || callee.optional === true) return null;
  if (callee.type === 'Identifier') return scopes.bindingOf(callee) === null ? text(callee, 'name') : null;
  if (callee.type !== 'MemberExpression' || callee.computed === true) return null;
  const object = child(callee, 'object');
  if (object.type !== 'Identifier' || scopes.bindingOf(object) !== null) return null;
  return `${text(object, 'name')}.${text(child(callee, 'property'), 'name')}`;
}

/** Whether a call passes exactly one plain argument. */
export function hasOneArgument(call: Node): boolean {
  const given = children(call, 'arguments');
  return given.length === 1 && given[0]?.type !== 'SpreadElement' && maybeChild(call, 'typeArguments') === null;
}
