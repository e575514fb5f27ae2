/** @file The bundler plugin's own part: which modules it takes, what it watches, decorators, and files that do not parse. */

import { build as buildWithEsbuild } from 'esbuild';
import { rollup } from 'rollup';
import { build as buildWithVite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { torchnative as esbuildPlugin } from '../esbuild.ts';
import { handled } from '../forBundlers.ts';
import { torchnative as rollupPlugin } from '../rollup.ts';
import { torchnative as vitePlugin } from '../vite.ts';
import { createProject, type Project } from './project.ts';

const app = `import { compileCache, Module } from 'torchnative';
import { half } from './half.ts';
import text from './note.txt?raw';
export class A extends Module {
  @compileCache('p') m(x: number): number { return half(x) + text.length; }
}
`;

let project: Project;
const { TN_CACHE_DIR } = process.env;
beforeAll(() => {
  project = createProject({
    'app.ts': app.replace("import text from './note.txt?raw';", "const text = '';"),
    'raw.ts': app.replace('note.txt?raw', 'half.ts?raw'),
    'half.ts': 'export const half = (x: number): number => x / 2;\n',
    'circle.ts':
      "import { compileCache } from 'torchnative';\nimport './circle.ts';\nexport const p = compileCache('p', (x: number) => x);\n",
    'broken.ts': "import { compileCache } from 'torchnative';\nexport const x: number = = compileCache;\n",
    'odd.ts': "import { compileCache } from 'torchnative';\nexport const f = @compileCache('p') function () {};\n",
    'other.ts': "export const text: string = 'torchnative';\n",
    'types/model.ts':
      "import { compileCache, Module } from 'torchnative';\nexport class A extends Module {\n  @compileCache('p') m(x: number): number { return x; }\n}\n",
    'types/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
  });
  process.env.TN_CACHE_DIR = project.cache;
});
afterAll(() => {
  process.env.TN_CACHE_DIR = TN_CACHE_DIR ?? '';
  project.remove();
});

async function bundled(file: string): Promise<{ code: string; watched: readonly string[] }> {
  const bundle = await rollup({ input: project.path(file), plugins: [rollupPlugin()] });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  return { code: output[0].code, watched: bundle.watchFiles };
}

describe('which modules are taken', () => {
  it.each([
    ['/project/app.ts', true],
    ['/project/app.mts?v=1', true],
    ['/project/app.jsx', true],
    ['C:/project/app.ts', true],
    ['/project/app.cts', false],
    ['/project/app.css', false],
    ['/project/app.ts?raw', false],
    ['/project/app.ts?v=1&url', false],
    ['/project/worker.ts?worker', false],
    ['/project/worker.ts?worker_file&type=module', true],
    ['/project/node_modules/other/index.js', false],
    ['\0rolldown/runtime.js', false],
    ['virtual:app.ts', false],
  ])('%j: %s', (id, taken) => {
    expect(handled.include.test(id) && !handled.exclude.test(id)).toBe(taken);
  });
});

describe('the plugin', () => {
  it('keeps the package outside, lowers decorators, and watches what the result depends on', async () => {
    const { code, watched } = await bundled('app.ts');
    expect(code).toMatch(/from 'torchnative'/);
    expect(code).not.toContain('@compileCache');
    expect(code).toMatch(/"?name"?: "x"/);
    expect(watched).toContain(project.path('half.ts'));
  });

  it('keeps the package outside in esbuild too, unless told otherwise', async () => {
    const contents =
      "import 'torchnative';\nexport * from 'torchnative/operators';\nimport('torchnative');\nimport './half.ts';\n";
    const stdin = { contents, resolveDir: project.root };
    const bundledWith = (external: boolean) =>
      buildWithEsbuild({
        stdin,
        bundle: true,
        write: false,
        format: 'esm',
        external: ['other'],
        logLevel: 'silent',
        plugins: [esbuildPlugin({ external })],
      });
    const [{ text }] = (await bundledWith(true)).outputFiles;
    expect(text).toContain('import "torchnative"');
    expect(text).toContain('from "torchnative/operators"');
    expect(text).toContain('import("torchnative")');
    await expect(bundledWith(false)).rejects.toThrow('torchnative/operators');
  });

  it('transforms a file that imports itself', async () => {
    expect((await bundled('circle.ts')).code).toContain('params:');
  });

  it('gives a file as text where its text is asked for', async () => {
    const result = await buildWithVite({
      root: project.root,
      configFile: false,
      logLevel: 'silent',
      plugins: [vitePlugin()],
      build: { ssr: 'raw.ts', write: false },
    });
    const { code } = (result as { output: { code: string }[] }).output[0];
    expect(code).toContain('"export const half = (x: number): number => x / 2;\\n"');
  });

  it('leaves other files to the tool', async () => {
    await expect(bundled('other.ts')).rejects.toMatchObject({ code: 'PARSE_ERROR' });
    const { outputFiles } = await buildWithEsbuild({
      entryPoints: [project.path('other.ts')],
      write: false,
      plugins: [esbuildPlugin()],
    });
    expect(outputFiles[0].text).toBe('export const text = "torchnative";\n');
  });

  it('leaves decorators to the tool where the tsconfig wants types at run time', async () => {
    const { outputFiles } = await buildWithEsbuild({
      entryPoints: [project.path('types/model.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      plugins: [esbuildPlugin()],
    });
    expect(outputFiles[0].text).toContain('__decorateClass');
    expect(outputFiles[0].text).toContain('params:');
  });

  it.each(['broken.ts', 'odd.ts'])('%s is refused with file and line', async (file) => {
    const built = buildWithEsbuild({
      entryPoints: [project.path(file)],
      write: false,
      logLevel: 'silent',
      plugins: [esbuildPlugin()],
    });
    await expect(built).rejects.toThrow(new RegExp(`${file}:2:`));
    await expect(bundled(file)).rejects.toMatchObject({ loc: { line: 2 } });
  });
});
