/** @file The imports of this package in a parsed file. */

import { child, children, type Node, text } from './ast.ts';
import { isPackageImport, type PackageSpecifier, packageName } from './ownPackage.ts';

/** The specifiers by which a program imports the package (static imports and re-exports), in order. */
export function packageImports(
  program: Node,
  path: string,
  specifiers: readonly PackageSpecifier[] = [packageName],
): string[] {
  const found: string[] = [];
  for (const statement of children(program, 'body')) {
    if (statement.source === null || statement.source === undefined) continue;
    const specifier = text(child(statement, 'source'), 'value');
    if (isPackageImport(specifier, path, specifiers)) found.push(specifier);
  }
  return found;
}
