/** @file The parts that a file defines, with their meanings: for tools that compare records with the sources as they are now. */

import { readFileSync } from 'node:fs';
import { children, forEachChild, type Node } from '../ast.ts';
import { isCompileCacheCall, type PackageNames } from '../closureValues.ts';
import { functionBehind, literalText, methodFunction } from '../metadata.ts';
import { isPackageImport, type PackageSpecifier, packageName } from '../ownPackage.ts';
import { parametersOf } from '../parameters.ts';
import { parseScript } from '../parse.ts';
import { analyzeScopes } from '../scope.ts';
import { FileMeanings, type Meaning } from './meaning.ts';

/** A `compileCache(...)` of a file. */
export interface PartMeaning {
  /** Null when the name is not written as a literal. */
  readonly name: string | null;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** The names of the function's parameters, null for patterns; none where the function cannot be seen. */
  readonly parameters: readonly (string | null)[];
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
  const meanings = new FileMeanings(path, { code, parsed, scopes });
  const parts: PartMeaning[] = [];
  const visit = (node: Node, method: Node | null): void => {
    if (isCompileCacheCall(node, scopes, names)) {
      const { line, column } = parsed.lines.position(node.start);
      const [first, second, third] = children(node, 'arguments');
      const written = third ?? second;
      const fn = method ?? (written ? functionBehind(written, scopes) : null);
      const parameters = fn ? parametersOf(fn, code).map(({ name }) => name) : [];
      parts.push({ name: literalText(first), line, column, parameters, meaning: meanings.at(node.start) });
    }
    const isDecorator = node.type === 'Decorator' || node.type === 'ParenthesizedExpression';
    forEachChild(node, (part, field) => {
      visit(part, field === 'decorators' ? methodFunction(node) : isDecorator ? method : null);
    });
  };
  visit(parsed.program, null);
  return parts.sort((a, b) => a.line - b.line || a.column - b.column);
}
