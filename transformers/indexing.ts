/** @file ``x[`:${n}`]``: an index written as a template keeps the sizes in it symbolic, where x is a tensor. */

import { child, children, isOptional, maybeChild, type Node, text, unwrap } from './ast.ts';
import type { RewriteContext } from './operators.ts';

/** Notes what a node assigns to, calls with its object, or deletes, before the nodes under it are visited. */
export function markTargets(node: Node, targets: Set<Node>): void {
  switch (node.type) {
    case 'CallExpression':
      targets.add(unwrap(child(node, 'callee')));
      return;
    case 'TaggedTemplateExpression':
      targets.add(unwrap(child(node, 'tag')));
      return;
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'ForInStatement':
    case 'ForOfStatement':
      targets.add(unwrap(child(node, 'left')));
      return;
    case 'UnaryExpression':
      if (text(node, 'operator') === 'delete') targets.add(unwrap(child(node, 'argument')));
      return;
    case 'UpdateExpression':
    case 'RestElement':
      targets.add(unwrap(child(node, 'argument')));
      return;
    case 'ArrayPattern':
      for (const element of children(node, 'elements')) targets.add(unwrap(element));
      return;
    case 'ObjectPattern':
      for (const property of children(node, 'properties')) {
        const value = maybeChild(property, 'value');
        if (value) targets.add(unwrap(value));
      }
      return;
  }
}

/**
 * ``x[`1:${n}`]`` → `__tn.at(x, ["1:", ""], __tn.part(n))`. Everywhere else a template makes a text, and a size in it is
 * used as a number.
 */
export function rewriteIndex(node: Node, { edits, isTarget }: RewriteContext): void {
  if (node.type !== 'MemberExpression' || node.computed !== true || isTarget || isOptional(node)) return;
  const [object, key] = [child(node, 'object'), child(node, 'property')];
  if (object.type === 'Super' || key.type !== 'TemplateLiteral') return;
  const parts = children(key, 'expressions');
  const [first] = parts;
  if (!first) return;
  const strings = children(key, 'quasis').map((piece) => (piece.value as { readonly cooked?: unknown }).cooked);
  edits.wrap(node, '__tn.at(', ')');
  edits.replace(object.end, first.start, `, ${JSON.stringify(strings)}, __tn.part(`);
  parts.forEach((part, i) => {
    const next = parts[i + 1];
    edits.replace(part.end, next ? next.start : node.end, next ? '), __tn.part(' : ')');
  });
}
