// After tsc: what it does not copy. The C runtime is compiled on the user's machine from these files.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
cpSync(`${root}src/runtime/c`, `${root}dist/src/runtime/c`, { recursive: true });
