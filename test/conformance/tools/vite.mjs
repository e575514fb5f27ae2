/** @file Builds both programs with the vite that VITE names a folder of. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { torchnative } from 'torchnative/vite';

const [folder, outDir] = process.argv.slice(2);
const { build } = await import(pathToFileURL(createRequire(`${folder}/package.json`).resolve('vite')).href);
await build({
  root: process.cwd(),
  configFile: false,
  logLevel: 'error',
  plugins: [torchnative()],
  build: {
    ssr: true,
    sourcemap: true,
    outDir,
    rollupOptions: { input: { app: 'app.ts', 'legacy/app': 'legacy/app.ts' }, output: { entryFileNames: '[name].js' } },
  },
});
