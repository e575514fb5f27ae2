/** @file What a program finds without importing it: `process` and `Buffer`, as under Node. */

import { Buffer } from '../buffer.ts';
import { process } from '../process.ts';

const globals = { process, Buffer, global: globalThis };

for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
