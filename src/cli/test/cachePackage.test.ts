/** @file `tn cache package`: requests that are wrong are said so in one line, before anything is read or made. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const TN = fileURLToPath(new URL('../../../bin/tn.mjs', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'tn-package-cli-'));
writeFileSync(join(home, 'package.json'), '{"name":"empty","type":"module"}');
writeFileSync(join(home, 'main.ts'), 'console.log(1);\n');
afterAll(() => rmSync(home, { recursive: true, force: true }));

const out = join(home, 'out');

test.each([
  [['part'], /say where to: -o OUT/],
  [['part', '-o', out], /say --format static\|shared\|npm\|exe, or --app FILE\.ts/],
  [['part', '--format', 'zip', '-o', out], /--format zip: say --format static/],
  [['--format', 'static', '-o', out], /name parts/],
  [
    ['part', '--format', 'static', '-o', out],
    /no part "part" in the cache of empty; nothing is cached there; .*tn run FILE/,
  ],
  [['part', '--format', 'static', '-o', out, '--isa', 'v9'], /--isa v9: no such level; give some of plain/],
  [['part', '--format', 'static', '-o', out, '--isa', ','], /--isa names no level/],
  [['part', '--format', 'static', '-o', out, '--target', 'mips'], /no such target: mips/],
  [['part', '--format', 'static', '-o', out, '--weights', 'external'], /--weights goes with --format exe and --app/],
  [['part', '--format', 'exe', '-o', out, '--weights', 'beside'], /--weights beside: give embedded or external/],
  [['part', '--format', 'exe', '-o', out, '--engine', '.'], /--engine goes with --app/],
  [['part', '--format', 'exe', '-o', out, '--without', 'part@1'], /--without goes with --app/],
  [['part', '--format', 'exe', '-o', join(home, 'no', 'folder')], /there is no folder .*no; make it first/],
  [['part', '--app', 'main.ts', '-o', out], /--app finds its parts in the program/],
  [['--app', 'main.ts', '--format', 'exe', '-o', out], /--app and --format exclude each other/],
  [['--app', 'missing.ts', '-o', out], /--app missing\.ts: no such file/],
  [['part', '--format', 'static', '-o', out, '--all', '--dir', '.'], /--all and --dir exclude each other/],
  [['part', '--fromat', 'static', '-o', out], /unknown option '--fromat'/],
] as [string[], RegExp][])('refuses %j', (args, says) => {
  const { INIT_CWD: _, ...inherited } = process.env;
  const env = { ...inherited, NO_COLOR: '1', TN_CACHE_DIR: join(home, 'cache') };
  const run = spawnSync(process.execPath, [TN, 'cache', 'package', ...args], { encoding: 'utf8', cwd: home, env });
  expect(run.stderr).toMatch(says);
  expect(run).toMatchObject({ status: 2, stdout: '' });
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(existsSync(out)).toBe(false);
});
