/** @file The transformer as a bundler plugin: the one factory behind `torchnative/vite`, `/rollup`, `/webpack` … */

import { createUnplugin, type UnpluginInstance } from 'unplugin';
import { handled, ownImport, type PluginOptions, transformForBundler } from './forBundlers.ts';
import { addToWebpack } from './webpackPlugin.ts';

const name = 'torchnative';

/** The plugin for every tool. A change of a file that a transformed one imports transforms that one again. */
export const plugin: UnpluginInstance<PluginOptions | undefined, false> = createUnplugin((options = {}, meta) => {
  // Its loader there would lose the source map.
  if (meta.framework === 'webpack') return { name, webpack: (compiler) => addToWebpack(compiler, options) };
  const external = options.external !== false && meta.framework !== 'vite';
  return {
    name,
    enforce: 'pre',
    ...(external ? { resolveId: (id: string) => (ownImport.test(id) ? { id, external: true } : null) } : {}),
    transform: {
      order: 'pre',
      filter: { id: handled },
      async handler(code, id) {
        const result = await transformForBundler(code, id, options);
        if (!result) return undefined;
        for (const path of result.dependencies) this.addWatchFile(path);
        return { code: result.code, map: result.map };
      },
    },
  };
});
