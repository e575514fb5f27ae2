/** @file What the files of a project are called inside a packaged program: never by their path on this machine. */

import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { packageRootOf } from '../../../transformers/resolve.ts';

/** Where the files of a packaged program are, in the URLs that `import.meta.url` gives. */
const appRoot = '/app/';

/**
 * The path of a file inside the program: relative to the project, `node_modules/name/…` for an installed package
 * wherever it is installed, and `packages/name/…` for another package of the same workspace.
 */
export function pathInApp(file: string, projectRoot: string): string {
  const installed = file.lastIndexOf(`${sep}node_modules${sep}`);
  if (installed >= 0) return portable(file.slice(installed + 1));
  const own = relative(projectRoot, file);
  if (own !== '..' && !own.startsWith(`..${sep}`)) return portable(own);
  const root = packageRootOf(file);
  return portable(join('packages', packageNameOf(root), relative(root, file)));
}

/** The absolute path that metadata has in place of the one on this machine. */
export function placeInApp(file: string, projectRoot: string): string {
  return appRoot + pathInApp(file, projectRoot);
}

/** What `import.meta.url` is in the file. */
export function urlInApp(file: string, projectRoot: string): string {
  return `file://${encodeURI(placeInApp(file, projectRoot)).replace(/[?#]/g, encodeURIComponent)}`;
}

function portable(path: string): string {
  return path.split(sep).join('/');
}

function packageNameOf(root: string): string {
  try {
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof name === 'string' && name !== '') return name;
  } catch {
    // A folder without a package has its own name.
  }
  return root.split(sep).at(-1) ?? 'root';
}
