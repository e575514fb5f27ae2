/** @file Runs both programs with the vitest of a folder. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { torchnative } from 'torchnative/vitest';

const folder = resolve(process.argv[2]);
const { startVitest } = await import(
  pathToFileURL(createRequire(resolve(folder, 'package.json')).resolve('vitest/node')).href
);
const vitest = await startVitest(
  'test',
  [],
  { root: folder, config: false, watch: false, include: ['*.spec.ts'], disableConsoleIntercept: true, maxWorkers: 1 },
  { plugins: [torchnative()], server: { fs: { strict: false } } },
);
await vitest.close();
