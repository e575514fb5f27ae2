import { defineConfig } from 'vitest/config';
import { torchnative } from './transformers/vitest.ts';

export default defineConfig({
  plugins: [torchnative()],
  resolve: { conditions: ['torchnative-source'] },
  ssr: { resolve: { conditions: ['torchnative-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['{src,cache,transformers,examples,test}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
