/** @file The key of a part's sources: what a record must agree with to be current. */

import { sha256Hex } from '../../cache/layout.ts';
import { CAPTURE_LAYERS, hashLayers, TRANSFORMER } from '../../cache/ownSources.ts';

/** Our own sources that decide what a capture records, the transformer's included. */
const CAPTURE_SOURCES = [...CAPTURE_LAYERS, TRANSFORMER];

/** `source` is the transformer's hash of the part's meaning. */
export function sourceKeyOf(source: string): string {
  return sha256Hex(source, hashLayers(CAPTURE_SOURCES));
}
