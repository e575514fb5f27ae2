/** @file The facts of files on disk, read again only when a file has changed. */

import { createHash } from 'node:crypto';
import { contentHash, readBytes } from '../observed.ts';
import { isPackageImport } from '../ownPackage.ts';
import { type ParsedFile, parseScript } from '../parse.ts';
import { analyzeScopes, type Scopes } from '../scope.ts';
import { isScript } from '../scriptFile.ts';
import type { FileFacts } from './facts.ts';
import { readModule } from './units.ts';

interface Known {
  /** sha256 (hex) of the bytes on disk; empty for a file that was given. */
  readonly bytes: string;
  readonly content: string;
  readonly facts: FileFacts;
}

/** Facts that outlive the process, by a file's path and content. */
export interface FactsStore {
  get(path: string, content: string): FileFacts | null;
  put(path: string, content: string, facts: FileFacts): void;
}

let store: FactsStore | null = null;

/** From now on, facts of files on disk are looked for there before a file is parsed. */
export function keepFactsIn(kept: FactsStore): void {
  store = kept;
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
  memo.set(path, { bytes: '', content, facts });
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
  const bytes = contentHash(path);
  const known = memo.get(path);
  if (bytes !== '' && known?.bytes === bytes) return known.facts;
  const buffer = readBytes(path);
  if (!buffer) return missing;
  const code = buffer.toString('utf8');
  const content = isScript(path) ? sha256(code) : bytes;
  const facts = known?.content === content ? known.facts : keptOrRead(path, code, content);
  memo.set(path, { bytes, content, facts });
  return facts;
}

function keptOrRead(path: string, code: string, content: string): FileFacts {
  if (!store || !isScript(path)) return read(path, code, content);
  const kept = store.get(path, content);
  if (kept) return kept;
  const facts = read(path, code, content);
  store.put(path, content, facts);
  return facts;
}
