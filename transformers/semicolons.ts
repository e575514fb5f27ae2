/** @file Statements that end without a semicolon where an edit takes away what ended them. */

import type { Node } from './ast.ts';
import type { Edits } from './edits.ts';

const statements = new Set([
  'ExpressionStatement',
  'ReturnStatement',
  'ThrowStatement',
  'VariableDeclaration',
  'ExportDefaultDeclaration',
  'TSExportAssignment',
  'PropertyDefinition',
  'AccessorProperty',
]);

/**
 * Ends a statement that the source leaves open in front of a bracket. `a += b++` cannot go on with the `(` of the next
 * line, so that JavaScript ends it there; `a = __tn.add(a, b++)` could, and would be called.
 */
export function endStatement(node: Node, parent: Node, edits: Edits): void {
  if (!statements.has(node.type) || edits.code[node.end - 1] === ';') return;
  if (parent.type.startsWith('For') && parent.body !== node) return;
  const next = edits.code[edits.skipSpace(node.end)];
  if (next === '(' || next === '[' || next === '`') edits.after(node.end, ';');
}
