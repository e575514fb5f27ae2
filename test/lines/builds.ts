/** @file Built programs for the tests of lines: the transformer's output through esbuild, file by file or as one bundle. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { transform } from '../../transformers/core.ts';

/** The transformer before esbuild: two steps, and two maps that esbuild makes one of. */
const transformer: Plugin = {
  name: 'torchnative',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]project[\\/]src[\\/]\w+\.ts$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      const result = transform(code, path);
      return { contents: result ? `${result.code}\n//# sourceMappingURL=${result.map.toUrl()}` : code, loader: 'ts' };
    });
  },
};

const common: BuildOptions = {
  plugins: [transformer],
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'error',
};

/** `dist/app.js` and `dist/helpers.js`, as a compiler makes them. */
export async function strippedFiles(root: string, options: BuildOptions = {}): Promise<void> {
  const entryPoints = ['app', 'helpers'].map((name) => join(root, `src/${name}.ts`));
  await build({ ...common, entryPoints, outdir: join(root, 'dist'), sourcemap: true, ...options });
}

/** `dist/app.js` with everything of the project in it. */
export async function bundled(root: string, options: BuildOptions = {}): Promise<void> {
  const entryPoints = [join(root, 'src/app.ts')];
  await build({
    ...common,
    entryPoints,
    outdir: join(root, 'dist'),
    bundle: true,
    external: ['torchnative'],
    sourcemap: true,
    ...options,
  });
}
