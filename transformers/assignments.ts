/** @file Compound assignments and `++`/`--`: the target is evaluated once, and in the order JavaScript has. */

import { child, literalKind, type Node, text } from './ast.ts';
import type { Edits } from './edits.ts';
import { binaryFunctions, type RewriteContext } from './operators.ts';
import { isConstant, isPlainCounter, isString } from './staticValues.ts';

/** How the target of an assignment is written again. */
interface Target {
  /** What reads it, and what assigns to it. */
  readonly again: string;
  /** Whether temporaries are assigned in front, so that the whole is a comma expression. */
  readonly comma: boolean;
}

/** Evaluating such a node runs no code and gives the same value a moment later. */
function isStable(node: Node): boolean {
  switch (node.type) {
    case 'ThisExpression':
    case 'Super':
    case 'Identifier':
    case 'PrivateIdentifier':
      return true;
    case 'Literal':
      return literalKind(node) === 'string' || literalKind(node) === 'number';
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return isStable(child(node, 'expression'));
    default:
      return false;
  }
}

/** Whether a target needs a temporary to be read and assigned. */
function isRepeatable(target: Node): boolean {
  if (target.type === 'Identifier') return true;
  if (target.type === 'ParenthesizedExpression' || target.type === 'TSNonNullExpression')
    return isRepeatable(child(target, 'expression'));
  if (target.type !== 'MemberExpression') return false;
  return isStable(child(target, 'object')) && (target.computed !== true || isStable(child(target, 'property')));
}

/**
 * Prepares the target of an assignment, which is evaluated once. One that needs temporaries becomes
 * `a = object, b = key, …`; null when there is nowhere to declare them.
 *
 * @param inPlace what stands where the target stood
 */
function prepareTarget(target: Node, context: RewriteContext, inPlace: (again: string) => string): Target | null {
  const { edits, temporaries } = context;
  if (isRepeatable(target)) {
    const again = edits.slice(target);
    if (inPlace(again) !== again) edits.replace(target.start, target.end, inPlace(again));
    return { again, comma: false };
  }
  if (target.type !== 'MemberExpression' || !temporaries) return null;
  const [object, key] = [child(target, 'object'), child(target, 'property')];
  const isSuper = object.type === 'Super';
  const base = isSuper ? 'super' : temporaries.fresh();
  if (!isSuper) edits.before(object.start, `${base} = `);
  if (target.computed !== true || isStable(key)) {
    const again = target.computed === true ? `${base}[${edits.slice(key)}]` : `${base}.${edits.slice(key)}`;
    edits.replace(object.end, target.end, `, ${inPlace(again)}`);
    return { again, comma: true };
  }
  const name = temporaries.fresh();
  const again = `${base}[${name}]`;
  edits.replace(isSuper ? object.start : object.end, key.start, `${isSuper ? '' : ', '}${name} = (`);
  edits.replace(key.end, target.end, `), ${inPlace(again)}`);
  return { again, comma: true };
}

/** Where an expression of any precedence may stand as it is. A parenthesis at the start of a statement might call. */
function isOpen(parent: Node): boolean {
  switch (parent.type) {
    case 'ExpressionStatement':
    case 'SequenceExpression':
    case 'ParenthesizedExpression':
      return true;
    default:
      return false;
  }
}

/** Where the operator of an assignment stands: the tree keeps no parentheses around a target. */
function operatorAt(node: Node, target: Node, edits: Edits): number {
  let at = edits.skipSpace(target.end);
  if (target.start !== node.start) while (edits.code[at] === ')') at = edits.skipSpace(at + 1);
  return at;
}

/** `x += y` → `x = __tn.add(x, y)`; `x ||= y` → `__tn.cond(x) || (x = y)`. */
export function rewriteAssignment(node: Node, context: RewriteContext): void {
  const { edits, scopes, parent } = context;
  const operator = text(node, 'operator').slice(0, -1);
  const logical = operator === '&&' || operator === '||';
  const name = binaryFunctions[operator];
  if (name === undefined && !logical) return;
  const [target, value] = [child(node, 'left'), child(node, 'right')];
  if (operator === '+' && isString(value)) return;
  if (target.type === 'Identifier' && !logical && isConstant(value)) {
    const binding = scopes.bindingOf(target);
    if (binding && isPlainCounter(binding)) return;
  }
  const at = operatorAt(node, target, edits);
  if (target.start !== node.start && !isRepeatable(target)) return; // in parentheses, where no comma may stand
  const prepared = prepareTarget(target, context, (again) => (logical ? `__tn.cond(${again})` : again));
  if (!prepared) return;
  const { again, comma } = prepared;
  const middle = logical ? `${operator} (${again} =` : `= __tn.${name}(${again},`;
  edits.replace(at, at + operator.length + 1, middle);
  edits.after(node.end, ')');
  if ((comma || logical) && !isOpen(parent)) edits.wrap(node, '(', ')');
}

/**
 * `i++` on a variable that may hold a size. `++` converts to a number or a bigint first, so all but
 * symbolic numbers keep the operator itself; members keep it too (a size there throws with an explanation).
 */
export function rewriteUpdate(node: Node, { edits, scopes, parent }: RewriteContext): void {
  const target = child(node, 'argument');
  if (target.type !== 'Identifier') return;
  const binding = scopes.bindingOf(target);
  if (!binding || isPlainCounter(binding)) return;
  const name = text(target, 'name');
  const step = text(node, 'operator') === '++' ? '-1' : '1';
  const stepped = `${name} = __tn.sub(${name}, ${step})`;
  const discarded = parent.type === 'ExpressionStatement' || parent.type === 'ForStatement';
  // The value of the postfix form is the one before: kept, since stepping back would round a fraction.
  const value = node.prefix === true || discarded ? stepped : `[${name}, ${stepped}][0]`;
  const open = isOpen(parent) || (parent.type === 'ForStatement' && parent.update === node);
  edits.wrap(
    node,
    `${open ? '' : '('}typeof ${name} === 'object' && __tn.isStepped(${name}) ? ${value} : `,
    open ? '' : ')',
  );
}
