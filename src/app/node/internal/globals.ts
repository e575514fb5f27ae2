/** @file What a program finds without importing it: the language's own, `process` and `Buffer`, as under Node. */

// Before any other module: they find there what the engine lacks.
import '../../polyfills/index.ts';
import { Buffer } from '../buffer.ts';
import { process } from '../process.ts';

const globals = { process, Buffer, global: globalThis };

for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
