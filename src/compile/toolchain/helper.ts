/**
 * @file The helper process: reads one build request from standard input, builds, prints the result on standard output.
 *
 * It ends when its parent does, and takes the compilers it started with it.
 */

import { writeSync } from 'node:fs';
import { build } from './build.ts';
import { endAll } from './processes.ts';
import { progressLine } from './progress.ts';
import type { BuildRequest, BuildResult } from './request.ts';

/** Told by the parent itself: asked for here, it could be init's already. */
const parent = Number(process.env.TN_HELPER_PARENT ?? process.ppid);

function stop(code: number): never {
  endAll();
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(130));
// A parent that was killed sends no signal: we are handed to another one.
setInterval(() => {
  if (process.ppid !== parent) stop(1);
}, 100).unref();

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function print(result: BuildResult): void {
  const bytes = Buffer.from(JSON.stringify(result));
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  } catch {
    // Nobody reads any more: the parent is gone.
    stop(1);
  }
}

try {
  const request = JSON.parse(await readInput()) as BuildRequest;
  const line = progressLine(request.title, process.stderr);
  const result = await build(request, request.quiet ? undefined : line.update);
  line.close();
  print(result);
} catch (error) {
  print({ ok: false, kind: 'internal', message: error instanceof Error ? error.message : String(error) });
}
