/** @file Ten minutes of sound, joined from the recordings that there are: time and memory, window by window. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { summarise } from '../stats.ts';
import { formatMs, table } from '../table.ts';
import { startVariant, variants } from './variants.ts';
import type { WindowFigure } from './worker.ts';

const seconds = 600;
const sampleRate = 16000;

export interface LongFigures {
  readonly threads: number;
  readonly variant: string;
  readonly seconds: number;
  readonly windows: readonly WindowFigure[];
}

/** The first variant alone. */
export async function measureLong(threads: number): Promise<LongFigures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tn-bench-long-'));
  try {
    const wav = path.join(folder, 'long.wav');
    writeFileSync(wav, joinedWav());
    const served = await startVariant(variants[0], wav, threads);
    try {
      const { windows } = await served.ask<{ windows: WindowFigure[] }>({ do: 'windows' });
      return { threads, variant: variants[0].name, seconds, windows };
    } finally {
      served.end();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** English recordings of the example again and again, half a second between them. */
function joinedWav(): Buffer {
  const pieces = ['jfk.wav', 'espeak-en.wav'].map(samplesOf);
  const samples = Buffer.alloc(seconds * sampleRate * 2);
  let at = 0;
  for (let i = 0; at < samples.length; i++) {
    at += pieces[i % pieces.length].copy(samples, at) + sampleRate;
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** The bytes of the samples of a wav file of the example: 16 kHz, one channel, 16 bits. */
function samplesOf(name: string): Buffer {
  const file = readFileSync(fileURLToPath(new URL(`../../examples/whisper/audio/${name}`, import.meta.url)));
  if (file.readUInt16LE(22) !== 1 || file.readUInt32LE(24) !== sampleRate || file.readUInt16LE(34) !== 16) {
    throw new Error(`${name}: 16 kHz, one channel, 16 bits are wanted`);
  }
  const data = file.indexOf('data', 12);
  return file.subarray(data + 8, data + 8 + file.readUInt32LE(data + 4));
}

/** Windows in thirds: what drifts shows. */
export function longTable({ threads, variant, windows }: LongFigures): string {
  const third = Math.ceil(windows.length / 3);
  const rows = ['first third', 'second', 'last'].map((name, i) => {
    const part = windows.slice(i * third, (i + 1) * third);
    if (part.length === 0) return [name];
    const { median } = summarise(part.map(({ ms }) => ms));
    const most = Math.max(...part.map(({ memory }) => memory.resident));
    const own = Math.max(...part.map(({ memory }) => memory.anonymous));
    return [name, String(part.length), formatMs(median), (most / 1e6).toFixed(0), (own / 1e6).toFixed(0)];
  });
  const title = `${seconds / 60} minutes of sound, ours ${variant}, ${threads} thread${threads === 1 ? '' : 's'}`;
  return `${title}\n${table([['windows', 'count', 'ms a window', 'resident MB', 'of it its own'], ...rows])}`;
}
