/** @file The parts that a file defines, with their meanings: for tools that compare records with the sources as they are now. */

import { readFileSync } from 'node:fs';
import { children, forEachChild, type Node, parseScript } from '../ast.ts';
import { isCompileCacheCall, type PackageNames } from '../closureValues.ts';
import { literalText } from '../metadata.ts';
import { isPackageImport, type PackageSpecifier, packageName } from '../ownPackage.ts';
import { analyzeScopes } from '../scope.ts';
import { FileMeanings, type Meaning } from './meaning.ts';

/** A `compileCache(...)` of a file. */
export interface PartMeaning {
  /** Null when the name is not written as a literal. */
  readonly name: string | null;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly meaning: Meaning;
}

/** The parts of a file as it is on disk, in its order; none for a file that is not there or does not parse. */
export function partsOfFile(path: string, specifiers: readonly PackageSpecifier[] = [packageName]): PartMeaning[] {
  let code: string;
  try {
    code = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const parsed = code.includes('compileCache') ? parseScript(code, path) : null;
  if (!parsed) return [];
  const scopes = analyzeScopes(parsed.program);
  const names: PackageNames = {
    isPackage: (specifier) => isPackageImport(specifier, path, specifiers),
    isProject: () => false,
  };
  const meanings = new FileMeanings(path, { code, parsed });
  const parts: PartMeaning[] = [];
  const visit = (node: Node): void => {
    if (isCompileCacheCall(node, scopes, names)) {
      const { line, column } = node.loc.start;
      const name = literalText(children(node, 'arguments')[0]);
      parts.push({ name, line, column: column + 1, meaning: meanings.at(node.start) });
    }
    forEachChild(node, visit);
  };
  visit(parsed.program);
  return parts.sort((a, b) => a.line - b.line || a.column - b.column);
}
