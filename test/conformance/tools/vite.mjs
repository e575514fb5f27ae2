/** @file Builds both programs with the vite of a folder. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { torchnative } from 'torchnative/vite';

const [outDir, folder] = process.argv.slice(2);
const { build } = await import(pathToFileURL(createRequire(resolve(folder, 'package.json')).resolve('vite')).href);
await build({
  root: process.cwd(),
  configFile: false,
  logLevel: 'error',
  plugins: [torchnative()],
  build: {
    ssr: true,
    sourcemap: true,
    outDir,
    rollupOptions: { input: 'both.ts', output: { entryFileNames: '[name].js' } },
  },
});
