/** @file The transformer as a plugin of esbuild: `plugins: [torchnative()]`. */

import type { Plugin } from 'esbuild';
import type { PluginOptions } from './forBundlers.ts';
import { plugin } from './plugin.ts';

export type { PluginOptions };

/** Gives files that import the package their metadata and symbolic operators. */
export function torchnative(options: PluginOptions = {}): Plugin {
  return plugin.esbuild(options);
}
