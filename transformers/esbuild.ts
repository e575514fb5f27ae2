/**
 * @file The transformer as a plugin of esbuild: `plugins: [torchnative()]`. Its own one: the common plugin hands every file
 * to esbuild, the many that stay as they are as well.
 */

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Loader, OnLoadArgs, OnLoadResult, Plugin } from 'esbuild';
import { handled, type PluginOptions, transformForBundler } from './forBundlers.ts';
import { mayTransformFile } from './mayTransform.ts';
import { packageName } from './ownPackage.ts';

export type { PluginOptions };

const loaders: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.mts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' };

/** Gives files that import the package their metadata and symbolic operators. */
export function torchnative(options: PluginOptions = {}): Plugin {
  const load = async ({ path, suffix }: OnLoadArgs): Promise<OnLoadResult | undefined> => {
    if (handled.exclude.test(path + suffix) || !mayTransformFile(path, options.packageSpecifiers)) return undefined;
    const result = await transformForBundler(readFileSync(path, 'utf8'), path + suffix, options);
    if (!result) return undefined;
    const map = Buffer.from(result.map).toString('base64');
    return {
      contents: `${result.code}\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${map}`,
      loader: loaders[extname(path).toLowerCase()] ?? 'js',
      watchFiles: [...result.dependencies],
    };
  };
  return {
    name: 'torchnative',
    setup(build) {
      const { initialOptions } = build;
      // (An option, in place of a hook: esbuild need not ask about each import.)
      if (options.external !== false && initialOptions.bundle) {
        initialOptions.external = [...(initialOptions.external ?? []), packageName];
      }
      build.onLoad({ filter: handled.include, namespace: 'file' }, load);
    },
  };
}
