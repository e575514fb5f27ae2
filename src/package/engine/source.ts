/**
 * @file Where the JavaScript engine's C comes from. No engine is part of this package: it takes QuickJS, the release of
 * 2021-03-27 or quickjs-ng (0.17 or later), from a folder, from the project's node_modules, or from npm.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TnError } from '../../core/errors.ts';
import { wrongRequest } from '../refusal.ts';
import { fetchedSources, pinned } from './fetch.ts';

export interface EngineSource {
  readonly name: 'QuickJS' | 'quickjs-ng';
  readonly version: string;
  /** C files to compile, with their texts. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly headers: Readonly<Record<string, string>>;
  /** `#define`s of the engine's own build. */
  readonly defines: readonly string[];
  readonly licence: string;
}

export interface EngineSearch {
  /** `--engine`. */
  readonly engine?: string | undefined;
  /** The project: its node_modules may hold the package. */
  readonly projectRoot: string;
  /** The cache's folder for fetched sources; asked for only when they have to be fetched. */
  readonly engineFolder: () => string;
  readonly env?: NodeJS.ProcessEnv;
}

/** @throws TnError when there is none; WrongRequest when a folder that was named is no engine's */
export function findEngine(search: EngineSearch): EngineSource {
  const env = search.env ?? process.env;
  if (search.engine !== undefined) return namedEngine('--engine', search.engine);
  const variable = env['TN_QUICKJS']?.trim();
  if (variable) return namedEngine('TN_QUICKJS', variable);
  return readEngine(installedSources(search.projectRoot) ?? fetchedSources(search.engineFolder()));
}

function namedEngine(how: string, folder: string): EngineSource {
  const path = resolve(folder);
  if (existsSync(join(path, 'quickjs.c'))) return readEngine(path);
  throw wrongRequest({
    what: `${how} ${folder}: there is no quickjs.c`,
    fix: "name the folder with QuickJS's C files (the release of 2021-03-27, or quickjs-ng 0.17 or later)",
  });
}

/** The pinned package where npm installed it for the project, or above. */
function installedSources(projectRoot: string): string | null {
  for (let folder = resolve(projectRoot); ; folder = dirname(folder)) {
    const sources = join(folder, 'node_modules', pinned.package, pinned.folder);
    if (existsSync(join(sources, 'quickjs.c'))) return sources;
    if (dirname(folder) === folder) return null;
  }
}

/** Names in quotes after `#include`, of a file and of what it includes, as far as the folder holds them. */
function includedFiles(folder: string, roots: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    for (const [, included] of readFileSync(join(folder, name), 'utf8').matchAll(/^\s*#\s*include\s+"([\w.-]+)"/gm)) {
      if (found.has(included) || !existsSync(join(folder, included))) continue;
      found.add(included);
      visit(included);
    }
  };
  for (const name of roots) visit(name);
  return [...found].sort();
}

/** Reads a folder of sources. @throws TnError when it is a release that the glue does not know */
export function readEngine(folder: string): EngineSource {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const header = text('quickjs.h');
  const isNg = header.includes('QJS_VERSION_MAJOR');
  const candidates = isNg
    ? ['cutils.c', 'dtoa.c', 'libregexp.c', 'libunicode.c', 'quickjs.c']
    : ['cutils.c', 'libbf.c', 'libregexp.c', 'libunicode.c', 'quickjs.c'];
  const names = candidates.filter((name) => existsSync(join(folder, name)));
  const version = isNg ? ngVersion(header) : oldVersion(folder);
  if (version === null || (isNg && !header.includes('JSReallocArrayBufferDataFunc'))) {
    throw new TnError({
      what: `${folder}: this release of QuickJS cannot be embedded`,
      found: [version === null ? 'it says no version that is known' : `it is quickjs-ng ${version}`],
      fix: 'use the release of 2021-03-27, or quickjs-ng 0.17 or later',
    });
  }
  const headers = includedFiles(folder, names);
  return {
    name: isNg ? 'quickjs-ng' : 'QuickJS',
    version,
    files: names.map((name) => ({ name, text: text(name) })),
    headers: Object.fromEntries(headers.map((name) => [name, text(name)])),
    // Without CONFIG_BIGNUM the old release has no BigInt.
    defines: isNg ? ['_GNU_SOURCE'] : ['_GNU_SOURCE', `CONFIG_VERSION="${version}"`, 'CONFIG_BIGNUM'],
    licence: licenceOf(folder, text('quickjs.c')),
  };
}

/** Later releases of the old engine have another interface. */
function oldVersion(folder: string): string | null {
  const file = join(folder, 'VERSION');
  const version = existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  return version === '2021-03-27' ? version : null;
}

function ngVersion(header: string): string | null {
  const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
    (part) => new RegExp(`#define QJS_VERSION_${part}\\s+(\\d+)`).exec(header)?.[1],
  );
  return parts.every((part) => part !== undefined) ? parts.join('.') : null;
}

/** The licence's file, else the comment that quickjs.c begins with. */
function licenceOf(folder: string, main: string): string {
  const file = ['LICENSE', 'COPYING'].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (file) return readFileSync(file, 'utf8');
  const comment = /^\s*\/\*([\s\S]*?)\*\//.exec(main)?.[1] ?? '';
  return comment.replace(/^ ?\* ?/gm, '').trim() + '\n';
}
