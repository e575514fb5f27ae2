/** @file What a result of the transformer depends on besides the sources: its own code, what it uses of others, this Node. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownRoot } from './ownPackage.ts';
import { sha256 } from './sha256.ts';

/** The packages that results are made with. */
export const usedPackages = ['esbuild', 'oxc-parser'] as const;

/** What is beside the transformer and takes no part in its results. */
export const otherFolders = ['check', 'test', 'tsc'] as const;

/** Where the modules have been made into few: a hash of all of them, put in then. */
declare const builtFrom: string | undefined;

let identity: string | null | undefined;

/**
 * sha256 (hex) over the transformer itself: by its code where that is known, else by name, size and time of its files,
 * since in a clone they change without a version, and by the versions of the packages that it uses. Null when one of those cannot be found.
 */
export function transformerIdentity(): string | null {
  if (identity === undefined) identity = readIdentity();
  return identity;
}

function readIdentity(): string | null {
  const lines = [`${process.version} ${process.platform} ${ownRoot}`];
  try {
    const own = readJson(join(ownRoot, 'package.json'));
    lines.push(String(own.version));
    if (typeof builtFrom === 'string') lines.push(builtFrom);
    else lines.push(...ownFiles(dirname(fileURLToPath(import.meta.url))));
    for (const name of usedPackages) {
      if (own.dependencies && name in own.dependencies) lines.push(`${name} ${installedVersion(name)}`);
    }
  } catch {
    return null;
  }
  return sha256(lines.join('\n'));
}

function ownFiles(folder: string): string[] {
  const items = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return items.flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isDirectory()) return otherFolders.some((name) => name === item.name) ? [] : ownFiles(path);
    if (!/(?<!\.d)\.[jt]s$/.test(item.name)) return [];
    const { size, mtimeMs } = statSync(path);
    return [`${path} ${size} ${mtimeMs}`];
  });
}

function readJson(path: string): { readonly dependencies?: object; readonly version?: unknown } {
  return JSON.parse(readFileSync(path, 'utf8')) as { readonly dependencies?: object; readonly version?: unknown };
}

/** Throws for a package that is not installed in the usual way. */
function installedVersion(name: string): string {
  for (let folder = ownRoot; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name, 'package.json');
    if (statSync(path, { throwIfNoEntry: false })) return String(readJson(path).version);
    if (dirname(folder) === folder) throw new Error(`${name} is not installed`);
  }
}
