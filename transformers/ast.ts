/** @file The syntax tree that the transformer works on (ESTree): a generic walk, and small questions about nodes. */

import { nodeFieldsOf } from './nodeFields.ts';

/**
 * A syntax node. Fields beyond these are read through `child`, `children` and `text`, which keep the loosely typed
 * tree in one place.
 */
export interface Node {
  readonly type: string;
  /** UTF-16 offsets in the source. */
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The node in a field that always holds one. */
export function child(node: Node, field: string): Node {
  const value = node[field];
  if (!isNode(value)) throw new Error(`internal: ${node.type}.${field} holds no node`);
  return value;
}

/** The node in a field, or null. */
export function maybeChild(node: Node, field: string): Node | null {
  const value = node[field];
  return isNode(value) ? value : null;
}

const none: Node[] = [];

/** The nodes of a list field; holes of array patterns are left out. */
export function children(node: Node, field: string): readonly Node[] {
  const value = node[field] as readonly unknown[] | null | undefined;
  if (!Array.isArray(value) || value.length === 0) return none;
  return value.includes(null) ? value.filter(isNode) : (value as readonly Node[]);
}

/** A string field: a name, an operator, a kind. */
export function text(node: Node, field: string): string {
  const value = node[field];
  return typeof value === 'string' ? value : '';
}

/** Wrappers that are TypeScript syntax around a value: everything else that starts with `TS` is only types. */
const valueWrappers = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSExportAssignment',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSParameterProperty',
]);

/** Whether nothing under the node exists at run time (or is fixed at compile time, as an enum's values are). */
export function isTypeOnly(node: Node): boolean {
  if (node.declare === true) return true;
  // A signature of an overloaded method.
  if (node.type === 'MethodDefinition') return maybeChild(node, 'value')?.type === 'TSEmptyBodyFunctionExpression';
  return node.type.startsWith('TS') && !valueWrappers.has(node.type);
}

/** Calls back for each child that exists at run time, with the field it stands in. */
export function forEachChild(node: Node, visit: (child: Node, field: string) => unknown): void {
  const fields = nodeFieldsOf(node.type) ?? Object.keys(node);
  for (const field of fields) {
    const value = node[field];
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item) && !isTypeOnly(item)) visit(item, field);
    } else if (isNode(value) && !isTypeOnly(value)) {
      visit(value, field);
    }
  }
}

/** The expression inside parentheses, TypeScript's wrappers and the mark of an optional chain. */
export function unwrap(node: Node): Node {
  let inner = node;
  while (
    inner.type === 'ParenthesizedExpression' ||
    inner.type === 'ChainExpression' ||
    inner.type === 'TSAsExpression' ||
    inner.type === 'TSSatisfiesExpression' ||
    inner.type === 'TSNonNullExpression' ||
    inner.type === 'TSTypeAssertion' ||
    inner.type === 'TSInstantiationExpression'
  ) {
    inner = child(inner, 'expression');
  }
  return inner;
}

/** What a literal is of; null for any other node. */
export function literalKind(node: Node): 'string' | 'number' | 'boolean' | 'null' | 'bigint' | 'regexp' | null {
  if (node.type !== 'Literal') return null;
  // (The value of both may be null: where this Node cannot make it, and in a tree that went through JSON.)
  if (node.regex) return 'regexp';
  if (node.bigint) return 'bigint';
  const kind = typeof node.value;
  return kind === 'string' || kind === 'number' || kind === 'boolean' ? kind : 'null';
}

/** Whether a member or call stands in an optional chain after a `?.`, or has one itself. */
export function isOptional(node: Node): boolean {
  for (let at: Node | null = node; at; ) {
    if (at.optional === true && (at.type === 'MemberExpression' || at.type === 'CallExpression')) return true;
    if (at.type === 'MemberExpression') at = maybeChild(at, 'object');
    else if (at.type === 'CallExpression') at = maybeChild(at, 'callee');
    else if (at.type === 'TSNonNullExpression') at = maybeChild(at, 'expression');
    else return false;
  }
  return false;
}

/** `'use strict'` and its like. */
export function isDirective(statement: Node): boolean {
  return typeof statement.directive === 'string';
}

/** Whether the node is a function with parameters and a body (of methods: their value). */
export function isFunction(node: Node): boolean {
  const { type } = node;
  return type === 'ArrowFunctionExpression' || type === 'FunctionExpression' || type === 'FunctionDeclaration';
}

export function isClass(node: Node): boolean {
  return node.type === 'ClassDeclaration' || node.type === 'ClassExpression';
}

/** Where a declaration begins, decorators that stand before `export` included. */
export function startOf(node: Node): number {
  const declaration = maybeChild(node, 'declaration');
  const decorators = [...children(node, 'decorators'), ...(declaration ? children(declaration, 'decorators') : [])];
  return decorators.reduce((start, decorator) => Math.min(start, decorator.start), node.start);
}
