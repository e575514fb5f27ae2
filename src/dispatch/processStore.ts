/** @file The store that decorated calls of this process use. */

import { openStore, type Store } from '../../cache/index.ts';
import { debug } from './mode.ts';

let store: Store | null = null;
let folder: string | undefined;

/** Opened on first use, and anew when TN_CACHE_DIR changes (tests do that). */
export function processStore(): Store {
  if (!store || folder !== process.env.TN_CACHE_DIR) {
    folder = process.env.TN_CACHE_DIR;
    store = openStore({
      onEvict: (report) => debug(1, () => `cache: ${report.removed.length} unused items removed to keep its limit`),
    });
  }
  return store;
}
