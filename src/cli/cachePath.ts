/** @file `tn cache path`: the cache folder, or with a part its .onnx files. */

import { openCache, pick, type SelectionOptions, select } from './selection.ts';

export async function printPath(part: string | undefined, options: SelectionOptions): Promise<void> {
  if (part === undefined) {
    const { cacheFolder } = await import('../../cache/layout.ts');
    process.stdout.write(cacheFolder() + '\n');
    return;
  }
  const store = await openCache();
  for (const record of pick(select(store, options), part).records) process.stdout.write(record.model + '\n');
}
