/** @file The transformer as a plugin of rolldown: `plugins: [torchnative()]`. */

import type { PluginOptions } from './forBundlers.ts';
import { plugin } from './plugin.ts';

export type { PluginOptions };

/** A plugin of rolldown, described without a dependency on it. */
export interface TorchnativePlugin {
  readonly name: string;
}

/** Gives files that import the package their metadata and symbolic operators, and lowers them to JavaScript. */
export function torchnative(options: PluginOptions = {}): TorchnativePlugin {
  return plugin.rolldown(options);
}
