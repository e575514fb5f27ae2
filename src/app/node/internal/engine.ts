/** @file The executable that the program runs in, asked for when it is used: importing a module needs none. */

import type { EngineHost } from '../../host.ts';

let installed: EngineHost | undefined;

/** What the executable gives. */
export function engine(): EngineHost {
  installed ??= globalThis.__tn;
  if (!installed) throw new Error('internal: this module works inside a packaged program only');
  return installed;
}

/** Takes another host; for tests, which give one that stands on Node. */
export function useEngine(host: EngineHost | undefined): void {
  installed = host;
}
