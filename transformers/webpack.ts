/** @file The transformer as a plugin of webpack: `plugins: [torchnative()]`. */

import type { PluginOptions } from './forBundlers.ts';
import { plugin } from './plugin.ts';

export type { PluginOptions };

/** A webpack plugin, described without a dependency on webpack. */
export interface TorchnativePlugin {
  apply(compiler: unknown): void;
}

/** Gives files that import the package their metadata and symbolic operators, before any other loader sees them. */
export function torchnative(options: PluginOptions = {}): TorchnativePlugin {
  const { apply } = plugin.webpack(options);
  return { apply: (compiler) => apply(compiler as Parameters<typeof apply>[0]) };
}
