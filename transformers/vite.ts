/** @file The transformer as a plugin of vite: `plugins: [torchnative()]`. */

import type { PluginOptions } from './forBundlers.ts';
import { plugin } from './plugin.ts';

export type { PluginOptions };

/** A vite plugin, described without a dependency on vite. */
export interface TorchnativePlugin {
  readonly name: string;
  readonly enforce: 'pre';
}

/**
 * Gives files that import the package their metadata and symbolic operators, before vite strips types. A change of a
 * file that such a file imports transforms it again, since its source key has changed.
 */
export function torchnative(options: PluginOptions = {}): TorchnativePlugin {
  return { ...plugin.vite(options), name: 'torchnative', enforce: 'pre' };
}
