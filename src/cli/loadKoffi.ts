/** @file Loads koffi ahead: the library asks for it on the first native call, and finds it loaded. */

import { createRequire } from 'node:module';

try {
  createRequire(import.meta.url)('koffi');
} catch {
  // The library says so when it is needed.
}
