/** @file Whether the transformer has to do with a file, told by one look at its text: most files it has not. */

import { readText } from './observed.ts';
import { defaultSpecifiers, isOwnFile, mayImportPackage, type PackageSpecifier } from './ownPackage.ts';
import { isReached, knownLinks } from './reach.ts';
import { isScript } from './scriptFile.ts';

/** Whether a file is one the transformer may have to do with, without parsing it. */
export function mayTransform(
  code: string,
  path: string,
  specifiers: readonly PackageSpecifier[] = defaultSpecifiers,
): boolean {
  if (!isOfProject(path)) return false;
  // Asked of every file: what the first one imports is looked at with it.
  const reached = isReached(path);
  return reached || mayImportPackage(code, path, specifiers);
}

/** The same of a file as it is on disk, which is not read where what it links to is known. */
export function mayTransformFile(path: string, specifiers?: readonly PackageSpecifier[]): boolean {
  if (!isOfProject(path)) return false;
  if (isReached(path)) return true;
  const links = specifiers ? null : knownLinks(path);
  return links ? links.mayImport : mayImportPackage(readText(path) ?? '', path, specifiers ?? defaultSpecifiers);
}

function isOfProject(path: string): boolean {
  if (!isScript(path) || /\.c[jt]s$|\.d\.[cm]?ts$/.test(path) || /[\\/]node_modules[\\/]/.test(path)) return false;
  return !isOwnFile(path);
}
