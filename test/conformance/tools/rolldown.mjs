/** @file Builds both programs with rolldown. */
import { rolldown } from 'rolldown';
import { torchnative } from 'torchnative/rolldown';

const bundle = await rolldown({
  input: 'both.ts',
  platform: 'node',
  plugins: [torchnative()],
});
await bundle.write({ dir: process.argv[2], format: 'esm', sourcemap: true });
await bundle.close();
