/** @file What the figures were taken on. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Bytes of the last-level cache; 0 where nobody says. */
  readonly lastCache: number;
  readonly system: string;
  readonly node: string;
  readonly compiler: string;
  /** The instruction-set level that TN_ISA held us to; null: the processor's best. */
  readonly isa: string | null;
  /** Of the minute before the run. */
  readonly loadBefore: number;
  readonly date: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    lastCache: lastCacheBytes(),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    compiler: firstLine(process.env['TN_CC'] ?? 'cc', ['--version']),
    isa: process.env['TN_ISA'] || null,
    loadBefore: loadavg()[0],
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

/** Says so when others are at work: figures are worth little then. */
export function busyWarning({ loadBefore }: Machine): string | null {
  if (loadBefore <= 0.5) return null;
  return `The machine is busy (load ${loadBefore.toFixed(1)}): the figures are worth little.`;
}

function lastCacheBytes(): number {
  try {
    const text = readFileSync('/sys/devices/system/cpu/cpu0/cache/index3/size', 'utf8').trim();
    return Number.parseInt(text, 10) * (text.endsWith('M') ? 1 << 20 : text.endsWith('K') ? 1 << 10 : 1);
  } catch {
    return 0;
  }
}

function firstLine(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8' }).split('\n')[0];
  } catch {
    return 'none';
  }
}
