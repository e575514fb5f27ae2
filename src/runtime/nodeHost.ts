/** @file Files as Node reads them, mapped by native code: what tensor files and assets stand on outside packaged programs. */

import { setHost } from '../tensor/io/host.ts';
import { nodeHost } from '../tensor/io/nodeHost.ts';
import { mapFile } from './mapping.ts';

export function installNodeHost(): void {
  setHost({ ...nodeHost, mapFile: (path) => mapFile(path) });
}
