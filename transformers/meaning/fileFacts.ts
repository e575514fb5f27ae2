/** @file The facts of files on disk, read again only when a file has changed. */

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type ParsedFile, parseScript } from '../ast.ts';
import { isPackageImport } from '../ownPackage.ts';
import { analyzeScopes, type Scopes } from '../scope.ts';
import { isScript } from '../scriptFile.ts';
import type { FileFacts } from './facts.ts';
import { readModule } from './units.ts';

interface Known {
  size: number;
  mtimeMs: number;
  readonly content: string;
  readonly facts: FileFacts;
}

const missing: FileFacts = { hash: 'missing', module: null, specifiers: [], typeSpecifiers: [] };
const memo = new Map<string, Known>();

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The content of a file, which need not be on disk, and what the caller has found out about it already. */
export interface GivenFile {
  readonly code: string;
  readonly parsed: ParsedFile;
  readonly scopes: Scopes;
}

/**
 * What was parsed to follow imports: the files themselves are mostly asked for next. The collector may have them, since
 * a tree takes a hundred times the memory of its text.
 */
const parsedFiles = new Map<string, WeakRef<GivenFile>>();

/** Parses a file, unless that has been done just before. Null when it is no script that can be read. */
export function parseFile(code: string, path: string): GivenFile | null {
  const known = parsedFiles.get(path)?.deref();
  parsedFiles.delete(path);
  if (known?.code === code) return known;
  const parsed = parseScript(code, path);
  return parsed && { code, parsed, scopes: analyzeScopes(parsed.program) };
}

/** The facts of a file that the caller has read. */
export function factsOfCode(path: string, given: GivenFile): FileFacts {
  const { code } = given;
  const content = sha256(code);
  const known = memo.get(path);
  if (known?.content === content) return known.facts;
  const facts = read(path, code, content, given);
  memo.set(path, { size: -1, mtimeMs: 0, content, facts });
  return facts;
}

function read(path: string, code: string, content: string, given?: GivenFile): FileFacts {
  const bytes: FileFacts = { hash: content, module: null, specifiers: [], typeSpecifiers: [] };
  if (!isScript(path)) return bytes;
  const file = given ?? parseFile(code, path);
  if (!file) return bytes;
  if (!given) parsedFiles.set(path, new WeakRef(file));
  return readModule(file.parsed, code, file.scopes, (specifier) => isPackageImport(specifier, path));
}

/** The facts of a file as it is on disk. */
export function factsOfFile(path: string): FileFacts {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return missing;
  const known = memo.get(path);
  if (known && known.size === stat.size && known.mtimeMs === stat.mtimeMs) return known.facts;
  const buffer = readFileSync(path);
  const code = buffer.toString('utf8');
  const content = isScript(path) ? sha256(code) : sha256(buffer);
  const facts = known?.content === content ? known.facts : read(path, code, content);
  memo.set(path, { size: stat.size, mtimeMs: stat.mtimeMs, content, facts });
  return facts;
}
