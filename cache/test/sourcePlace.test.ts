import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeOfSource } from '../sourcePlace.ts';
import { removeTemporaryFolders, temporaryFolder } from './samples.ts';

let root = '';
let url = '';
beforeAll(() => {
  root = temporaryFolder();
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'dist/app.js'), '');
  url = pathToFileURL(join(root, 'dist/app.js')).href;
});
afterAll(removeTemporaryFolders);

const files = [['src/app.ts'], ['app.ts'], ['src/other.ts']] as const;

describe('placeOfSource', () => {
  test('a source that is there', () => {
    const file = join(root, 'package.json');
    expect(placeOfSource({ file, url, files })).toBe(file);
  });

  test('one that was left behind: by its name in the package that the compiled file is in', () => {
    expect(placeOfSource({ file: '/nowhere/build/src/app.ts', url, files })).toBe(join(root, 'src/app.ts'));
    expect(placeOfSource({ file: '/nowhere/build/src/app.ts', url: `${url}?t=1`, files })).toBe(
      join(root, 'src/app.ts'),
    );
  });

  test('nothing is known of where it runs', () => {
    const file = '/nowhere/build/src/app.ts';
    expect(placeOfSource({ file, url: undefined, files })).toBe(file);
    expect(placeOfSource({ file, url: 'file:///nowhere/build/dist/app.js', files })).toBe(file);
    expect(placeOfSource({ file, url, files: [['other.ts']] })).toBe(file);
  });
});
