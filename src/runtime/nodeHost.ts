/** @file Files and memory as Node gives them, by native code: what tensors stand on outside packaged programs. */

import { setBufferMaker } from '../core/storage.ts';
import { setHost } from '../tensor/io/host.ts';
import { nodeHost } from '../tensor/io/nodeHost.ts';
import { mapFile, zeroedBuffer } from './mapping.ts';

export function installNodeHost(): void {
  setHost({ ...nodeHost, mapFile: (path) => mapFile(path) });
  setBufferMaker(zeroedBuffer);
}
