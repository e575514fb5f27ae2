/** @file Every graph node and guard leads to its line and column in the user's source, whatever runs or builds the program. */

import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as viteBuild } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { torchnative } from '../transformers/vitest.ts';
import { bundled, strippedFiles } from './lines/builds.ts';
import { constructs, constructsFile, helperFile, marksOf } from './lines/constructs.ts';
import { recordedLines } from './lines/records.ts';
import { createProject, type Project, type RunResult, repository } from './project.ts';

const app = constructsFile();
const marks = [
  ...marksOf(app).map((mark) => mark.replace(' ', ' src/app.ts ')),
  ...marksOf(helperFile).map((mark) => mark.replace(' ', ' src/helpers.ts ')),
].sort();

let project: Project;
beforeAll(async () => {
  project = createProject({ 'src/app.ts': app, 'src/helpers.ts': helperFile });
  // In a clone any command brings dist/ up to date, which built programs import.
  await project.node([join(repository, 'bin/tn.mjs'), 'cache', 'path']);
});
afterAll(() => project.remove());
beforeEach(() => {
  for (const name of ['parts', 'dist', 'compiled']) rmSync(join(project.root, name), { recursive: true, force: true });
});

/** Every mark is met, and nothing else is reported. */
function expectExact({ stderr, status }: RunResult): void {
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const lines = recordedLines(join(project.root, 'parts'));
  expect([...lines.keys()]).toEqual(expect.arrayContaining(constructs.map(({ name }) => name)));
  expect([...new Set([...lines.values()].flat())].sort()).toEqual(marks);
}

test('the table is long enough', () => {
  expect(new Set(constructs.map(({ name }) => name)).size).toBeGreaterThanOrEqual(40);
});

describe('runners', () => {
  const runners: [string, string[]][] = [
    ['node --import torchnative/register', ['--import', 'torchnative/register']],
    ['tsx, then register', ['--import', 'tsx', '--import', 'torchnative/register']],
    ['register, then tsx', ['--import', 'torchnative/register', '--import', 'tsx']],
  ];
  beforeAll(() => symlinkSync(join(repository, 'node_modules/tsx'), join(project.root, 'node_modules/tsx')));

  test.each(runners)('%s', async (_, args) => {
    expectExact(await project.node([...args, 'src/app.ts']));
  });

  test('tn run', async () => {
    expectExact(await project.tn('src/app.ts'));
  });

  test('legacy decorators', async () => {
    project.write('tsconfig.json', '{ "compilerOptions": { "experimentalDecorators": true } }');
    expectExact(await project.tn('src/app.ts'));
    rmSync(join(project.root, 'tsconfig.json'));
  });

  test('vitest', async () => {
    symlinkSync(join(repository, 'node_modules/vitest'), join(project.root, 'node_modules/vitest'));
    project.write('src/app.test.ts', "import { test } from 'vitest';\nimport './app.js';\ntest('runs', () => {});\n");
    project.write(
      'vitest.config.ts',
      "import { torchnative } from 'torchnative/vitest';\nexport default { plugins: [torchnative()] };\n",
    );
    const { stderr, stdout, status } = await project.node(['node_modules/vitest/vitest.mjs', 'run', 'src/app.test.ts']);
    expect(stdout).toContain('1 passed');
    expectExact({ stderr, stdout, status, signal: null });
  });
});

describe('built programs, with no source maps in Node', () => {
  const run = (): Promise<RunResult> => project.node(['dist/app.js']);

  test('file by file', async () => {
    await strippedFiles(project.root);
    expectExact(await run());
  });

  test('a bundle with a map inside', async () => {
    await bundled(project.root, { sourcemap: 'inline' });
    expectExact(await run());
  });

  test('a minified bundle with a map beside it', async () => {
    await bundled(project.root, { minify: true });
    expectExact(await run());
  });

  test('a minified bundle with a map that it does not name', async () => {
    await bundled(project.root, { minify: true, sourcemap: 'external' });
    expect(readFileSync(join(project.root, 'dist/app.js'), 'utf8')).not.toContain('sourceMappingURL');
    expectExact(await run());
  });

  test('a bundle of files that were compiled before, whose map leads to those files', async () => {
    await strippedFiles(project.root, { outdir: join(project.root, 'compiled') });
    await viteBuild(viteOptions({ entry: join(project.root, 'compiled/app.js'), plugins: [] }));
    expectExact(await run());
  });

  test('an index map', async () => {
    await bundled(project.root);
    const file = join(project.root, 'dist/app.js.map');
    const map: unknown = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ version: 3, sections: [{ offset: { line: 0, column: 0 }, map }] }));
    expectExact(await run());
  });

  test('a source root', async () => {
    await bundled(project.root, { sourceRoot: `${project.root}/elsewhere/dist` });
    expectExact(await run());
  });

  test("a bundler's own names for files", async () => {
    await bundled(project.root);
    const file = join(project.root, 'dist/app.js.map');
    const map = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] };
    const sources = map.sources.map((name) => name.replace(/^\.\.\//, 'webpack://user/./'));
    writeFileSync(file, JSON.stringify({ ...map, sources }));
    expectExact(await run());
  });

  test('vite', async () => {
    await viteBuild(viteOptions({ entry: join(project.root, 'src/app.ts'), plugins: [torchnative()] }));
    expectExact(await run());
  });

  function viteOptions({ entry, plugins }: { entry: string; plugins: ReturnType<typeof torchnative>[] }): object {
    return {
      root: project.root,
      configFile: false,
      logLevel: 'error',
      plugins,
      build: { ssr: entry, sourcemap: true, minify: false, rollupOptions: { external: ['torchnative'] } },
    };
  }
});

describe('built programs, with source maps that others read', () => {
  test('Node', async () => {
    await bundled(project.root, { minify: true });
    expectExact(await project.node(['--enable-source-maps', 'dist/app.js']));
  });

  test('a function that prepares traces and maps them', async () => {
    await bundled(project.root);
    project.write('dist/support.mjs', mappingSupport);
    expectExact(await project.node(['--import', './dist/support.mjs', 'dist/app.js']));
  });

  test('a function that prepares traces and leaves them alone', async () => {
    await bundled(project.root);
    project.write(
      'dist/support.mjs',
      'Error.prepareStackTrace = (error, sites) => [error, ...sites].join("\\n    at ");',
    );
    expectExact(await project.node(['--import', './dist/support.mjs', 'dist/app.js']));
  });

  test('a function that gives traces of another kind', async () => {
    await bundled(project.root);
    project.write('dist/support.mjs', 'Error.prepareStackTrace = (_, sites) => sites;');
    expectExact(await project.node(['--import', './dist/support.mjs', 'dist/app.js']));
  });
});

/** What `source-map-support` does. */
const mappingSupport = `import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const { TraceMap, originalPositionFor } = createRequire('${repository}/package.json')('@jridgewell/trace-mapping');
const map = new TraceMap(readFileSync(new URL('./app.js.map', import.meta.url), 'utf8'), new URL('./app.js.map', import.meta.url).href);
const shown = (site) => {
  if (!site.getFileName()?.endsWith('/dist/app.js')) return String(site);
  const { source, line, column } = originalPositionFor(map, { line: site.getLineNumber(), column: site.getColumnNumber() - 1 });
  return source ? \`\${site.getFunctionName() ?? 'anonymous'} (\${new URL(source).pathname}:\${line}:\${column + 1})\` : String(site);
};
Error.prepareStackTrace = (error, sites) => \`\${error}\\n\` + sites.map((site) => \`    at \${shown(site)}\`).join('\\n');
`;
