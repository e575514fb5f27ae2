/** @file An entry: one captured form of a part in this process, and its native code when there is some. */

import type { RecordRef } from '../../cache/index.ts';
import { keepLocation } from '../core/location.ts';
import type { Storage } from '../core/storage.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Access, Started } from './asyncOrder.ts';
import { loadCall } from './loadedCall.ts';
import { MatchedCall } from './matchedCall.ts';
import type { NativePart } from './nativePart.ts';

export interface TakenCall {
  readonly access: Access;
  readonly start: () => Started<unknown>;
}

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

  /** @throws TnError when an asynchronous call that is not over uses what the matched call would write, or writes what it uses */
  assertFree(): void {
    for (const [storage, writes] of this.storagesOf(this.match.inputs, this.parameters())) storage.assertFree(writes);
  }

  /** Takes the matched call out of the match, which is the next call's: to be run off this thread when its turn has come. */
  take(part: string, native: NativePart, done: (start: number) => void): TakenCall {
    const inputs = [...this.match.inputs];
    const dims = [...this.match.dims];
    const parameters = this.parameters();
    const calledAt = keepLocation();
    const run = async (): Promise<unknown> => {
      const start = performance.now();
      const outputs = await native.runAsync(inputs, dims, parameters, calledAt);
      done(start);
      return this.resultOf(outputs, inputs, dims, parameters);
    };
    return {
      access: { part, storages: this.storagesOf(inputs, parameters) },
      start: () => {
        const result = run();
        return { result, until: result };
      },
    };
  }

  /** What the call touches, and whether it writes it. */
  private storagesOf(inputs: readonly (Tensor | number)[], parameters: readonly Tensor[]): Map<Storage, boolean> {
    const { pattern, writtenParameters } = this.call;
    const storages = new Map<Storage, boolean>();
    for (const view of [...inputs, ...parameters]) if (isTensor(view)) storages.set(view.storage, false);
    for (const index of pattern.writtenInputs) storages.set((inputs[index] as Tensor).storage, true);
    for (const index of writtenParameters) storages.set(parameters[index].storage, true);
    return storages;
  }
}
