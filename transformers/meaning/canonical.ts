/** @file The canonical text of a piece of code: what it means, without comments, layout, quotes, parentheses and types. */

import { child, children, isNode, isTypeOnly, literalKind, type Node, text, unwrap } from '../ast.ts';
import { factFieldsOf, nodeFieldsOf } from '../nodeFields.ts';
import type { Lines } from '../parse.ts';

/** Fields that say where and how something is written. */
const layout = new Set(['type', 'start', 'end', 'range', 'raw', 'parent']);

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

/** Facts whose texts have neither spaces nor brackets in them. */
const bare = new Set(['name', 'operator', 'kind', 'phase']);

const ignorable = /Statement$|Declaration$|^(?:Method|Property)Definition$|^AccessorProperty$|^StaticBlock$/;

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
  const parameters = members.flatMap((member) =>
    member.type === 'MethodDefinition' ? children(child(member, 'value'), 'params') : [],
  );
  return [node, ...members, ...parameters].some((part) => children(part, 'decorators').some(isForeign));
}

/** As `unwrap`, but an optional chain is kept: `(a?.b).c` is not `a?.b.c`. */
function withoutWrappers(written: Node): Node {
  let node = written;
  while (node.type === 'ParenthesizedExpression' || (node.type !== 'ChainExpression' && unwrap(node) !== node)) {
    node = child(node, 'expression');
  }
  return node;
}

class Writer {
  written = '';
  private readonly lines: Lines;
  private readonly ignoredLines: ReadonlySet<number>;
  private withTypes = false;

  constructor(lines: Lines, ignoredLines: ReadonlySet<number>) {
    this.lines = lines;
    this.ignoredLines = ignoredLines;
  }

  node(given: Node): void {
    const node = withoutWrappers(given);
    const { type } = node;
    if (type === 'EmptyStatement') return;
    if (!this.withTypes) {
      if (type !== 'TSEnumDeclaration' && isTypeOnly(node) && !(meaningfulTypes.has(type) && node.declare !== true))
        return;
    }
    this.written += `(${type}`;
    if (this.ignoredLines.size > 0 && ignorable.test(type) && this.ignoredLines.has(this.lines.at(node.start))) {
      this.written += ' ignored';
    }
    const outer = this.withTypes;
    if ((type === 'ClassDeclaration' || type === 'ClassExpression') && !outer) this.withTypes = seesTypes(node);
    if (type === 'Literal') this.literal(node);
    else this.fields(node);
    this.withTypes = outer;
    this.written += ')';
  }

  private literal(node: Node): void {
    const kind = literalKind(node);
    const value = kind === 'regexp' ? node.regex : kind === 'bigint' ? node.bigint : node.value;
    this.written += ` ${kind} ${JSON.stringify(value)}`;
  }

  private fields(node: Node): void {
    const nodeFields = this.withTypes ? undefined : nodeFieldsOf(node.type);
    if (!nodeFields) {
      for (const field of Object.keys(node).sort()) if (!layout.has(field)) this.field(node, field);
      return;
    }
    for (const field of factFieldsOf(node.type) ?? []) {
      const value = node[field];
      if (value === true) this.written += ` ${field}`;
      else if (typeof value === 'string' && bare.has(field)) this.written += ` ${value}`;
      else if (value) this.written += ` ${JSON.stringify(value)}`;
    }
    for (const field of nodeFields) {
      const value = node[field];
      if (field === 'decorators' && children(node, field).length === 0) continue;
      this.written += ' ';
      if (value === null || value === undefined) this.written += '-';
      else if (field === 'key' && isNode(value)) this.key(value, node.computed === true);
      else this.value(value);
    }
  }

  /** `{ 'a': 1 }` is `{ a: 1 }`. */
  private key(key: Node, computed: boolean): void {
    if (!computed && literalKind(key) === 'string') this.written += `(Identifier ${key.value})`;
    else this.node(key);
  }

  private field(node: Node, field: string): void {
    const value = node[field];
    if (value === null || value === undefined || value === false) return;
    if (Array.isArray(value) && value.length === 0) return;
    this.written += ` ${field}=`;
    this.value(value);
  }

  private value(value: unknown): void {
    if (Array.isArray(value)) {
      this.written += '[';
      for (const item of value) {
        if (isNode(item)) this.node(item);
        else this.written += item === null ? ' hole' : ` ${JSON.stringify(item)}`;
      }
      this.written += ']';
    } else if (isNode(value)) this.node(value);
    // (JSON keeps lone surrogates apart, which a hash of UTF-8 would not.)
    else this.written += JSON.stringify(value) ?? '';
  }
}

/**
 * The text of code that means the same exactly if it is written the same but for layout. Names stay as they are.
 *
 * @param lines where the lines of the file begin
 * @param ignoredLines the lines that `tn-ignore` is about
 */
export function canonicalText(nodes: readonly Node[], lines: Lines, ignoredLines: ReadonlySet<number>): string {
  const writer = new Writer(lines, ignoredLines);
  for (const node of nodes) writer.node(node);
  return writer.written;
}
