/** @file Kept results: what is asked for again, what every edit that matters does to it, and what must never matter. */

import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { torchnative } from '../esbuild.ts';
import { type BundledFile, transformForBundler } from '../forBundlers.ts';
import { load as loadInNode } from '../hooks.ts';
import { sweep } from '../keptFiles.ts';
import loadInWebpack from '../webpackLoader.ts';
import { entriesIn, plant, planted } from './keptEntries.ts';
import { buildRegister, createProject, type Project } from './project.ts';

const app = `import { compileCache, Module } from 'torchnative';
import { half } from './half.js';
import { shared } from 'linked';
import { far } from '~/far';
import * as dep from 'dep';
import './later.ts';
export class A extends Module {
  @compileCache('p') m(x: number): number { return half(x) + shared + far + dep.k * 2; }
}
`;

let project: Project;
const { TN_CACHE_DIR, TN_TRANSFORM_CACHE } = process.env;
beforeEach(() => {
  project = createProject({
    'app.ts': app,
    'half.js': 'export const half = (x) => x / 2;\n',
    'alias/far.ts': 'export const far = 1;\n',
    'other/far.ts': 'export const far = 2;\n',
    'away/package.json': '{ "name": "linked", "version": "1.0.0", "main": "index.ts" }',
    'away/index.ts': 'export const shared = 1;\n',
    'aside/package.json': '{ "name": "linked", "version": "1.0.0", "main": "index.ts" }',
    'aside/index.ts': 'export const shared = 2;\n',
    'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "main": "index.js" }',
    'node_modules/dep/index.js': 'export const k = 1;\n',
    'base.json': '{ "compilerOptions": {} }',
    'tsconfig.json': '{ "extends": "./base.json", "compilerOptions": { "paths": { "~/*": ["./alias/*"] } } }',
  });
  symlinkSync(project.path('away'), project.path('node_modules/linked'));
  process.env.TN_CACHE_DIR = project.cache;
});
afterEach(() => {
  process.env.TN_CACHE_DIR = TN_CACHE_DIR ?? '';
  process.env.TN_TRANSFORM_CACHE = TN_TRANSFORM_CACHE ?? '';
  project.remove();
});

async function bundled(file = 'app.ts'): Promise<BundledFile | undefined> {
  const path = project.path(file);
  return transformForBundler(readFileSync(path, 'utf8'), path, {});
}

async function afresh(file?: string): Promise<BundledFile | undefined> {
  process.env.TN_TRANSFORM_CACHE = 'off';
  const result = await bundled(file);
  process.env.TN_TRANSFORM_CACHE = '';
  return result;
}

async function inNode(file: string): Promise<unknown> {
  const url = pathToFileURL(project.path(file)).href;
  const context = { format: undefined, conditions: [], importAttributes: {}, importAssertions: {} };
  const unknown = Object.assign(new Error('no such extension'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' });
  return loadInNode(url, context, () => Promise.reject(unknown));
}

async function inEsbuild(): Promise<unknown> {
  const entryPoints = [project.path('app.ts')];
  const { outputFiles } = await build({ entryPoints, write: false, sourcemap: 'inline', plugins: [torchnative()] });
  return outputFiles[0].text;
}

async function inWebpack(): Promise<unknown> {
  const watched: string[] = [];
  const answer = await new Promise((done) => {
    const context = {
      resource: project.path('app.ts'),
      getOptions: () => ({}),
      async:
        () =>
        (...result: unknown[]) =>
          done(result),
      addDependency: (path: string) => watched.push(path),
    };
    void loadInWebpack.call(context, readFileSync(project.path('app.ts'), 'utf8'), null);
  });
  return [answer, watched];
}

describe('a hit', () => {
  it.each<[string, string, () => Promise<unknown>]>([
    ["Node's hook", 'node', () => inNode('app.ts')],
    ["Node's hook, for a file that is only stripped", 'stripped', () => inNode('alias/far.ts')],
    ['esbuild', 'bundled', inEsbuild],
    ['webpack', 'bundled', inWebpack],
  ])('is what a miss was: %s', async (_, kind, load) => {
    const first = await load();
    expect(entriesIn(project.cache, kind)).toHaveLength(1);
    expect(await load()).toEqual(first);
    plant(project.cache, kind);
    expect(JSON.stringify(await load())).toContain(planted);
  });

  it('outlives the process and needs neither parser nor esbuild', async () => {
    const register = await buildRegister(project);
    project.write('main.ts', "import { n } from './n.ts';\nconsole.log(n);\n");
    project.write(
      'n.ts',
      "import { compileCache, record } from 'torchnative';\nexport const p = compileCache('p', (x: number) => x);\nexport const n: unknown = (record as any).parts[0].metadata.params[0].name;\n",
    );
    expect(project.node('--import', register, 'main.ts')).toMatchObject({ stdout: 'x\n', stderr: '' });
    for (const name of ['@oxc-parser', 'oxc-parser', 'esbuild', '@jridgewell']) {
      rmSync(project.path(`node_modules/${name}`), { force: true });
    }
    expect(project.node('--import', register, 'main.ts')).toMatchObject({ stdout: 'x\n', stderr: '' });
  });

  it('tells watchers of the files behind it', async () => {
    const first = await bundled();
    plant(project.cache, 'bundled');
    const second = await bundled();
    expect(second?.code).toContain(planted);
    expect(second?.dependencies).toEqual(first?.dependencies);
    expect(second?.dependencies).toContain(project.path('half.js'));
  });

  it('does not mind times and what is not asked for', async () => {
    await bundled();
    plant(project.cache, 'bundled');
    utimesSync(project.path('half.js'), 1, 1);
    project.write('unused.ts', 'export const unused = 1;\n');
    expect((await bundled())?.code).toContain(planted);
  });

  it('is kept too for a file that stays as it is', async () => {
    project.write('stays.ts', "// import 'torchnative'\nexport const n: number = 1;\n");
    expect(await bundled('stays.ts')).toBeUndefined();
    const [entry] = entriesIn(project.cache, 'bundled');
    expect(readFileSync(entry as string, 'utf8')).toContain('"value":null');
    expect(await bundled('stays.ts')).toBeUndefined();
  });
});

describe('an edit is seen at once', () => {
  const config = (more: string): string => `{ "extends": "./base.json", "compilerOptions": { ${more} } }`;
  it.each<[string, () => void]>([
    ['of the file itself', () => project.write('app.ts', app.replace("'p'", "'q'"))],
    ['of what it imports', () => project.write('half.js', 'export const half = (x) => x / 3;\n')],
    [
      'that brings a file which goes before another',
      () => project.write('half.ts', 'export const half = (x: number) => x;\n'),
    ],
    ['that brings a missing file', () => project.write('later.ts', 'export const later = 1;\n')],
    [
      "of a package's version",
      () => project.write('node_modules/dep/package.json', '{ "name": "dep", "version": "1.0.1" }'),
    ],
    ['of paths in tsconfig.json', () => project.write('tsconfig.json', config('"paths": { "~/*": ["./other/*"] }'))],
    [
      'of an option in what tsconfig.json extends',
      () => project.write('base.json', '{ "compilerOptions": { "experimentalDecorators": true } }'),
    ],
    [
      'of a link to a package',
      () => {
        rmSync(project.path('node_modules/linked'));
        symlinkSync(project.path('aside'), project.path('node_modules/linked'));
      },
    ],
    ['that removes a package', () => rmSync(project.path('node_modules/dep'), { recursive: true })],
  ])('%s', async (_, edit) => {
    const first = await bundled();
    plant(project.cache, 'bundled');
    expect((await bundled())?.code).toContain(planted);
    edit();
    const second = await bundled();
    expect(second).toEqual(await afresh());
    expect(second?.code).not.toBe(first?.code);
  });

  it('that makes another file import it', async () => {
    project.write('inner.ts', "// import 'torchnative'\nexport const twice = (n: number): number => n * 2;\n");
    project.write('outer.ts', "import 'torchnative';\n");
    await bundled('outer.ts');
    expect(await bundled('inner.ts')).toBeUndefined();
    project.write(
      'outer.ts',
      "import { compileCache } from 'torchnative';\nimport { twice } from './inner.ts';\nexport const p = compileCache('p', (n: number) => twice(n));\n",
    );
    await bundled('outer.ts');
    expect((await bundled('inner.ts'))?.code).toContain('__tn.mul(n, 2)');
  });

  it('leaves the facts of other files known', () => {
    const script = `import { transformForBundler } from ${JSON.stringify(new URL('../forBundlers.ts', import.meta.url).href)};
import { readFileSync } from 'node:fs';
const path = process.argv[2];
process.stdout.write((await transformForBundler(readFileSync(path, 'utf8'), path, {})).code);\n`;
    const run = (): string => {
      const { stdout, stderr } = project.node(
        '--import',
        'tsx',
        project.write('run.mts', script),
        project.path('app.ts'),
      );
      expect(stderr).toBe('');
      return stdout;
    };
    run();
    plant(project.cache, 'facts', (entry) => ({ ...entry, facts: { ...entry.facts, hash: 'planted' } }));
    project.write('app.ts', app.replace("'p'", "'q'"));
    expect(run()).toContain('["half.js", "planted"]');
    project.write('half.js', 'export const half = (x) => x / 3;\n');
    const third = run();
    expect(third).not.toContain('["half.js", "planted"]');
    expect(third).toContain('["alias/far.ts", "planted"]');
  });
});

describe('what must not matter', () => {
  it.each<[string, (path: string) => void]>([
    ['cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, 500))],
    ['empty', (path) => writeFileSync(path, '')],
    ['changed in one place', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('import', 'improt'))],
    ['something else', (path) => writeFileSync(path, Buffer.alloc(1000, 255))],
    [
      'a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    [
      'a link into nothing',
      (path) => {
        rmSync(path);
        symlinkSync('nowhere', path);
      },
    ],
  ])('an entry that is %s', async (_, damage) => {
    const first = await bundled();
    for (const path of entriesIn(project.cache)) damage(path);
    expect(await bundled()).toEqual(first);
    expect(await bundled()).toEqual(first);
  });

  it('an entry that another file or transformer has made', async () => {
    project.write('second.ts', app.replaceAll('A', 'B'));
    const [first, second] = [await bundled(), await bundled('second.ts')];
    const [a, b] = entriesIn(project.cache, 'bundled') as [string, string];
    const [textA, textB] = [readFileSync(a), readFileSync(b)];
    writeFileSync(a, textB);
    writeFileSync(b, textA);
    expect([await bundled(), await bundled('second.ts')]).toEqual([first, second]);
    plant(project.cache, 'bundled', (entry) => ({ ...entry, state: 'of another version', value: 'wrong' }));
    expect(await bundled()).toEqual(first);
    plant(project.cache, 'bundled', () => null);
    expect(await bundled()).toEqual(first);
  });

  it.each([
    ['a file', 'package.json/cache'],
    ['a file system without files', '/proc/torchnative'],
  ])('a cache folder in %s', async (_, folder) => {
    const first = await afresh();
    process.env.TN_CACHE_DIR = folder.startsWith('/') ? folder : project.path(folder);
    expect([await bundled(), await bundled()]).toEqual([first, first]);
  });

  it('two processes at once', async () => {
    const script = `import { transformForBundler } from ${JSON.stringify(new URL('../forBundlers.ts', import.meta.url).href)};
import { readFileSync } from 'node:fs';
const path = process.argv[2];
const results = new Set();
for (let i = 0; i < 20; i++) {
  process.env.TN_CACHE_DIR = process.argv[3] + i;
  results.add((await transformForBundler(readFileSync(path, 'utf8'), path, {})).code);
}
process.stdout.write(JSON.stringify([...results]));\n`;
    const path = project.write('run.mts', script);
    const run = (): Promise<string> =>
      new Promise((done) => {
        const child = spawn(process.execPath, ['--import', 'tsx', path, project.path('app.ts'), project.cache], {
          cwd: project.root,
        });
        let text = '';
        child.stdout.on('data', (data) => (text += data));
        child.on('close', () => done(text));
      });
    const expected = JSON.stringify([(await afresh())?.code]);
    expect(await Promise.all([run(), run(), run()])).toEqual([expected, expected, expected]);
    for (let i = 0; i < 20; i++) expect(entriesIn(project.cache + i).join()).not.toMatch(/\.tmp-/);
  });
});

describe('the folder', () => {
  it('is not used when told so', async () => {
    await bundled();
    plant(project.cache, 'bundled');
    expect((await afresh())?.code).not.toContain(planted);
    rmSync(project.cache, { recursive: true });
    await afresh();
    expect(entriesIn(project.cache)).toEqual([]);
  });

  it('is not used for rules that are functions', async () => {
    const path = project.path('app.ts');
    const packageSpecifiers = [(specifier: string) => specifier === 'torchnative'];
    expect((await transformForBundler(app, path, { packageSpecifiers }))?.code).toBe((await afresh())?.code);
    expect(entriesIn(project.cache, 'bundled')).toEqual([]);
  });

  it('is closed to others', async () => {
    await bundled();
    expect(statSync(project.cache).mode & 0o777).toBe(0o700);
    expect(statSync(dirname(entriesIn(project.cache)[0] as string)).mode & 0o777).toBe(0o700);
    const open = project.path('open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    process.env.TN_CACHE_DIR = open;
    await bundled();
    expect(statSync(open).mode & 0o777).toBe(0o700);
  });

  it.skipIf(process.getuid?.() !== 0)("is not used when it is another's", async () => {
    await bundled();
    plant(project.cache, 'bundled');
    const foreign = project.path('foreign');
    mkdirSync(foreign);
    symlinkSync(join(project.cache, 'transformed'), join(foreign, 'transformed'));
    chownSync(foreign, 12345, 12345);
    process.env.TN_CACHE_DIR = foreign;
    expect((await bundled())?.code).not.toContain(planted);
  });

  it('does not grow for ever', async () => {
    const folder = project.path('kept');
    mkdirSync(folder);
    const now = Date.now();
    const write = (name: string, size: number, days: number): void => {
      writeFileSync(join(folder, name), Buffer.alloc(size));
      utimesSync(join(folder, name), (now - days * 86_400_000) / 1000, (now - days * 86_400_000) / 1000);
    };
    write('node-old', 10, 31);
    write('node-new', 500, 1);
    write('node-older', 500, 3);
    write('node-oldest', 500, 5);
    write('node-x.tmp-1-0123456789ab', 10, 1);
    write('node-y.tmp-1-0123456789ab', 10, 0);
    sweep(folder, now, 1200);
    expect(readdirSync(folder).sort()).toEqual(['node-new', 'node-older', 'node-y.tmp-1-0123456789ab']);
  });
});
