/** @file Where the package keeps what it makes for a user: the transformer and `cache/` share the folder. */

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** `TN_CACHE_DIR`, else where this system wants caches (`~/.cache/torchnative` on Linux, XDG respected). Absolute. */
export function userCacheFolder(env: Environment): string {
  if (env.TN_CACHE_DIR) return resolve(env.TN_CACHE_DIR);
  // A package that knows these three lines takes 10 ms to load, at each start, here and in the hooks' thread.
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'torchnative');
  if (process.platform === 'win32') {
    return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'torchnative', 'Cache');
  }
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'torchnative');
}
