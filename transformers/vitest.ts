/** @file The transformer as a plugin of vite and vitest: `plugins: [torchnative()]`. */

import type { SourceMap } from 'magic-string';
import { type TransformOptions, transform } from './core.ts';

/** The part of a vite plugin's context that is used here. */
interface PluginContext {
  addWatchFile(path: string): void;
}

/** A vite plugin, described without a dependency on vite. */
export interface TorchnativePlugin {
  readonly name: string;
  readonly enforce: 'pre';
  transform(this: PluginContext, code: string, id: string): { code: string; map: SourceMap } | undefined;
}

/**
 * Gives files that import the package their metadata and symbolic operators, before vite strips types. A change of a
 * file that such a file imports transforms it again, since its source key has changed.
 */
export function torchnative(options: TransformOptions = {}): TorchnativePlugin {
  return {
    name: 'torchnative',
    enforce: 'pre',
    transform(code, id) {
      const result = transform(code, id, options);
      if (!result) return undefined;
      for (const path of result.dependencies) this.addWatchFile(path);
      return { code: result.code, map: result.map };
    },
  };
}
