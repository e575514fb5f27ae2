/** @file The public API of `torchnative`: its layers, wired together. */

import { registerOwnClasses } from './capture/sources.ts';
import { enableEagerMatmul } from './dispatch/eagerMatmul.ts';
import * as nn from './nn/index.ts';
import { mapFile } from './runtime/mapping.ts';
import { setHost } from './tensor/io/host.ts';
import { nodeHost } from './tensor/io/nodeHost.ts';

export * from './dispatch/index.ts';
export * from './tensor/index.ts';
export { nn };

setHost({ ...nodeHost, mapFile: (path) => mapFile(path) });
registerOwnClasses(nn);
enableEagerMatmul();
