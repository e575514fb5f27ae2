/** @file Errors inside parts, and reasons not to capture, name the user's line and column, whatever runs or builds the program. */

import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bundled, strippedFiles } from './lines/builds.ts';
import { marksOf } from './lines/constructs.ts';
import { failureHelpers, failures, failuresFile, refusals } from './lines/failures.ts';
import { createProject, type Project, type RunResult, repository } from './project.ts';

const app = failuresFile();
const marks = [
  ...marksOf(app).map((mark) => mark.replace(/^\w+ /, 'app.ts:')),
  ...marksOf(failureHelpers).map((mark) => mark.replace(/^\w+ /, 'helpers.ts:')),
].sort();

let project: Project;
beforeAll(async () => {
  project = createProject({ 'src/app.ts': app, 'src/helpers.ts': failureHelpers });
  await project.node([join(repository, 'bin/tn.mjs'), 'cache', 'path']);
});
afterAll(() => project.remove());
beforeEach(() => {
  // Reasons not to capture are kept: another run would not look for them again.
  for (const folder of [join(project.root, 'dist'), project.cache]) rmSync(folder, { recursive: true, force: true });
});

/** Names of failing parts with the places that their messages name. */
function placesOf({ stdout, stderr, status }: RunResult): Map<string, string> {
  expect(status).toBe(0);
  const thrown = JSON.parse(stdout) as Record<string, string>;
  const places = new Map(failures.map(({ name }) => [name, thrown[name] ?? 'no error']));
  for (const [, name, place] of stderr.matchAll(
    /compileCache "([\w-]+)" runs eagerly: .*, at (?:.* \()?([^ ()]+?)\)?\. Way/g,
  )) {
    places.set(name, place);
  }
  expect([...places.keys()].sort()).toEqual([...failures, ...refusals].map(({ name }) => name).sort());
  return places;
}

function expectExact(result: RunResult): void {
  expect([...placesOf(result).values()].sort()).toEqual(marks);
}

test('tn run', async () => {
  expectExact(await project.tn('src/app.ts'));
});

test('compiled files, with no source maps in Node', async () => {
  await strippedFiles(project.root);
  expectExact(await project.node(['dist/app.js']));
});

test('a minified bundle with an external map', async () => {
  await bundled(project.root, { minify: true });
  expectExact(await project.node(['dist/app.js']));
});

test('a bundle with this package in it', async () => {
  const outside = ['koffi', 'esbuild', '@jridgewell'];
  for (const name of outside)
    symlinkSync(join(repository, 'node_modules', name), join(project.root, 'node_modules', name));
  await bundled(project.root, { minify: true, external: [...outside, '@jridgewell/trace-mapping'] });
  // Parts run as they are written here: the cache's keys are made of the package's folder.
  const { stdout, status } = await project.node(['dist/app.js'], { env: { TN_MODE: 'eager' } });
  expect(status).toBe(0);
  const places = JSON.parse(stdout) as Record<string, string>;
  const thrown = failures.map(({ name }) => places[name]);
  expect(marks).toEqual(expect.arrayContaining(thrown));
  expect(new Set(thrown).size).toBe(failures.length);
});

test('without any source map the part is named, and no wrong line', async () => {
  await bundled(project.root, { minify: true, sourcemap: false });
  const places = placesOf(await project.node(['dist/app.js']));
  const lines = app.split('\n');
  for (const [name, place] of places) {
    const part = name === 'nested' ? 'inner' : name;
    const line = lines.findIndex((text) => text.includes(`compileCache('${part}'`));
    expect([name, place]).toEqual([name, `app.ts:${line + 1}:${lines[line].indexOf('compileCache') + 1}`]);
  }
});
