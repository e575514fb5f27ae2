/**
 * @file The package `demo` from TypeScript that knows nothing of TorchNative: reads five digits, then lets the recurrent part
 * remember five steps. `npm install && node main.ts` (Node 22.18 strips the types; before that, `npx tsx main.ts`).
 */

import { Worker } from 'node:worker_threads';
import { classify, step } from 'demo';

/** 3 1 4 1 5: eight rows of eight pixels, a byte a row, the leftmost pixel in the lowest bit. */
const glyphs = [
  0x1e33301c30331e00n,
  0x0c0e0c0c0c0c3f00n,
  0x383c36337f307800n,
  0x0c0e0c0c0c0c3f00n,
  0x3f031f3030331e00n,
];

const pixels = glyphs.flatMap((glyph) => {
  const rows = Array.from({ length: 8 }, (_, row) => Number((glyph >> BigInt(8 * (7 - row))) & 0xffn));
  return rows.flatMap((row) => Array.from({ length: 8 }, (_, column) => (row >> column) & 1));
});
const images = { shape: [5, 8, 8], data: Float32Array.from(pixels) } as const;

const { digits, probabilities } = classify(images);
const sure = [...digits.data].map((digit, i) => probabilities.data[10 * i + Number(digit)]);
console.log(`digits ${digits.data.join(' ')}`);
console.log(`sure ${sure.map((p) => p.toFixed(3)).join(' ')}`);

/** The caller's memory: each step reads it and writes it. */
const state = {
  hidden: new Float32Array(16),
  history: { shape: [256, 16], data: new Float32Array(256 * 16) },
} as const;
for (let pos = 0; pos < 5; pos++) {
  const x = Float32Array.from({ length: 8 }, (_, i) => ((pos + i) % 5) - 2);
  // Off this thread; the same as `step(x, pos, state)`.
  const y = await step.async(x, pos, state);
  console.log(`step ${pos}: ${[...y.data].map((value) => value.toFixed(3)).join(' ')}`);
}

try {
  // @ts-expect-error the type says 8 columns, and so does the library
  classify({ shape: [5, 8, 9], data: new Float32Array(360) });
} catch (error) {
  console.error(`refused: ${(error as Error).message}`);
}

// Worker threads share the weights, and each has contexts of its own.
const worker = new Worker(new URL('./reader.mjs', import.meta.url), { workerData: images });
worker.once('message', (read: string) => console.error(`a worker reads ${read}`));
