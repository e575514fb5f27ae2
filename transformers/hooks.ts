/** @file Node's module hooks (they run in the loader thread): transform and strip project files, find `.ts` for `.js`. */

import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { mayTransform } from './mayTransform.ts';
import { isOwnFile } from './ownPackage.ts';
import { remembered, transformedAs } from './remembered.ts';
import { isScript } from './scriptFile.ts';
import { stripTypes } from './strip.ts';

/** What Node does not run as it is. (`.cts` is none of ours: what is `require`d passes no hook.) */
const typescript = /\.(?:m?ts|[jt]sx)$/;

/** A URL without its query. tsx also writes one of its own, escaped, into the path of what it takes for CommonJS. */
function withoutQuery(url: string): string {
  return url.replace(/(?:[?#]|%3Ftsx-).*$/, '');
}

function projectPath(url: string): string | null {
  if (!url.startsWith('file:')) return null;
  const path = fileURLToPath(withoutQuery(url));
  return isScript(path) && !/[\\/]node_modules[\\/]/.test(path) ? path : null;
}

function errorCode(error: unknown): unknown {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/**
 * Whether TypeScript is written as an ES module. In a package whose package.json has no `"type"` tools take it for
 * CommonJS all the same, and what is `require`d passes no hook.
 */
function isModuleSyntax(code: string): boolean {
  if (/\b(?:require\s*\(|module\.exports|exports\.\w|__dirname\b|__filename\b)/.test(code)) return false;
  return /^\s*(?:import|export)\b(?!\s*\()/m.test(code);
}

/** As Node resolves; a project's `./x.js` that is not there is its `./x.ts`, and ES modules are taken as what they are. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const resolved = await resolveSource(specifier, context, nextResolve);
  if (resolved.format !== 'commonjs') return resolved;
  const path = projectPath(resolved.url);
  if (path === null || !typescript.test(path) || !isModuleSyntax(await readFile(path, 'utf8'))) return resolved;
  const url = resolved.url.includes('tsx-commonjs') ? withoutQuery(resolved.url) : resolved.url;
  return { ...resolved, url, format: 'module' };
};

const resolveSource: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    const parent = context.parentURL;
    const relative = /^(?:\.{1,2}\/|file:)/.test(specifier) && /\.m?jsx?(?=$|[?#])/.test(specifier);
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND' || !relative || !parent || !projectPath(parent)) throw error;
    for (const extension of specifier.includes('.mjs') ? ['.mts'] : ['.ts', '.tsx']) {
      try {
        return await nextResolve(specifier.replace(/\.m?jsx?(?=$|[?#])/, extension), context);
      } catch {
        // The first error is the one that speaks of what the user wrote.
      }
    }
    throw error;
  }
};

/**
 * Loads a file that imports the package transformed, and other TypeScript and JSX of the project stripped when nobody else
 * does (tsx, or a Node that strips types: those go first).
 */
export const load: LoadHook = async (url, context, nextLoad) => {
  const path = projectPath(url);
  // (In a clone the package's own sources are TypeScript: tsx, which loaded this file, strips them.)
  if (path === null || isOwnFile(path) || context.format === 'json' || context.format === 'wasm')
    return nextLoad(url, context);
  const code = await readFile(path, 'utf8');
  // The transformer is loaded with the first file whose result is not known.
  const source = mayTransform(code, path) ? await transformed(code, path) : null;
  if (source !== null) return { format: 'module', source, shortCircuit: true };
  if (!typescript.test(path)) return nextLoad(url, context);
  if (context.format !== 'commonjs' || !isModuleSyntax(code)) {
    try {
      const loaded = await nextLoad(url, context);
      if (!loaded.format?.endsWith('typescript')) return loaded;
    } catch (error) {
      if (errorCode(error) !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
    }
  }
  return { format: 'module', source: await stripped(code, path), shortCircuit: true };
};

function transformed(code: string, path: string): Promise<string | null> {
  return transformedAs({ kind: 'node', path, code }, undefined, (result, recording) =>
    stripTypes(result.code, path, recording, result.map),
  );
}

function stripped(code: string, path: string): Promise<string> {
  return remembered({ kind: 'stripped', path, code }, null, (recording) => stripTypes(code, path, recording));
}
