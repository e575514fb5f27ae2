/** @file What a process holds in memory, by the kernel's own account. */

import { readFileSync } from 'node:fs';

/** Bytes. Zeros where nobody says. */
export interface HeldMemory {
  readonly resident: number;
  /** Of its own. */
  readonly anonymous: number;
  /** Of mapped files. */
  readonly mapped: number;
}

export function heldMemory(pid: number | 'self' = 'self'): HeldMemory {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // another system
  }
  const of = (field: string): number => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { resident: of('VmRSS'), anonymous: of('RssAnon'), mapped: of('RssFile') };
}
