/** @file What a transform learns from the file system is noted: all of it, also what is remembered within the process. */
/* tn-ignore-file: its texts look like parts */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { transform } from '../core.ts';
import { otherFolders, usedPackages } from '../identity.ts';
import { holds, isFile, Memo, type Observation, Recording, readText } from '../observed.ts';
import { ownRoot } from '../ownPackage.ts';
import { isReached } from '../reach.ts';
import { compilerOptionsFor } from '../strip.ts';
import { createProject, type Project } from './project.ts';

/** Every path that is given to `node:fs`, which does what it always does. */
const touched = vi.hoisted(() => new Set<string>());
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const noting = <F extends (...args: never[]) => unknown>(work: F): F =>
    Object.assign((...args: Parameters<F>) => {
      touched.add(String(args[0]));
      return work(...args);
    }, work) as unknown as F;
  const { existsSync, readFileSync, statSync, lstatSync, readdirSync } = fs;
  const noted = Object.entries({ existsSync, readFileSync, statSync, lstatSync, readdirSync }).map(
    ([name, work]) => [name, noting(work as (...args: never[]) => unknown)] as const,
  );
  const native = noting(fs.realpathSync.native as (path: string) => string);
  return { ...fs, ...Object.fromEntries(noted), realpathSync: Object.assign(noting(fs.realpathSync), { native }) };
});

const files = {
  'app.ts': `import { compileCache, Module } from 'torchnative';
import { half } from './lib/half.js';
import { far } from '~/far';
import * as dep from 'dep';
import { inner } from '#inner';
export class A extends Module {
  @compileCache('p') m(x: number): number { return half(x) + far + dep.k * inner; }
}
`,
  'lib/half.ts': "import type { T } from './types.js';\nexport const half = (x: T): T => x / 2;\n",
  'lib/types.d.ts': 'export type T = number;\n',
  'lib/inner.ts': 'export const inner = 1;\n',
  'alias/far.ts': "import './data.json';\nexport const far = 1;\n",
  'alias/data.json': '{}',
  'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0" }',
  'package.json': '{ "name": "fixture", "imports": { "#inner": "./lib/inner.ts" } }',
  'node_modules/configs/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
  'tsconfig.json': '{ "extends": "configs/tsconfig.json", "compilerOptions": { "paths": { "~/*": ["./alias/*"] } } }',
};

let project: Project;
beforeEach(() => {
  project = createProject(files);
});
afterEach(() => project.remove());

function observed(): { code: string; seen: readonly Observation[]; touched: readonly string[] } {
  const path = project.path('app.ts');
  // Its answer is kept with a result, not the questions behind it.
  isReached(path);
  touched.clear();
  const recording = new Recording();
  const result = recording.during(() => transform(files['app.ts'], path));
  recording.during(() => compilerOptionsFor(project.root));
  const asked = project.path('node_modules/torchnative');
  const inside = [...touched].filter((name) => name.startsWith(project.root) && name !== asked);
  return { code: result?.code ?? '', seen: recording.observations() ?? [], touched: inside };
}

describe('a transform', () => {
  it('touches no path that is not noted, and holds until one changes', () => {
    const { seen, touched: all } = observed();
    const noted = new Set(seen.map(([question]) => question.slice(question.indexOf(' ') + 1).split('\0')[0]));
    // (What one of its files implies about itself is not written down.)
    expect(all.filter((path) => !noted.has(path) && path !== project.path('app.ts'))).toEqual([]);
    expect(all).toContain(project.path('alias/data.json'));
    expect(all).toContain(project.path('lib/half.js'));
    expect(holds(seen)).toBe(true);
    for (const name of Object.keys(files)) {
      if (name === 'app.ts') continue;
      const before = readFileSync(project.path(name), 'utf8');
      writeFileSync(project.path(name), `${before}\n`);
      expect([name, holds(seen)]).toEqual([name, false]);
      writeFileSync(project.path(name), before);
      expect([name, holds(seen)]).toEqual([name, true]);
    }
  });

  it('notes the same whatever the process knows already', () => {
    const first = observed();
    const second = observed();
    expect(second.code).toBe(first.code);
    expect([...second.seen].sort()).toEqual([...first.seen].sort());
  });
});

describe('a recording', () => {
  it('sees one state, and notes for those around it', () => {
    const path = project.write('a.txt', 'one');
    const outer = new Recording();
    outer.during(() => {
      expect(readText(path)).toBe('one');
      const inner = new Recording();
      inner.during(() => isFile(project.path('b.txt')));
      project.write('b.txt', '');
      expect(isFile(project.path('b.txt'))).toBe(false);
      expect(inner.observations()).toEqual([[`file ${project.path('b.txt')}`, '']]);
    });
    expect(outer.observations()?.map(([question]) => question)).toContain(`file ${project.path('b.txt')}`);
    expect(isFile(project.path('b.txt'))).toBe(true);
  });

  it('is none when a file has two contents in it', () => {
    const path = project.write('a.txt', 'one');
    const recording = new Recording();
    recording.during(() => readText(path));
    project.write('a.txt', 'other');
    expect(recording.during(() => readText(path))).toBe('other');
    expect(recording.observations()).toBeNull();
  });
});

it('a memo makes its value again when a file behind it has changed, and notes what is behind it', () => {
  const path = project.write('a.txt', 'one');
  const memo = new Memo<string>();
  const get = (): string => memo.get('key', () => `${readText(path)} made`);
  expect(get()).toBe('one made');
  const recording = new Recording();
  expect(recording.during(get)).toBe('one made');
  expect(recording.observations()?.[0]?.[0]).toBe(`content ${path}`);
  project.write('a.txt', 'two');
  expect(get()).toBe('two made');
});

it('the identity of the transformer covers all that results are made with', () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const folder = join(ownRoot, 'transformers');
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const code = readFileSync(path, 'utf8').replace(/^import type [^;]*;/gm, '');
    for (const [, specifier = ''] of code.matchAll(/^(?:import|export) [^;'"`=]*\bfrom '([^']+)';/gm)) {
      if (specifier.startsWith('.')) follow(resolve(dirname(path), specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
    for (const [, specifier = ''] of code.matchAll(/await import\('([^']+)'\)/g)) {
      if (specifier.startsWith('.')) follow(resolve(dirname(path), specifier));
      else packages.add(specifier);
    }
  };
  for (const shell of ['hooks', 'forBundlers']) follow(join(folder, `${shell}.ts`));
  expect(seen).toContain(join(folder, 'core.ts'));
  expect([...packages].sort()).toEqual([...usedPackages]);
  for (const path of seen) {
    expect(otherFolders.some((name) => path.startsWith(join(folder, name, '/')))).toBe(false);
    expect(path.startsWith(fileURLToPath(new URL('..', import.meta.url)))).toBe(true);
  }
  expect(readdirSync(folder)).toEqual(expect.arrayContaining([...otherFolders]));
});
