/** @file Kept links of a program: what is read again after every edit that matters, and what must never matter. */
/* tn-ignore-file: its texts look like parts */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Entry, entriesIn, plant } from './keptEntries.ts';
import { createProject, type Project } from './project.ts';

const part = (imports: string): string =>
  `import { compileCache } from 'torchnative';\n${imports}export const p = compileCache('p', (n: number) => n);\n`;
const files = {
  'main.ts':
    "import './part.ts';\nimport './half.js';\nimport 'linked';\nimport '~/far';\nimport './folder/inside.ts';\nimport './plain.ts';\nimport 'dep';\nimport './later.ts';\n",
  'part.ts': part("import { one } from './helper.ts';\n"),
  'helper.ts': 'export const one = 1;\n',
  'half.js': 'export const half = (x) => x / 2;\n',
  'plain.ts': 'export const plain = 1;\n',
  'alias/far.ts': 'export const far = 1;\n',
  'other/far.ts': part("import '../plain.ts';\n"),
  'away/package.json': '{ "name": "linked", "main": "index.ts" }',
  'away/index.ts': 'export const shared = 1;\n',
  'away/second.ts': part("import '../plain.ts';\n"),
  'aside/package.json': '{ "name": "linked", "main": "index.ts" }',
  'aside/index.ts': part("import '../plain.ts';\n"),
  'real/inside.ts': 'export const inside = 1;\n',
  'unreal/inside.ts': part("import '../plain.ts';\n"),
  'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "main": "index.js" }',
  'node_modules/dep/index.js': 'export const k = 1;\n',
  'tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./alias/*"] } } }',
};

let project: Project;
const { TN_CACHE_DIR, TN_TRANSFORM_CACHE } = process.env;
beforeEach(() => {
  project = createProject(files);
  symlinkSync(project.path('away'), project.path('node_modules/linked'));
  symlinkSync(project.path('real'), project.path('folder'));
  process.env.TN_CACHE_DIR = project.cache;
  // What was written just now is not relied on: it has been there for long.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
});
afterEach(() => {
  vi.useRealTimers();
  process.env.TN_CACHE_DIR = TN_CACHE_DIR ?? '';
  process.env.TN_TRANSFORM_CACHE = TN_TRANSFORM_CACHE ?? '';
  project.remove();
});

/** What a process that knows nothing yet says of each file, the program's first one first. */
async function answers(): Promise<Record<string, boolean>> {
  vi.resetModules();
  const { mayTransformFile } = await import('../mayTransform.ts');
  const scripts = [...Object.keys(files).filter((name) => /^[^_]*\.[jt]s$/.test(name)), 'half.ts', 'later.ts'];
  return Object.fromEntries(scripts.map((name) => [name, mayTransformFile(project.path(name))]));
}

async function afresh(): Promise<Record<string, boolean>> {
  process.env.TN_TRANSFORM_CACHE = 'off';
  const result = await answers();
  process.env.TN_TRANSFORM_CACHE = '';
  return result;
}

interface LinksEntry extends Entry {
  readonly files: readonly { readonly path: string; readonly links: { readonly mayImport: boolean } }[];
}

/** Says of a file that it imports the package. */
function plantAt(name: string): void {
  plant(project.cache, 'links', (entry) => {
    const changed = (entry as LinksEntry).files.map((file) =>
      file.path === project.path(name) ? { ...file, links: { ...file.links, mayImport: true } } : file,
    );
    return { ...entry, files: changed };
  });
}

describe('kept links', () => {
  it('are used by the next process, and tell what a look tells', async () => {
    const first = await answers();
    expect(first).toEqual(await afresh());
    expect(first).toMatchObject({ 'main.ts': false, 'part.ts': true, 'helper.ts': true, 'plain.ts': false });
    expect(entriesIn(project.cache, 'links')).toHaveLength(1);
    const [path] = entriesIn(project.cache, 'links') as [string];
    const { mtimeMs } = statSync(path);
    expect(await answers()).toEqual(first);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
    plantAt('plain.ts');
    expect(await answers()).toEqual({ ...first, 'plain.ts': true });
  });

  it('are not used for names of the package that are asked for', async () => {
    await answers();
    plantAt('plain.ts');
    vi.resetModules();
    const { mayTransformFile } = await import('../mayTransform.ts');
    expect(mayTransformFile(project.path('main.ts'), ['torchnative'])).toBe(false);
    expect(mayTransformFile(project.path('plain.ts'), ['torchnative'])).toBe(false);
    expect(mayTransformFile(project.path('plain.ts'), ['plain'])).toBe(false);
    expect(mayTransformFile(project.path('half.js'), [() => true])).toBe(false);
    expect(mayTransformFile(project.path('main.ts'), [() => true])).toBe(true);
  });

  it('outlive an edit of one file', async () => {
    const first = await answers();
    plantAt('plain.ts');
    project.write('helper.ts', 'export const one = 2;\n');
    expect(await answers()).toEqual({ ...first, 'plain.ts': true });
    // What was kept then holds what is new.
    expect(readFileSync(entriesIn(project.cache, 'links')[0] as string, 'utf8')).toContain(
      (await import('../sha256.ts')).sha256('export const one = 2;\n'),
    );
  });

  it('are not relied on for what was written just now', async () => {
    vi.useRealTimers();
    await answers();
    const [path] = entriesIn(project.cache, 'links') as [string];
    expect(readFileSync(path, 'utf8')).toContain('"contents":[]');
  });
});

describe('an edit is seen by the next process', () => {
  const relink = (link: string, target: string): void => {
    rmSync(project.path(link));
    symlinkSync(project.path(target), project.path(link));
  };
  it.each<[string, () => void]>([
    ['that adds an import', () => project.write('helper.ts', "import './plain.ts';\nexport const one = 1;\n")],
    ['that adds a part', () => project.write('main.ts', part(files['main.ts']))],
    ['that takes the package away', () => project.write('part.ts', 'export const p = 1;\n')],
    [
      'of the same size and time',
      () => {
        const path = project.path('part.ts');
        const { atime, mtime } = statSync(path);
        writeFileSync(path, files['part.ts'].replace('./helper.ts', './/plain.ts'));
        utimesSync(path, atime, mtime);
      },
    ],
    [
      'by renaming',
      () => {
        project.write('next.ts', part(''));
        renameSync(project.path('next.ts'), project.path('plain.ts'));
      },
    ],
    ['that brings a file which goes before another', () => project.write('half.ts', part("import './plain.ts';\n"))],
    ['that brings a missing file', () => project.write('later.ts', part("import './plain.ts';\n"))],
    ['that removes a file', () => rmSync(project.path('part.ts'))],
    [
      'of paths in tsconfig.json',
      () => project.write('tsconfig.json', '{ "compilerOptions": { "paths": { "~/*": ["./other/*"] } } }'),
    ],
    [
      'that lets tsconfig.json extend another',
      () => {
        rmSync(project.path('tsconfig.json'));
        project.write('tsconfig.json', '{ "extends": "./base.json" }');
        project.write('base.json', '{ "compilerOptions": { "baseUrl": ".", "paths": { "~/*": ["./other/*"] } } }');
      },
    ],
    [
      "of a linked package's entry",
      () => project.write('away/package.json', '{ "name": "linked", "main": "second.ts" }'),
    ],
    ['of a link to a package', () => relink('node_modules/linked', 'aside')],
    ['of a link to a folder', () => relink('folder', 'unreal')],
    [
      "of a package's version, which becomes a linked one",
      () => {
        rmSync(project.path('node_modules/dep'), { recursive: true });
        symlinkSync(project.path('aside'), project.path('node_modules/dep'));
      },
    ],
    ['that removes this package', () => rmSync(project.path('node_modules/torchnative'), { recursive: true })],
  ])('%s', async (_, edit) => {
    const first = await answers();
    expect(await answers()).toEqual(first);
    edit();
    const second = await answers();
    expect(second).toEqual(await afresh());
    expect(second).not.toEqual(first);
    expect(await answers()).toEqual(second);
  });

  it('of the version of a package', async () => {
    const first = await answers();
    project.write('node_modules/dep/package.json', '{ "name": "dep", "version": "1.0.1", "main": "index.js" }');
    expect(await answers()).toEqual(first);
  });
});

describe('what must not matter', () => {
  it.each<[string, (path: string) => void]>([
    ['cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, 500))],
    ['empty', (path) => writeFileSync(path, '')],
    ['changed in one place', (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('true', 'false'))],
    ['something else', (path) => writeFileSync(path, Buffer.alloc(1000, 255))],
    [
      'a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('kept links that are %s', async (_, damage) => {
    const first = await answers();
    for (const path of entriesIn(project.cache, 'links')) damage(path);
    expect(await answers()).toEqual(first);
    expect(await answers()).toEqual(first);
  });

  it('kept links of another transformer', async () => {
    const first = await answers();
    plantAt('plain.ts');
    plant(project.cache, 'links', (entry) => ({ ...entry, state: 'of another version' }));
    expect(await answers()).toEqual(first);
    plant(project.cache, 'links', () => null);
    expect(await answers()).toEqual(first);
  });

  it('several processes at once', async () => {
    const module = JSON.stringify(new URL('../mayTransform.ts', import.meta.url).href);
    const script = project.write(
      'run.mts',
      `import { mayTransformFile } from ${module};
const names = ${JSON.stringify(Object.keys(files).filter((name) => name.endsWith('.ts')))};
process.stdout.write(JSON.stringify(names.map((name) => mayTransformFile(process.argv[2] + '/' + name))));\n`,
    );
    const run = (): Promise<string> =>
      new Promise((done) => {
        const child = spawn(process.execPath, ['--import', 'tsx', script, project.root], { cwd: project.root });
        let text = '';
        child.stdout.on('data', (data) => (text += data));
        child.on('close', () => done(text));
      });
    const known = await afresh();
    const expected = JSON.stringify(
      Object.keys(files)
        .filter((name) => name.endsWith('.ts'))
        .map((name) => known[name]),
    );
    expect(await Promise.all([run(), run(), run()])).toEqual([expected, expected, expected]);
    expect(await run()).toBe(expected);
    expect(entriesIn(project.cache).join()).not.toMatch(/\.tmp-/);
  });
});
