/** @file TypeScript to the JavaScript that this Node runs: esbuild, with the decorator mode of the nearest tsconfig. */

import { basename, dirname, join, resolve } from 'node:path';
import { exists, isFile, Memo, type Recording, readText, resolveModule } from './observed.ts';
import type { SourceMap } from './sourceMap.ts';

/** The compiler options that change what a file means at run time. */
const meaningful = [
  'experimentalDecorators',
  'emitDecoratorMetadata',
  'useDefineForClassFields',
  'verbatimModuleSyntax',
  'importsNotUsedAsValues',
  'preserveValueImports',
  'target',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
] as const;

type CompilerOptions = Record<string, unknown>;

/** Reads JSON with comments and trailing commas; an unreadable text is an empty object. */
export function parseJsonc(text: string): Record<string, unknown> {
  const plain = text
    .replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) => (part.startsWith('"') ? part : ' '))
    .replace(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, (part) => (part.startsWith('"') ? part : ''));
  try {
    const value: unknown = JSON.parse(plain);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The path of a configuration that another one extends. */
export function extendedConfig(name: string, from: string): string | null {
  if (/^[./]/.test(name)) {
    const path = resolve(dirname(from), name);
    return [path, `${path}.json`, join(path, 'tsconfig.json')].find(isFile) ?? null;
  }
  for (const candidate of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    const found = resolveModule(candidate, from);
    if (found !== null) return found;
  }
  return null;
}

function readConfig(path: string, seen: ReadonlySet<string>): CompilerOptions {
  if (seen.has(path)) return {};
  const config = parseJsonc(readText(path) ?? '');
  const options: CompilerOptions = {};
  for (const name of [config.extends].flat()) {
    const base = typeof name === 'string' ? extendedConfig(name, path) : null;
    if (base) Object.assign(options, readConfig(base, new Set([...seen, path])));
  }
  const own = config.compilerOptions;
  return typeof own === 'object' && own !== null ? Object.assign(options, own) : options;
}

const configs = new Memo<CompilerOptions>();

/** The meaningful compiler options of the nearest tsconfig.json above a folder, what it extends included. */
export function compilerOptionsFor(folder: string): CompilerOptions {
  return configs.get(folder, () => {
    const path = join(folder, 'tsconfig.json');
    const parent = dirname(folder);
    if (!exists(path)) return parent === folder ? {} : compilerOptionsFor(parent);
    const all = readConfig(path, new Set());
    const options: CompilerOptions = {};
    for (const name of meaningful) if (all[name] !== undefined) options[name] = all[name];
    return options;
  });
}

/**
 * Strips types and lowers decorators. The result ends in an inline source map that leads through `map` to the file.
 *
 * @param code TypeScript (or JavaScript with decorators)
 * @param path the file's absolute path; its extension says the language
 * @param recording notes what is asked of the file system
 * @param map the map of `code` to what is on disk, when `code` was transformed
 */
export async function stripTypes(code: string, path: string, recording: Recording, map?: SourceMap): Promise<string> {
  const compilerOptions = recording.during(() => compilerOptionsFor(dirname(path)));
  const { transform } = await import('esbuild');
  const loader = /x$/.test(path) ? 'tsx' : /\.m?ts$/.test(path) ? 'ts' : 'jsx';
  const { code: stripped } = await transform(map ? `${code}\n//# sourceMappingURL=${map.toUrl()}` : code, {
    loader,
    format: 'esm',
    target: 'node20',
    sourcefile: basename(path),
    sourcemap: 'inline',
    sourcesContent: true,
    keepNames: true,
    tsconfigRaw: { compilerOptions },
  });
  return stripped;
}
