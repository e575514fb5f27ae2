// After tsc: what it does not copy (C that is compiled on the user's machine, licence texts that packages carry), and the
// entry as one file, the transformer's shells as few.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleEntry } from './bundle.mjs';
import { bundleShells } from './bundleShells.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const folder of ['runtime/c', 'package/c', 'package/engine/c', 'package/licences']) {
  cpSync(`${root}src/${folder}`, `${root}dist/src/${folder}`, { recursive: true });
}
await bundleEntry(root);
await bundleShells(root);
