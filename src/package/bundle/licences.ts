/** @file The packages that a bundle holds, with the texts that their licences ask to be passed on. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRootOf } from '../../../transformers/resolve.ts';

/** A package whose code is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json, or `unknown`. */
  readonly licence: string;
  /** Its licence and notice files, one after another; empty when it has none. */
  readonly text: string;
}

/** The packages that installed files belong to, sorted by name and version. */
export function licencesOf(files: Iterable<string>): BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  for (const root of new Set([...files].map(packageRoot))) {
    const described = describe(root);
    found.set(`${described.name}@${described.version}`, described);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, described]) => described);
}

/** The nearest package.json with a name: one without often only says `"type": "module"` for a subfolder. */
function packageRoot(file: string): string {
  let root = packageRootOf(file);
  while (readJson(root).name === undefined && packageRootOf(root) !== root) root = packageRootOf(root);
  return root;
}

function describe(root: string): BundledPackage {
  const { name, version, license } = readJson(root);
  const texts = readdirSync(root)
    .filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(root, file), 'utf8').trim());
  return {
    name: String(name ?? 'unknown'),
    version: String(version ?? ''),
    licence: typeof license === 'string' ? license : 'unknown',
    text: texts.length > 0 ? `${texts.join('\n\n')}\n` : '',
  };
}

function readJson(folder: string): { name?: unknown; version?: unknown; license?: unknown } {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object;
  } catch {
    return {};
  }
}
