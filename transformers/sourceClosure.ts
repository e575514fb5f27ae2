/** @file The source key of a file: a hash of the tokens of everything that it imports, directly or not. */

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { isScript, type ParsedFile, parseScript, type Token } from './ast.ts';
import { packageRootOf, resolveSpecifier, type Target } from './resolve.ts';

/** What a file depends on, and the key over all of it. No path of the machine is in `key`, `files` or `packages`. */
export interface SourceClosure {
  /** sha256 (hex) over `files` and `packages`. */
  readonly key: string;
  /** Project files: path relative to the package root of the file that was asked for, token hash; sorted by path. */
  readonly files: readonly (readonly [path: string, tokenHash: string])[];
  /** Packages by name and version (`node:` modules with an empty version), sorted by name. */
  readonly packages: readonly (readonly [name: string, version: string])[];
  /** The project files again, as absolute paths: for tools that watch. */
  readonly paths: readonly string[];
}

interface FileRecord {
  readonly hash: string;
  readonly specifiers: readonly string[];
}

function label(token: Token): string {
  return typeof token.type === 'string' ? token.type : token.type.label;
}

const pragma = /^[\s*]*tn-ignore/;

/** sha256 (hex) of a file's tokens: no comments (but our own pragmas), no layout. */
function hashTokens(tokens: readonly Token[]): string {
  const parts: string[] = [];
  for (const token of tokens) {
    const kind = label(token);
    if (kind.startsWith('Comment') && !(typeof token.value === 'string' && pragma.test(token.value))) continue;
    const value = token.value;
    parts.push(
      kind,
      value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value),
    );
  }
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

/** The specifiers of static imports, re-exports, `import('…')`, `import x = require('…')` and `typeof import('…')`. */
function specifiersOf(tokens: readonly Token[]): string[] {
  const found = new Set<string>();
  const code = tokens.filter((token) => !label(token).startsWith('Comment'));
  code.forEach((token, i) => {
    if (label(token) !== 'string') return;
    const before = code[i - 1];
    const opening = before && label(before) === '(' ? code[i - 2] : before;
    const word = opening && (opening.value ?? label(opening));
    const called = before !== opening;
    if (word === 'import' || (called ? word === 'require' : word === 'from')) found.add(String(token.value));
  });
  return [...found];
}

/** The record of a file that is parsed already. */
function recordOf(parsed: ParsedFile): FileRecord {
  return { hash: hashTokens(parsed.tokens), specifiers: specifiersOf(parsed.tokens) };
}

const missing: FileRecord = { hash: 'missing', specifiers: [] };
const memo = new Map<string, { readonly size: number; readonly mtimeMs: number; readonly record: FileRecord }>();

/** The record of a file on disk, read again only when its size or time has changed. */
function recordOfFile(path: string): FileRecord {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return missing;
  const known = memo.get(path);
  if (known && known.size === stat.size && known.mtimeMs === stat.mtimeMs) return known.record;
  const content = readFileSync(path);
  const parsed = isScript(path) ? parseScript(content.toString('utf8'), path) : null;
  const record = parsed
    ? recordOf(parsed)
    : { hash: createHash('sha256').update(content).digest('hex'), specifiers: [] };
  memo.set(path, { size: stat.size, mtimeMs: stat.mtimeMs, record });
  return record;
}

function portable(path: string): string {
  return sep === '/' ? path : path.split(sep).join('/');
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Follows the imports of `file` (an absolute path) through the project. Type-only imports count too; cycles are
 * fine; a file that is not there counts as missing.
 *
 * @param parsed the file's own content when the caller has it (it need not be on disk then)
 */
export function sourceClosure(file: string, parsed?: ParsedFile): SourceClosure {
  const start = realPath(file);
  const root = packageRootOf(start);
  const files = new Map<string, string>();
  const packages = new Map<string, string>();
  const pending = [start];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (files.has(path)) continue;
    const record = path === start && parsed ? recordOf(parsed) : recordOfFile(path);
    files.set(path, record.hash);
    for (const specifier of record.specifiers) {
      const target: Target = resolveSpecifier(specifier, path);
      if (target.kind === 'files') pending.push(...target.paths.map(realPath));
      else packages.set(`${target.name}\0${target.version}`, target.name);
    }
  }
  const paths = [...files.keys()];
  const byText = (a: readonly [string, string], b: readonly [string, string]): number =>
    a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;
  const fileList = paths
    .map((path): [string, string] => [portable(relative(root, path)), files.get(path) ?? ''])
    .sort(byText);
  const packageList = [...packages]
    .map(([key, name]): [string, string] => [name, key.slice(name.length + 1)])
    .sort(byText);
  const key = createHash('sha256')
    .update(JSON.stringify(['torchnative source 1', fileList, packageList]))
    .digest('hex');
  return { key, files: fileList, packages: packageList, paths };
}
