/** @file What packaging reads from a source file: the assets it names, and uses of Node's modules that cannot work. */

import { child, children, isNode, type Node, text, unwrap } from '../../../transformers/ast.ts';
import { literalText } from '../../../transformers/metadata.ts';
import { type Lines, parseScript } from '../../../transformers/parse.ts';
import { analyzeScopes, type Binding } from '../../../transformers/scope.ts';

/** A place in a source file, 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `asset('./model', import.meta.url)`. */
export interface AssetCall extends Place {
  readonly path: string;
}

export interface Problem extends Place {
  readonly what: string;
  readonly fix: string;
}

export interface Scan {
  readonly assets: readonly AssetCall[];
  readonly problems: readonly Problem[];
}

export interface ScanContext {
  /** Whether an import means the package. */
  isPackage(specifier: string): boolean;
  /** What a packaged program has of a module of Node's; null for every other specifier. */
  namesOf(specifier: string): ReadonlySet<string> | null;
  /** Whether the module's default export is something else than those names. */
  hasDefault(specifier: string): boolean;
}

/** Reads one file; nothing is found in one that does not parse, which whoever compiles it will say. */
export function scanSource(code: string, path: string, context: ScanContext): Scan {
  const parsed = parseScript(code, path);
  if (!parsed) return { assets: [], problems: [] };
  const scopes = analyzeScopes(parsed.program);
  const assets: AssetCall[] = [];
  const problems: Problem[] = [];
  const parents = new Map<Node, Node>();
  collectParents(parsed.program, parents);
  for (const { node } of scopes.references) {
    const imported = scopes.bindingOf(node)?.imported;
    if (!imported || imported.typeOnly) continue;
    if (context.isPackage(imported.source)) checkAsset(node, imported, parents, assets, problems, parsed.lines);
    const isWhole = imported.name === '*' || (imported.name === 'default' && !context.hasDefault(imported.source));
    const names = isWhole ? context.namesOf(imported.source) : null;
    if (names) checkMember(node, imported.source, names, parents, problems, parsed.lines);
  }
  return { assets, problems };
}

function collectParents(node: Node, parents: Map<Node, Node>): void {
  for (const field in node) {
    const value = node[field];
    for (const item of Array.isArray(value) ? value : [value]) {
      if (!isNode(item)) continue;
      parents.set(item, node);
      collectParents(item, parents);
    }
  }
}

/** The expression that a name's use is the whole of, without parentheses and assertions of types. */
function outermost(node: Node, parents: ReadonlyMap<Node, Node>): Node {
  let at = node;
  for (let parent = parents.get(at); parent && parent !== at && unwrap(parent) === node; parent = parents.get(at))
    at = parent;
  return at;
}

const literalAsset = "write it as asset('./folder', import.meta.url), so that packaging can read it";

function checkAsset(
  node: Node,
  imported: NonNullable<Binding['imported']>,
  parents: ReadonlyMap<Node, Node>,
  assets: AssetCall[],
  problems: Problem[],
  lines: Lines,
): void {
  let callee = outermost(node, parents);
  if (imported.name === '*') {
    const member = parents.get(callee);
    if (member?.type !== 'MemberExpression' || memberName(member) !== 'asset') return;
    callee = outermost(member, parents);
  } else if (imported.name !== 'asset') return;
  const call = parents.get(callee);
  const problem = (what: string): void =>
    void problems.push({ ...lines.position(node.start), what, fix: literalAsset });
  if (call?.type !== 'CallExpression' || call.callee !== callee) {
    problem('asset is not called here, so what it will be given is not known when the program is packaged');
    return;
  }
  const [path, base] = children(call, 'arguments');
  const written = literalText(path);
  if (written === null) problem('the path of an asset is not a literal');
  else if (!base || !isModuleUrl(base)) problem('the second argument of asset is not import.meta.url');
  else assets.push({ ...lines.position(call.start), path: written });
}

function isModuleUrl(expression: Node): boolean {
  const inner = unwrap(expression);
  if (inner.type !== 'MemberExpression' || memberName(inner) !== 'url') return false;
  const meta = unwrap(child(inner, 'object'));
  return meta.type === 'MetaProperty' && text(child(meta, 'meta'), 'name') === 'import';
}

function memberName(member: Node): string | null {
  const property = child(member, 'property');
  return member.computed === true ? literalText(property) : text(property, 'name');
}

/** `fs.watch` of `import fs from 'node:fs'`: no tool would say before the program runs that there is none. */
function checkMember(
  node: Node,
  module: string,
  names: ReadonlySet<string>,
  parents: ReadonlyMap<Node, Node>,
  problems: Problem[],
  lines: Lines,
): void {
  const use = outermost(node, parents);
  const member = parents.get(use);
  if (member?.type !== 'MemberExpression' || member.object !== use) return;
  const name = memberName(member);
  if (name === null || names.has(name) || name === 'default') return;
  problems.push({ ...lines.position(child(member, 'property').start), ...missingName(module, name, names) });
}

/** What is said of a name that a packaged program's version of a module does not have. */
export function missingName(module: string, name: string, names: ReadonlySet<string>): Omit<Problem, keyof Place> {
  const shown = module.startsWith('node:') ? module : `node:${module}`;
  const all = [...names].filter((known) => known !== 'default').sort();
  return {
    what: `${shown} has no ${name} inside a packaged program`,
    fix: `it has ${all.join(', ')}`,
  };
}

/** Whether a text is worth parsing for `scanSource`. */
export function mayMatter(code: string): boolean {
  return /\basset\b/.test(code) || /\bfrom\s*['"](?:node:)?[a-z_/]+['"]/.test(code);
}
