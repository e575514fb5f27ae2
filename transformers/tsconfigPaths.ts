/** @file Aliases of imports: `paths` and `baseUrl` of the nearest tsconfig.json, what it extends included. */

import { dirname, isAbsolute, join, resolve } from 'node:path';
import { isFile, Memo, readText } from './observed.ts';
import { extendedConfig, parseJsonc } from './strip.ts';

interface Aliases {
  readonly baseUrl: string | null;
  /** Patterns with at most one `*`, and the absolute paths that they stand for. */
  readonly paths: readonly (readonly [pattern: string, targets: readonly string[]])[];
}

const none: Aliases = { baseUrl: null, paths: [] };
const known = new Memo<Aliases>();

function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function readAliases(path: string, seen: Set<string>): Aliases {
  if (seen.has(path)) return none;
  seen.add(path);
  const config = parseJsonc(readText(path) ?? '');
  let { baseUrl, paths } = none;
  for (const name of [config.extends].flat()) {
    const base = typeof name === 'string' ? extendedConfig(name, path) : null;
    if (!base) continue;
    const inherited = readAliases(base, seen);
    baseUrl = inherited.baseUrl ?? baseUrl;
    if (inherited.paths.length > 0) paths = inherited.paths;
  }
  const own = (config.compilerOptions ?? {}) as { readonly baseUrl?: unknown; readonly paths?: unknown };
  if (typeof own.baseUrl === 'string') baseUrl = resolve(dirname(path), own.baseUrl);
  if (typeof own.paths === 'object' && own.paths !== null) {
    const from = baseUrl ?? dirname(path);
    paths = Object.entries(own.paths).map(([pattern, targets]) => [
      pattern,
      textList(targets).map((target) => (isAbsolute(target) ? target : join(from, target))),
    ]);
  }
  return { baseUrl, paths };
}

function nearestConfig(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'tsconfig.json');
    if (isFile(path)) return path;
    if (dirname(at) === at) return null;
  }
}

/** The paths that an import may mean by the aliases of its project, the most exact pattern first. */
export function aliasedPaths(specifier: string, importer: string): string[] {
  const config = nearestConfig(dirname(importer));
  if (config === null) return [];
  const { baseUrl, paths } = known.get(config, () => readAliases(config, new Set()));
  const fitting = paths.flatMap(([pattern, targets]) => {
    const star = pattern.indexOf('*');
    if (star < 0) return pattern === specifier ? [{ length: Number.POSITIVE_INFINITY, targets }] : [];
    const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
    const fits = specifier.startsWith(before) && specifier.endsWith(after) && specifier.length >= pattern.length - 1;
    if (!fits) return [];
    const middle = specifier.slice(before.length, specifier.length - after.length);
    return [{ length: star, targets: targets.map((target) => target.replace('*', () => middle)) }];
  });
  const best = fitting.sort((a, b) => b.length - a.length)[0];
  return [...(best?.targets ?? []), ...(baseUrl === null ? [] : [join(baseUrl, specifier)])];
}
