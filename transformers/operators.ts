/** @file Operators, conditions and `Math` calls become calls of `__tn`, so that symbolic sizes pass through them. */

import { rewriteAssignment, rewriteUpdate } from './assignments.ts';
import { child, children, literalKind, maybeChild, type Node, text, unwrap } from './ast.ts';
import type { Edits } from './edits.ts';
import { rewriteIndex } from './indexing.ts';
import type { Scopes } from './scope.ts';
import {
  globalCallee,
  hasOneArgument,
  isComparison,
  isConstant,
  isNeverSymbolic,
  isNoOperand,
  isPlain,
  isString,
} from './staticValues.ts';
import type { Temporaries } from './temporaries.ts';

/** What the rewriting of one node needs to know. */
export interface RewriteContext {
  readonly edits: Edits;
  readonly scopes: Scopes;
  readonly parent: Node;
  /** Where variables may be declared that live as long as the running function; null where there is no such place. */
  readonly temporaries: Temporaries | null;
  /** Inside a `throw`: what is put into a text there is read by people. */
  readonly throws: boolean;
  /** The node stands in a pattern that is assigned to. */
  readonly isTarget: boolean;
}

/** The functions of `__tn` behind the binary operators. */
export const binaryFunctions: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '**': 'pow',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '==': 'eq',
  '!=': 'ne',
  '===': 'strictEq',
  '!==': 'strictNe',
};

const arithmetic = new Set(['+', '-', '*', '/', '%', '**']);

/** Global functions that would see a symbolic size as an object, and those of `__tn` that know it. */
const numberFunctions: Readonly<Record<string, string>> = {
  'Number.isInteger': 'isInteger',
  'Number.isSafeInteger': 'isSafeInteger',
  'Number.isFinite': 'isFinite',
  'Number.isNaN': 'isNaN',
  Boolean: 'truthy',
};

/** Whether JavaScript's own operator does for these operands, whatever they hold. */
function staysNative(operator: string, left: Node, right: Node, scopes: Scopes): boolean {
  if (isPlain(left, scopes) && isPlain(right, scopes)) return true;
  if (arithmetic.has(operator)) return false;
  const isOut = /=.*=/.test(operator) ? isNeverSymbolic : isNoOperand;
  return isOut(left, scopes) || isOut(right, scopes);
}

function rewriteBinary(node: Node, { edits, scopes, throws }: RewriteContext): void {
  const operator = text(node, 'operator');
  const name = binaryFunctions[operator];
  if (name === undefined || isConstant(node)) return;
  const [left, right] = [child(node, 'left'), child(node, 'right')];
  if (staysNative(operator, left, right, scopes)) return;
  if (throws && operator === '+') {
    if (isString(left)) rewriteShown(right, edits, scopes);
    else if (isString(right)) rewriteShown(left, edits, scopes);
  }
  const at = edits.skipSpace(left.end);
  edits.wrap(node, `__tn.${name}(`, ')');
  edits.replace(at, at + operator.length, ',');
}

function rewriteShown(node: Node, edits: Edits, scopes: Scopes): void {
  if (!isPlain(node, scopes)) edits.wrap(node, '__tn.shown(', ')');
}

const unaryFunctions: Readonly<Record<string, string>> = { '!': 'not', '-': 'neg', '+': 'pos', typeof: 'typeOf' };

function rewriteUnary(node: Node, { edits, scopes, parent }: RewriteContext): void {
  const operator = text(node, 'operator');
  const name = unaryFunctions[operator];
  const argument = child(node, 'argument');
  if (name === undefined || isConstant(argument)) return;
  if (operator === '!' && isComposed(argument, scopes)) {
    rewriteCondition(argument, edits, scopes);
    return;
  }
  if (isPlain(argument, scopes)) return;
  if (operator === 'typeof') {
    if (isNeverSymbolic(argument, scopes)) return;
    // `typeof` of a name that is declared nowhere must not throw.
    const operand = unwrap(argument);
    if (operand.type === 'Identifier' && scopes.bindingOf(operand) === null) return;
    if (asksForOtherType(node, parent)) return;
  }
  edits.replace(node.start, node.start + operator.length, `__tn.${name}(`);
  edits.after(node.end, ')');
}

/** Whether the truth of a node is not simply that of its value: a comparison, or put together from parts. */
function isComposed(node: Node, scopes: Scopes): boolean {
  return /^(Logical|Conditional|Sequence)Expression$/.test(unwrap(node).type) || isComparison(node, scopes);
}

/** `typeof x === 'string'` and the like: no for a size, whether it is symbolic or not. */
function asksForOtherType(node: Node, parent: Node): boolean {
  if (parent.type !== 'BinaryExpression') return false;
  const other = child(parent, child(parent, 'left') === node ? 'right' : 'left');
  return literalKind(other) === 'string' && other.value !== 'number' && other.value !== 'object';
}

/**
 * Makes the value of a node that decides a branch pass through `__tn.cond`, which returns something as true as its
 * argument, or, where it is the result of a comparison, through `__tn.test`, which asks a tensor for its value. The
 * operands of `&&` and `||` are asked one by one, as they are evaluated.
 */
export function rewriteCondition(node: Node, edits: Edits, scopes: Scopes): void {
  const inner = unwrap(node);
  if (inner.type === 'LogicalExpression' && text(inner, 'operator') !== '??') {
    rewriteCondition(child(inner, 'right'), edits, scopes); // the left side is always asked
  } else if (inner.type === 'SequenceExpression') {
    const last = children(inner, 'expressions').at(-1);
    if (last) rewriteCondition(last, edits, scopes);
  } else if (inner.type === 'ConditionalExpression') {
    rewriteCondition(child(inner, 'consequent'), edits, scopes);
    rewriteCondition(child(inner, 'alternate'), edits, scopes);
  } else if (!isConstant(node) && !isPlain(node, scopes)) {
    edits.wrap(node, isComparison(node, scopes) ? '__tn.test(' : '__tn.cond(', ')');
  }
}

function rewriteSwitch(node: Node, { edits, scopes, temporaries }: RewriteContext): void {
  const tests = children(node, 'cases').flatMap((branch) => maybeChild(branch, 'test') ?? []);
  const subject = child(node, 'discriminant');
  if (literalKind(unwrap(subject)) === 'boolean') {
    // `switch (true) { case n > 3: … }`: the comparisons are conditions.
    for (const test of tests) if (isComparison(test, scopes)) rewriteCondition(test, edits, scopes);
    return;
  }
  if (tests.every((test) => isNeverSymbolic(test, scopes)) || isNeverSymbolic(subject, scopes)) return;
  if (isPlain(subject, scopes) && tests.every((test) => isPlain(test, scopes))) return;
  if (!temporaries) return; // cannot be: a statement stands in a block
  const name = temporaries.fresh();
  edits.wrap(subject, `${name} = (`, '), true');
  for (const test of tests) edits.wrap(test, `__tn.strictEq(${name}, (`, '))');
}

/** `new Array(n)`: of an object it would make an array of one element. */
function rewriteArray(node: Node, { edits, scopes }: RewriteContext): void {
  if (globalCallee(node, scopes) !== 'Array' || !hasOneArgument(node)) return;
  const [length] = children(node, 'arguments');
  if (length && !isPlain(length, scopes)) edits.wrap(length, '__tn.count(', ')');
}

function rewriteCall(node: Node, { edits, scopes }: RewriteContext): void {
  const callee = globalCallee(node, scopes);
  if (callee === null || !Object.hasOwn(numberFunctions, callee) || !hasOneArgument(node)) return;
  const [argument] = children(node, 'arguments');
  if (callee === 'Boolean' && argument && isComposed(argument, scopes)) rewriteCondition(argument, edits, scopes);
  const { start, end } = child(node, 'callee');
  edits.replace(start, end, `__tn.${numberFunctions[callee]}`);
}

/** `Math.max` → `__tn.Math.max`; constants concern no size. */
function rewriteMath(node: Node, { edits, scopes, parent }: RewriteContext): void {
  const object = child(node, 'object');
  if (parent.type === 'UpdateExpression' || (parent.type === 'AssignmentExpression' && parent.left === node)) return;
  if (object.type !== 'Identifier' || text(object, 'name') !== 'Math' || scopes.bindingOf(object) !== null) return;
  if (node.computed === true || !/^[a-z]/.test(text(child(node, 'property'), 'name'))) return;
  edits.replace(object.start, object.end, '__tn.Math');
}

/** Rewrites one node whose children have been rewritten. */
export function rewriteOperators(node: Node, context: RewriteContext): void {
  const { edits, scopes } = context;
  switch (node.type) {
    case 'BinaryExpression':
      rewriteBinary(node, context);
      return;
    case 'UnaryExpression':
      rewriteUnary(node, context);
      return;
    case 'LogicalExpression':
      if (text(node, 'operator') !== '??') rewriteCondition(child(node, 'left'), edits, scopes);
      return;
    case 'ConditionalExpression':
    case 'IfStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
      rewriteCondition(child(node, 'test'), edits, scopes);
      return;
    case 'ForStatement': {
      const test = maybeChild(node, 'test');
      if (test) rewriteCondition(test, edits, scopes);
      return;
    }
    case 'SwitchStatement':
      rewriteSwitch(node, context);
      return;
    case 'AssignmentExpression':
      rewriteAssignment(node, context);
      return;
    case 'UpdateExpression':
      rewriteUpdate(node, context);
      return;
    case 'CallExpression':
      rewriteCall(node, context);
      rewriteArray(node, context);
      return;
    case 'NewExpression':
      rewriteArray(node, context);
      return;
    case 'TemplateLiteral':
      if (!context.throws || context.parent.type === 'TaggedTemplateExpression') return;
      for (const part of children(node, 'expressions')) rewriteShown(part, edits, scopes);
      return;
    case 'MemberExpression':
      rewriteIndex(node, context);
      rewriteMath(node, context);
      return;
  }
}
