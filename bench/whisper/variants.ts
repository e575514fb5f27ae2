/** @file Our own variants of whisper-base: one line each. A new precision is a new line. */

import type { DType } from 'torchnative';
import { ourCommand, Served } from '../served.ts';

export interface Variant {
  readonly name: string;
  /** Arithmetic of the native code (`TN_PRECISION`). */
  readonly precision: 'float32' | 'bf16' | 'int8';
  /** Which of the machine's rates is its limit where arithmetic binds. */
  readonly rate: 'fma32' | 'bf16' | 'int8';
  /** Weights as they are stored (float16), or widened. */
  readonly weights: 'stored' | 'float32';
  /** Storage of keys and values. */
  readonly cache: DType;
}

export const variants: readonly Variant[] = [
  { name: 'float16', precision: 'float32', rate: 'fma32', weights: 'stored', cache: 'float16' },
  { name: 'float32', precision: 'float32', rate: 'fma32', weights: 'float32', cache: 'float32' },
  { name: 'bf16', precision: 'bf16', rate: 'bf16', weights: 'stored', cache: 'float16' },
  { name: 'int8', precision: 'int8', rate: 'int8', weights: 'stored', cache: 'float16' },
];

/** Loads the model; compiles what the cache does not have. */
export function startVariant({ name }: Variant, wav: string, threads: number): Promise<Served> {
  return Served.start(
    `ours ${name}`,
    ourCommand(new URL('./worker.ts', import.meta.url), [name, wav, String(threads)]),
  );
}
