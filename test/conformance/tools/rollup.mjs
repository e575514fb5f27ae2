/** @file Builds both programs with rollup. */
import { rollup } from 'rollup';
import { torchnative } from 'torchnative/rollup';

const bundle = await rollup({
  input: 'both.ts',
  plugins: [torchnative()],
});
await bundle.write({ dir: process.argv[2], format: 'esm', sourcemap: true });
await bundle.close();
