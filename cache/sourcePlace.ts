/** @file Where the sources of a compiled program would be, when it runs elsewhere than where it was built. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a compiled file says of the source that it was made of. */
export interface BuiltFrom {
  /** The source's absolute path where it was built. */
  readonly file: string;
  /** The URL of the compiled file, here. */
  readonly url: string | undefined;
  /** Project files by name, relative to the package's folder; the source is among them. */
  readonly files: readonly (readonly [name: string, ...rest: unknown[]])[];
}

/**
 * The path of a source in the package that its compiled form is in now, whether it came along or not: records, `out`
 * folders and project names go by it. The path itself where the source is still there, or nothing better is known.
 */
export function placeOfSource({ file, url, files }: BuiltFrom): string {
  if (existsSync(file) || !url?.startsWith('file:')) return file;
  const names = files.map(([name]) => name).filter((name) => file.endsWith(`/${name}`));
  const name = names.sort((a, b) => b.length - a.length)[0];
  const compiled = fileURLToPath(url.replace(/[?#].*$/, ''));
  if (name === undefined || !existsSync(compiled)) return file;
  for (let folder = dirname(compiled); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, name);
    if (dirname(folder) === folder) return join(dirname(compiled), name);
  }
}
