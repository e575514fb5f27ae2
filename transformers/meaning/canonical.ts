/** @file The canonical text of a piece of code: what it means, without comments, layout, quotes, parentheses and types. */

import { child, children, isNode, type Node, text, unwrap } from '../ast.ts';

/** Fields that say where and how something is written, or only what type it has. */
const layout = new Set([
  'type',
  'start',
  'end',
  'loc',
  'range',
  'extra',
  'errors',
  'comments',
  'tokens',
  'interpreter',
]);
const types = new Set([
  'typeAnnotation',
  'returnType',
  'typeParameters',
  'typeArguments',
  'superTypeParameters',
  'implements',
  'accessibility',
  'abstract',
  'override',
  'readonly',
  'definite',
  'importKind',
  'exportKind',
]);

/** Types that exist at run time all the same, or change what other code is compiled to. */
const meaningfulTypes = new Set([
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSParameterProperty',
  'TSImportEqualsDeclaration',
  'TSExternalModuleReference',
  'TSExportAssignment',
  'TSQualifiedName',
]);

const ignorable = /Statement$|Declaration$|^Class(Private)?(Method|Property)$|^ClassAccessorProperty$|^StaticBlock$/;

/** Whether a decorator is one that may read types at run time: any but our own. */
function isForeign(decorator: Node): boolean {
  const call = unwrap(child(decorator, 'expression'));
  const callee = call.type === 'CallExpression' ? unwrap(child(call, 'callee')) : call;
  const name = callee.type === 'MemberExpression' ? child(callee, 'property') : callee;
  return text(name, 'name') !== 'compileCache';
}

/** Whether a class may be told its types (`emitDecoratorMetadata`). */
function seesTypes(node: Node): boolean {
  const members = children(child(node, 'body'), 'body');
  const parameters = members.flatMap((member) => children(member, 'params'));
  return [node, ...members, ...parameters].some((part) => children(part, 'decorators').some(isForeign));
}

class Writer {
  readonly parts: string[] = [];
  private readonly ignoredLines: ReadonlySet<number>;
  private withTypes = false;

  constructor(ignoredLines: ReadonlySet<number>) {
    this.ignoredLines = ignoredLines;
  }

  node(written: Node): void {
    const node = unwrap(written);
    const { type } = node;
    if (type === 'EmptyStatement') return;
    if (!this.withTypes) {
      if (type.startsWith('TS') && !meaningfulTypes.has(type)) return;
      if (node.declare === true && type !== 'TSEnumDeclaration') return;
    }
    this.parts.push('(', type);
    if (this.ignoredLines.size > 0 && this.ignoredLines.has(node.loc.start.line) && ignorable.test(type)) {
      this.parts.push(' ignored');
    }
    const outer = this.withTypes;
    if ((type === 'ClassDeclaration' || type === 'ClassExpression') && !outer) this.withTypes = seesTypes(node);
    this.fields(node);
    this.withTypes = outer;
    this.parts.push(')');
  }

  private fields(node: Node): void {
    for (const field in node) {
      if (layout.has(field) || (!this.withTypes && types.has(field))) continue;
      // `x?: T` is a type; in `a?.b` it is what is done.
      if (field === 'optional' && !node.type.startsWith('Optional')) continue;
      const value = node[field];
      if (value === null || value === undefined || value === false || typeof value === 'function') continue;
      this.parts.push(' ', field, '=');
      if (field === 'key' && isNode(value) && value.type === 'StringLiteral' && node.computed !== true) {
        // `{ 'a': 1 }` is `{ a: 1 }`.
        this.parts.push('(Identifier name=', JSON.stringify(value.value), ')');
      } else this.value(value);
    }
  }

  private value(value: unknown): void {
    if (Array.isArray(value)) {
      this.parts.push('[');
      for (const item of value) {
        if (isNode(item)) this.node(item);
        else this.parts.push(item === null ? ' hole' : ` ${JSON.stringify(item)}`);
      }
      this.parts.push(']');
    } else if (isNode(value)) this.node(value);
    else if (typeof value === 'object') this.parts.push(JSON.stringify(value));
    // (JSON keeps lone surrogates apart, which a hash of UTF-8 would not.)
    else this.parts.push(typeof value === 'string' ? JSON.stringify(value) : String(value));
  }
}

/**
 * The text of code that means the same exactly if it is written the same but for layout. Names stay as they are.
 *
 * @param ignoredLines the lines that `tn-ignore` is about
 */
export function canonicalText(nodes: readonly Node[], ignoredLines: ReadonlySet<number>): string {
  const writer = new Writer(ignoredLines);
  for (const node of nodes) writer.node(node);
  return writer.parts.join('');
}
