/** @file Small questions about names: what an identifier, a member or a call of `import` refers to. */

import { child, children, literalKind, type Node, text, unwrap } from '../ast.ts';
import type { Binding, Scopes } from '../scope.ts';

/** What code is looked at with. */
export interface UnitContext {
  readonly scopes: Scopes;
  /** Whether an import specifier means the package. */
  isPackage(specifier: string): boolean;
  /** Enums of the module: scopes know those that are exported. */
  readonly enums: ReadonlySet<string>;
}

/** The module-level name that an identifier refers to. */
export function moduleBinding(node: Node, { scopes, enums }: UnitContext): Pick<Binding, 'name' | 'imported'> | null {
  const binding = scopes.bindingOf(node);
  if (binding) return binding.scope === scopes.module ? binding : null;
  const name = text(node, 'name');
  return binding === null && enums.has(name) ? { name, imported: null } : null;
}

/** The static name that a member expression reads, or null for a computed one. */
export function memberName(node: Node): string | null {
  const property = child(node, 'property');
  if (node.computed !== true) return text(property, 'name') || null;
  return literalKind(property) === 'string' ? text(property, 'value') : null;
}

/** The literal that `import('…')` or `require('…')` names, or null for any other code. */
export function lazyTarget(node: Node): string | null {
  let source: Node | undefined;
  if (node.type === 'ImportExpression') source = child(node, 'source');
  else if (node.type === 'CallExpression') {
    const callee = unwrap(child(node, 'callee'));
    if (text(callee, 'name') !== 'require') return null;
    source = children(node, 'arguments')[0];
  }
  if (!source) return null;
  const inner = unwrap(source);
  if (literalKind(inner) === 'string') return text(inner, 'value');
  if (inner.type !== 'TemplateLiteral' || children(inner, 'expressions').length > 0) return null;
  return (children(inner, 'quasis')[0]?.value as { cooked?: string } | undefined)?.cooked ?? null;
}
