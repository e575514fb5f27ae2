/** @file The public API of `torchnative`: its layers, wired together. */

import { placeOfSource } from '../cache/sourcePlace.ts';
import { installSourcePlaces, registerOwnClasses } from './capture/sources.ts';
import { enableEagerMatmul } from './dispatch/eagerMatmul.ts';
import * as nn from './nn/index.ts';
import { installNodeHost } from './runtime/nodeHost.ts';
import { installSourceMaps } from './runtime/sourceMaps.ts';

export * from './dispatch/index.ts';
export * from './tensor/index.ts';
export { nn };

installNodeHost();
installSourceMaps();
installSourcePlaces(placeOfSource);
registerOwnClasses(nn);
enableEagerMatmul();
