/** @file The syntax tree that the transformer works on: parsing (Babel), a generic walk, and small questions about nodes. */

import { createRequire } from 'node:module';
import type { ParserOptions } from '@babel/parser';
import { scriptExtension } from './scriptFile.ts';

/** A place in a source text: line from 1, column from 0 (Babel's convention). */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * A syntax node. Fields beyond these are read through `child`, `children` and `text`, which keep the loosely typed
 * tree in one place: Babel's own node types make every offset optional.
 */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: Position; readonly end: Position };
  readonly [field: string]: unknown;
}

/** A comment; `value` is without its delimiters. */
export interface Comment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: Position; readonly end: Position };
}

export interface ParsedFile {
  readonly program: Node;
  readonly comments: readonly Comment[];
}

function parserOptions(path: string, legacyDecorators: boolean): ParserOptions {
  const [, , language, jsx] = scriptExtension.exec(path) ?? [];
  const plugins: NonNullable<ParserOptions['plugins']> = ['decoratorAutoAccessors', 'explicitResourceManagement'];
  plugins.push(legacyDecorators ? 'decorators-legacy' : ['decorators', { allowCallParenthesized: true }]);
  if (language !== 'js') plugins.push(['typescript', { dts: path.endsWith('.d.ts') }]);
  if (language === 'js' || jsx === 'x') plugins.push('jsx');
  return {
    sourceType: 'module',
    plugins,
    attachComment: false,
    // A mistake that the parser can step over is reported better by whatever compiles the file next.
    errorRecovery: true,
    allowReturnOutsideFunction: true,
    allowUndeclaredExports: true,
    createParenthesizedExpressions: true,
    createImportExpressions: true,
  };
}

type Babel = typeof import('@babel/parser');
let babel: Babel | null = null;

/** The parser is loaded with the first file that needs it: most programs start without one. */
function parser(): Babel {
  babel ??= createRequire(import.meta.url)('@babel/parser') as Babel;
  return babel;
}

/** `-a ** b` is a mistake that calls in place of the operators would hide. */
const unreadable = 'UnexpectedTokenUnaryExponentiation';

/**
 * Parses a script. Returns null when it is not one: the tool that compiles it next will say why.
 * Parameter decorators exist only in the legacy grammar, so that one is tried second.
 */
export function parseScript(code: string, path: string): ParsedFile | null {
  for (const legacy of [false, true]) {
    try {
      const file = parser().parse(code, parserOptions(path, legacy)) as unknown as {
        program: Node;
        comments: Comment[] | null;
        errors?: readonly { readonly reasonCode?: string }[];
      };
      if (file.errors?.some(({ reasonCode }) => reasonCode === unreadable)) return null;
      return { program: file.program, comments: file.comments ?? [] };
    } catch (error) {
      if (error instanceof RangeError) throw error; // the stack is too small
      // Next grammar.
    }
  }
  return null;
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

/** The nodes of a list field; holes of array patterns are left out. */
export function children(node: Node, field: string): Node[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** A string field: a name, an operator, a kind. */
export function text(node: Node, field: string): string {
  const value = node[field];
  return typeof value === 'string' ? value : '';
}

const notChildren = new Set(['loc', 'extra', 'errors', 'comments']);

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
  return node.type.startsWith('TS') && !valueWrappers.has(node.type);
}

/** Calls back for each child that exists at run time. */
export function forEachChild(node: Node, visit: (child: Node, field: string) => void): void {
  for (const field in node) {
    if (notChildren.has(field)) continue;
    const value = node[field];
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item) && !isTypeOnly(item)) visit(item, field);
    } else if (isNode(value) && !isTypeOnly(value)) {
      visit(value, field);
    }
  }
}

/** The expression inside parentheses and TypeScript's wrappers. */
export function unwrap(node: Node): Node {
  let inner = node;
  while (
    inner.type === 'ParenthesizedExpression' ||
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

/** Whether the node is a function with parameters and a body (methods of classes and objects included). */
export function isFunction(node: Node): boolean {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ObjectMethod':
    case 'ClassMethod':
    case 'ClassPrivateMethod':
      return true;
    default:
      return false;
  }
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
