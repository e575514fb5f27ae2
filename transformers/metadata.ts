/** @file What is injected for the library: metadata at each `compileCache(...)` and a stamp in each class. */

import { child, children, isFunction, literalKind, type Node, text, unwrap } from './ast.ts';
import { closureNames, isCompileCacheCall, type PackageNames, valuesThunk } from './closureValues.ts';
import type { Edits } from './edits.ts';
import { parametersOf } from './parameters.ts';
import type { Lines } from './parse.ts';
import type { Scope, Scopes } from './scope.ts';

/** A `compileCache(...)` call. */
export interface PartCall {
  /** Null when the name is not written as a literal. */
  readonly name: string | null;
  /** 1-based, as in the metadata. */
  readonly line: number;
  readonly column: number;
}

export interface MetadataContext {
  readonly edits: Edits;
  readonly scopes: Scopes;
  readonly names: PackageNames;
  /** Gets every call that is annotated. */
  readonly parts: PartCall[];
  readonly meanings: Meanings;
  readonly lines: Lines;
}

/** What the calls and classes of a file mean, by where they stand. */
export interface Meanings {
  /** The hash of a part's meaning, and what it reaches as indices into the file's list of units. */
  part(offset: number): { readonly source: string; readonly reach: readonly number[] };
  /** The hash of a class's meaning. Each class is asked for once. */
  class(offset: number): string;
}

/** The text of a string literal, or null for any other expression. */
export function literalText(expression: Node | undefined): string | null {
  const inner = expression ? unwrap(expression) : null;
  if (inner && literalKind(inner) === 'string') return text(inner, 'value');
  if (inner?.type !== 'TemplateLiteral' || children(inner, 'expressions').length > 0) return null;
  const [quasi] = children(inner, 'quasis');
  const cooked = (quasi?.value as { cooked?: unknown } | undefined)?.cooked;
  return typeof cooked === 'string' ? cooked : null;
}

/** The function that an expression is, when this file says so: written here, or a name that always means one. */
export function functionBehind(expression: Node, scopes: Scopes): Node | null {
  const inner = unwrap(expression);
  if (isFunction(inner)) return inner;
  if (inner.type !== 'Identifier') return null;
  const binding = scopes.bindingOf(inner);
  if (!binding?.value || binding.writes.length > 0) return null;
  const value = unwrap(binding.value);
  return isFunction(value) ? value : null;
}

/** The function of a class's method; null for any other member. */
export function methodFunction(member: Node): Node | null {
  return member.type === 'MethodDefinition' ? child(member, 'value') : null;
}

/** The scope that a call's callee is looked up in. */
function scopeOfCall(call: Node, scopes: Scopes): Scope {
  const callee = unwrap(child(call, 'callee'));
  const name = callee.type === 'Identifier' ? callee : child(callee, 'object');
  return scopes.scopeOf(name) ?? scopes.module;
}

/**
 * Adds the fourth argument to a `compileCache(...)` call: where it stands, the parameters of the function it is about,
 * and a thunk for the values which that function takes from around it.
 *
 * @param method the function of the decorated method, when the call is a decorator
 */
export function annotateCompileCache(call: Node, method: Node | null, context: MetadataContext): void {
  const { edits, scopes, names, parts, meanings, lines } = context;
  if (!isCompileCacheCall(call, scopes, names)) return;
  const given = children(call, 'arguments');
  const { line, column } = lines.position(call.start);
  parts.push({ name: literalText(given[0]), line, column });
  if (given.length > 3 || given.some((argument) => argument.type === 'SpreadElement')) return;

  const written = method ?? given[2] ?? given[1];
  const fn = written ? functionBehind(written, scopes) : null;
  const parameters = fn ? parametersOf(fn, edits.code) : null;
  const values = fn ? closureNames(fn, scopeOfCall(call, scopes), scopes, names) : [];
  const { source, reach } = meanings.part(call.start);
  const metadata =
    `{ v: 2, file: __tnFile, source: ${JSON.stringify(source)}, reach: ${JSON.stringify(reach)}, ` +
    `loc: [${line}, ${column}], params: ${JSON.stringify(parameters)}, deps: ${valuesThunk(values)} }`;

  const last = given.at(-1);
  const padding = 'undefined, '.repeat(3 - given.length);
  if (last) edits.after(last.end, `, ${padding}${metadata}`);
  else edits.after(call.end - 1, `${padding}${metadata}`);
}

/** Lets the library find the file that a class comes from, and what the class means. */
export function stampClass(node: Node, { edits, meanings }: MetadataContext): void {
  const hash = JSON.stringify(meanings.class(node.start));
  edits.after(child(node, 'body').start + 1, ` static { __tn.stamp(this, __tnFile, ${hash}); }`);
}

/** The decorator call in a decorator, parentheses aside. */
export function decoratorCall(decorator: Node): Node {
  return unwrap(child(decorator, 'expression'));
}

/** The facts of the file that `__tn.file` is given, as code. */
export interface FileFacts {
  readonly file: string;
  /** The files of the import closure, by path and hash, in the order of their imports. */
  readonly files: readonly (readonly [string, string])[];
  readonly packages: readonly (readonly [string, string])[];
  /** What the parts of the file reach: `file#name`, hash. */
  readonly units: readonly (readonly [string, string])[];
  /** Imports that lead nowhere. */
  readonly unresolved: readonly string[];
  /** Names of module-level values. */
  readonly values: readonly string[];
}

/** What stands at the top of a transformed file: the import of `__tn` and the file's token. */
export function fileHeader(specifier: string, facts: FileFacts): string {
  const fields = [
    'v: 2',
    'url: import.meta.url',
    `file: ${JSON.stringify(facts.file)}`,
    `files: ${JSON.stringify(facts.files)}`,
    `packages: ${JSON.stringify(facts.packages)}`,
    `units: ${JSON.stringify(facts.units)}`,
    ...(facts.unresolved.length > 0 ? [`unresolved: ${JSON.stringify(facts.unresolved)}`] : []),
    `names: ${JSON.stringify(facts.values)}`,
    `bindings: ${valuesThunk(facts.values)}`,
  ];
  return `import { __tn } from ${JSON.stringify(specifier)}; const __tnFile = __tn.file({ ${fields.join(', ')} });`;
}
