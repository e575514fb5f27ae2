/** @file `node --import torchnative/register app.ts`: installs the transformer for this process. */

import { register } from 'node:module';

// Stack traces show the lines of the sources.
process.setSourceMapsEnabled(true);

// In an installed package this file and the hooks are JavaScript. In a clone both are TypeScript: then tsx is
// registered before, and Node loads later hooks through the hooks that are there already.
register(import.meta.url.endsWith('.ts') ? './hooks.ts' : './hooks.js', import.meta.url);
