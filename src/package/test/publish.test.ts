/** @file Outputs appear whole or not at all, and what stood there before is lost only to a complete one. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { filesOf, markerOf, publishFile, publishFolder } from '../publish.ts';

const home = mkdtempSync(join(tmpdir(), 'tn-publish-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let count = 0;
function place(): string {
  const folder = join(home, String(count++));
  mkdirSync(folder);
  return join(folder, 'out');
}

const leftOver = (path: string): string[] => readdirSync(join(path, '..')).filter((name) => name !== 'out');

test('a folder replaces an older one of ours', async () => {
  const path = place();
  await publishFolder(path, 'test 1', (folder) => writeFileSync(join(folder, 'a'), '1'));
  await publishFolder(path, 'test 2', (folder) => writeFileSync(join(folder, 'b'), '22'));
  expect(filesOf(path)).toEqual([{ path: 'b', bytes: 2 }]);
  expect(markerOf(path)).toBe('test 2');
  expect(leftOver(path)).toEqual([]);
});

test('what fails changes nothing', async () => {
  const path = place();
  await publishFolder(path, 'test', (folder) => writeFileSync(join(folder, 'a'), '1'));
  const failing = publishFolder(path, 'test', (folder) => {
    writeFileSync(join(folder, 'a'), '2');
    throw new Error('half way');
  });
  await expect(failing).rejects.toThrow('half way');
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('1');
  expect(leftOver(path)).toEqual([]);
});

test('folders and files of others stay', async () => {
  const path = place();
  mkdirSync(path);
  await publishFolder(path, 'into an empty folder', () => {});
  rmSync(path, { recursive: true });
  mkdirSync(path);
  writeFileSync(join(path, 'thesis.txt'), 'x');
  await expect(publishFolder(path, 'test', () => {})).rejects.toThrow(/packaging did not make/);
  await expect(publishFile(path, () => {})).rejects.toThrow(/a folder stands there/);
  const file = place();
  writeFileSync(file, 'text');
  await expect(publishFile(file, () => {})).rejects.toThrow(/no executable/);
  await expect(publishFolder(file, 'test', () => {})).rejects.toThrow(/a file stands there/);
  expect(readFileSync(file, 'utf8')).toBe('text');
  await expect(publishFile(join(path, 'no', 'folder'), () => {})).rejects.toThrow(/there is no folder/);
});

test('a file replaces an executable in one step', async () => {
  const path = place();
  writeFileSync(path, '\x7fELF old');
  await publishFile(path, (file) => {
    writeFileSync(file, '\x7fELF new');
    expect(readFileSync(path, 'utf8')).toContain('old');
  });
  expect(readFileSync(path, 'utf8')).toContain('new');
});

test('an interrupted packaging leaves what was there, and nothing else', async () => {
  const path = place();
  await publishFolder(path, 'test', (folder) => writeFileSync(join(folder, 'a'), '1'));
  const module = pathToFileURL(fileURLToPath(new URL('../publish.ts', import.meta.url))).href;
  const program = `
    const { publishFolder } = await import(${JSON.stringify(module)});
    await publishFolder(${JSON.stringify(path)}, 'test', async () => {
      console.log('busy');
      await new Promise((done) => setTimeout(done, 60_000));
    });`;
  const args = ['-C', 'torchnative-source', '--import', 'tsx', '--input-type=module', '-e', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((busy) => child.stdout.once('data', busy));
  child.kill('SIGINT');
  const [, signal] = await new Promise<[number | null, string | null]>((ended) =>
    child.once('close', (code, by) => ended([code, by])),
  );
  expect(signal).toBe('SIGINT');
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('1');
  expect(leftOver(path)).toEqual([]);
});

test('what killed packagings left is removed, and an old folder that one had moved aside comes back', async () => {
  const path = place();
  // No process has this number: the largest is 2^22.
  const litter = join(path, '..', '.out.tmp-99999999-abcd');
  const aside = join(path, '..', '.out.tmp-99999999-old');
  mkdirSync(litter);
  mkdirSync(aside);
  writeFileSync(join(aside, '.torchnative-package'), 'test');
  writeFileSync(join(aside, 'a'), 'old');
  const failing = publishFolder(path, 'test', () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(litter)).toBe(false);
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('old');
});
