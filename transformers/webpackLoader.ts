/** @file The loader that `torchnative/webpack` puts before all others. webpack imports it by its path. */

import { type PluginOptions, transformForBundler } from './forBundlers.ts';

/** The part of a loader's context that is used here. */
interface LoaderContext {
  readonly resource: string;
  getOptions(): PluginOptions;
  async(): (error: unknown, code?: string, map?: unknown) => void;
  addDependency(path: string): void;
}

async function load(this: LoaderContext, code: string, map: unknown): Promise<void> {
  const answer = this.async();
  try {
    const result = await transformForBundler(code, this.resource, this.getOptions());
    if (!result) {
      answer(null, code, map);
      return;
    }
    for (const path of result.dependencies) this.addDependency(path);
    answer(null, result.code, JSON.parse(result.map));
  } catch (error) {
    answer(error);
  }
}

// biome-ignore lint/style/noDefaultExport: webpack asks for one
export { load as default };
