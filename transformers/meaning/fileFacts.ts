/** @file The facts of files on disk, read again only when a file has changed. */

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isScript, type ParsedFile, parseScript } from '../ast.ts';
import { isPackageImport } from '../ownPackage.ts';
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

/** The facts of a content of a file, which need not be on disk. `parsed` where the caller has parsed it already. */
export function factsOfCode(path: string, code: string, parsed?: ParsedFile): FileFacts {
  const content = sha256(code);
  const known = memo.get(path);
  if (known?.content === content) return known.facts;
  const facts = read(path, code, content, parsed);
  memo.set(path, { size: -1, mtimeMs: 0, content, facts });
  return facts;
}

function read(path: string, code: string, content: string, given?: ParsedFile): FileFacts {
  const bytes: FileFacts = { hash: content, module: null, specifiers: [], typeSpecifiers: [] };
  if (!isScript(path)) return bytes;
  const parsed = given ?? parseScript(code, path);
  return parsed ? readModule(parsed, code, (specifier) => isPackageImport(specifier, path)) : bytes;
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

/** The path behind links; the path itself when nothing is there. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
