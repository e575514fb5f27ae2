// After tsc: what it does not copy. C that is compiled on the user's machine, and licence texts that packages carry.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const folder of ['runtime/c', 'package/c', 'package/engine/c', 'package/licences']) {
  cpSync(`${root}src/${folder}`, `${root}dist/src/${folder}`, { recursive: true });
}
