/** @file Whether the transformer has to do with a file, told by one look at its text: most files it has not. */

import { isOwnFile, mayImportPackage, type PackageSpecifier, packageName } from './ownPackage.ts';
import { isReached } from './reach.ts';
import { isScript } from './scriptFile.ts';

export const defaultSpecifiers: readonly PackageSpecifier[] = [packageName];

/** Whether a file is one the transformer may have to do with, without parsing it. */
export function mayTransform(
  code: string,
  path: string,
  specifiers: readonly PackageSpecifier[] = defaultSpecifiers,
): boolean {
  if (!isScript(path) || /\.c[jt]s$|\.d\.[cm]?ts$/.test(path) || /[\\/]node_modules[\\/]/.test(path)) return false;
  if (isOwnFile(path)) return false;
  // Asked of every file: what the first one imports is looked at with it.
  const reached = isReached(path);
  return reached || mayImportPackage(code, path, specifiers);
}
