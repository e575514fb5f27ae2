/** @file An entry: one captured form of a part in this process, and its native code when there is some. */

import type { RecordRef } from '../../cache/index.ts';
import { loadCall } from './loadedCall.ts';
import { MatchedCall } from './matchedCall.ts';
import type { NativePart } from './nativePart.ts';

export class Entry extends MatchedCall {
  /** As this process last saw or wrote it. */
  record: RecordRef;
  /** null while there is none: `reason` says why. */
  native: NativePart | null = null;
  reason = '';
  /** The graph holds something that has no compiled form: trying again is in vain. */
  isUncompilable = false;
  /** What this process did about native code: 'unknown' until the first call that fits. */
  state: 'unknown' | 'native' | 'eager' = 'unknown';
  /** When to look again for native code that is being made elsewhere (`performance.now()`); 0: not at all. */
  retryAt = 0;

  constructor(record: RecordRef) {
    super(loadCall(record.manifest));
    this.record = record;
  }
}
