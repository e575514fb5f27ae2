/** @file Builds both programs with esbuild; `minify` as the second argument makes the names short. */
import { build } from 'esbuild';
import { torchnative } from 'torchnative/esbuild';

const [outdir, minify] = process.argv.slice(2);
await build({
  entryPoints: ['both.ts'],
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  sourcemap: true,
  minify: minify === 'minify',
  logLevel: 'warning',
  plugins: [torchnative()],
});
