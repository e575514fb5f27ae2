/** @file Builds both programs with webpack. */
import { resolve } from 'node:path';
import { torchnative } from 'torchnative/webpack';
import webpack from 'webpack';

const stats = await new Promise((done, failed) => {
  webpack(
    {
      mode: 'production',
      target: 'node20',
      devtool: 'source-map',
      entry: { both: './both.ts' },
      experiments: { outputModule: true },
      output: { path: resolve(process.argv[2]), module: true, filename: '[name].js' },
      plugins: [torchnative()],
    },
    (error, result) => (error ? failed(error) : done(result)),
  );
});
if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
