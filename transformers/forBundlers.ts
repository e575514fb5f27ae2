/** @file What bundlers get of a file: transformed, and lowered to JavaScript where it was. */

import { basename, dirname } from 'node:path';
import type { TransformOptions, TransformResult } from './core.ts';
import { mayTransform } from './mayTransform.ts';
import type { Recording } from './observed.ts';
import { transformedAs } from './remembered.ts';
import { compilerOptionsFor } from './strip.ts';

/** What the plugin can be told. */
export interface PluginOptions extends Pick<TransformOptions, 'packageSpecifiers'> {
  /**
   * Whether `torchnative` stays an import of the output (default), found where the output runs. It loads a native
   * module and reads its own sources and C files there, so it is no use inside a bundle. Vite decides this itself.
   */
  readonly external?: boolean;
}

/** What a file becomes. */
export interface BundledFile extends LoweredFile {
  /** The files that it depends on (absolute paths, the file itself included): for tools that watch. */
  readonly dependencies: readonly string[];
}

/** What a transformed file becomes in a bundler, or undefined for one that stays as it is. */
export async function transformForBundler(
  code: string,
  id: string,
  options: PluginOptions,
): Promise<BundledFile | undefined> {
  const path = id.replace(/[?#].*$/, '');
  const { packageSpecifiers } = options;
  if (!mayTransform(code, path, packageSpecifiers)) return undefined;
  const question = { kind: 'bundled', path, code } as const;
  const bundled = await transformedAs(question, packageSpecifiers, async (result, recording) => {
    const { dependencies } = result;
    return { ...(await lowerForBundler(result, path, recording)), dependencies };
  });
  return bundled ?? undefined;
}

/**
 * Files that may be transformed, by name alone: most are looked at no further than for the package's name. Modules that
 * a tool makes up have no absolute path, or a query that asks for something else than the file's code.
 */
export const handled = {
  include: /^(?:\/|[a-z]:[\\/]).*\.m?[jt]sx?(?:$|[?#])/i,
  exclude: /[\\/]node_modules[\\/]|[?&](?:raw|url|inline|worker|sharedworker)(?:[&=]|$)/,
};

/** Imports of this package. */
export const ownImport = /^torchnative(?:\/|$)/;

/** JavaScript, or what a bundler can make JavaScript of, with the map that leads to the file on disk. */
interface LoweredFile {
  readonly code: string;
  /** A source map as JSON. */
  readonly map: string;
}

/**
 * Strips types and lowers decorators as the nearest tsconfig says, so that both dialects work under tools that cannot
 * lower TC39 decorators. JSX is left to the bundler. So is everything where the tsconfig asks for the types of
 * decorated members at run time (`emitDecoratorMetadata`): those are emitted by the project's own tool or not at all.
 *
 * @param path the absolute path of the file that `result` came from
 */
async function lowerForBundler(result: TransformResult, path: string, recording: Recording): Promise<LoweredFile> {
  const compilerOptions = recording.during(() => compilerOptionsFor(dirname(path)));
  if (compilerOptions.experimentalDecorators && compilerOptions.emitDecoratorMetadata) {
    return { code: result.code, map: result.map.toString() };
  }
  const esbuild = await import('esbuild');
  const { code, map } = await esbuild.transform(`${result.code}\n//# sourceMappingURL=${result.map.toUrl()}`, {
    loader: /\.[cm]?ts$/.test(path) ? 'ts' : path.endsWith('.tsx') ? 'tsx' : 'jsx',
    format: 'esm',
    target: 'es2022',
    sourcefile: basename(path),
    sourcemap: 'external',
    sourcesContent: true,
    // Classes are told apart by name, which bundling may change.
    keepNames: true,
    tsconfigRaw: { compilerOptions: { ...compilerOptions, jsx: 'preserve' } },
  });
  return { code, map };
}
