import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { torchnative } from './transformers/vitest.ts';

/**
 * Files that take the longest, first: one of them begun last would run on alone. Those that need the JavaScript engine, or the
 * package as npm packs it, come one after another: the first makes it for all.
 */
const long = [
  'examples/whisper/test/demo.test.ts',
  'test/packagingDocs.test.ts',
  'test/robust.test.ts',
  'src/package/test/emulated.test.ts',
  'test/conformance.test.ts',
  'src/compile/test/reduced.test.ts',
  'test/lines.test.ts',
  'src/package/test/coreSanitizers.test.ts',
  'test/package.test.ts',
  'test/embed.test.ts',
  'src/package/test/library.test.ts',
  'src/package/test/exe.test.ts',
  'src/compile/templates/test/attention.test.ts',
  'src/compile/test/sanitizers.test.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((path) => moduleId.endsWith(`/${path}`));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  plugins: [torchnative()],
  resolve: { conditions: ['torchnative-source'] },
  ssr: { resolve: { conditions: ['torchnative-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['{src,cache,transformers,examples,test}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    globalSetup: ['test/sharedObjects.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
