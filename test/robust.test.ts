/** @file First runs that are killed, crowded, or have no compiler or no disk: each gives the right result, and so does the next. */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, type RunResult, repository } from './project.ts';
import { type TinyOutput, tinyProgram } from './tinyModel.ts';

const made: Project[] = [];
let wanted: Pick<TinyOutput, 'tokens' | 'rounded'>;
/** ms of a first run that nothing disturbs. */
let usual = 0;

function project(): Project {
  const fresh = createProject({ 'main.ts': tinyProgram });
  made.push(fresh);
  return fresh;
}

function output({ stdout, stderr, status }: RunResult): TinyOutput {
  if (status !== 0) throw new Error(`exit ${status}\n${stderr}`);
  return JSON.parse(stdout) as TinyOutput;
}

/** `native captured eager` of both parts together. */
const how = ({ reports }: TinyOutput): string => {
  const sum = (key: 'native' | 'captured' | 'eager'): number =>
    Object.values(reports).reduce((total, report) => total + report[key], 0);
  return `${sum('native')} native, ${sum('captured')} captured, ${sum('eager')} eager`;
};

function expectRight(result: RunResult): TinyOutput {
  const found = output(result);
  expect({ tokens: found.tokens, rounded: found.rounded }).toEqual(wanted);
  return found;
}

const allNative = '7 native, 0 captured, 0 eager';

beforeAll(async () => {
  const { tokens, rounded } = output(await project().tn('main.ts', { env: { TN_MODE: 'eager' } }));
  wanted = { tokens, rounded };
  const plain = project();
  const start = Date.now();
  const first = await plain.tn('main.ts');
  usual = Date.now() - start;
  expect(how(expectRight(first))).toBe('5 native, 2 captured, 0 eager');
  expect(how(expectRight(await plain.tn('main.ts')))).toBe(allNative);
  expectRight(await plain.tn('main.ts', { env: { TN_MODE: 'check' } }));
});
afterAll(() => {
  for (const each of made) each.remove();
});

describe('no compiler', () => {
  const script = (folder: string, text: string): string => {
    const path = join(folder, 'mycc');
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  test('none on the path, or a name that is none: eager, said once; with one, the record is compiled', async () => {
    const mine = project();
    const none = await mine.tn('main.ts', { env: { PATH: join(mine.root, 'empty'), CC: '' } });
    expect(how(expectRight(none))).toBe('0 native, 2 captured, 5 eager');
    expect(none.stderr.match(/no C compiler was found/g)).toHaveLength(1);
    expect(none.stderr).toMatch(/fix .*install gcc or clang/);
    const named = await mine.tn('main.ts', { env: { TN_CC: '/nonexistent/cc' } });
    expect(how(expectRight(named))).toBe('0 native, 0 captured, 7 eager');
    expect(named.stderr).toMatch(/no C compiler was found[\s\S]*TN_CC=\/nonexistent\/cc: not found/);
    expect(how(expectRight(await mine.tn('main.ts')))).toBe(allNative);
  });

  test('one that fails, one that says nothing of itself', async () => {
    const mine = project();
    const silent = await mine.tn('main.ts', { env: { TN_CC: script(mine.root, 'exit 1') } });
    expectRight(silent);
    expect(silent.stderr).toMatch(/does not answer -v/);
    const failing = `case "$*" in *-v) exec gcc -v;; esac\necho "mycc: boom" >&2\nexit 1`;
    const fails = await mine.tn('main.ts', { env: { TN_CC: script(mine.root, failing) } });
    expect(how(expectRight(fails))).toMatch(/^0 native/);
    expect(fails.stderr).toContain('boom');
    expect(how(expectRight(await mine.tn('main.ts')))).toBe(allNative);
  });
});

describe('a cache folder that cannot be used', () => {
  /** Runs in a mount namespace of its own, after a shell line; null where that is not allowed. */
  async function inNamespace(mine: Project, line: string): Promise<RunResult | null> {
    const flags = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];
    const tried = spawnSync('unshare', [...flags, 'sh', '-ec', 'mount -t tmpfs tmpfs /mnt']);
    if (tried.status !== 0) return null;
    const command = `mkdir -p "${mine.cache}"; ${line}; exec "$0" "$1" run main.ts`;
    return mine.exec('unshare', [...flags, 'sh', '-ec', command, process.execPath, join(repository, 'bin/tn.mjs')]);
  }

  const disks: [string, (cache: string) => string, RegExp][] = [
    ['read-only', (c) => `mount --bind ${c} ${c}; mount -o remount,bind,ro ${c}`, /read-only/i],
    ['full', (c) => `mount -t tmpfs -o size=200k tmpfs ${c}`, /full/i],
    ['not executable', (c) => `mount -t tmpfs -o noexec tmpfs ${c}`, /noexec|execut/i],
  ];
  test.each(disks)('%s: eager, said once, exit code 0', async (_, line, said) => {
    const mine = project();
    const result = await inNamespace(mine, line(mine.cache));
    if (!result) return;
    const found = expectRight(result);
    expect(how(found)).toMatch(/^0 native/);
    expect(result.stderr).toMatch(said);
    expect(result.stderr.match(/^torchnative: (?!compiling)/gm)).toHaveLength(1);
  });

  test('a file in its place', async () => {
    const mine = project();
    writeFileSync(mine.cache, 'mine');
    const result = await mine.tn('main.ts');
    expect(how(expectRight(result))).toMatch(/^0 native/);
    expect(result.stderr).toContain(mine.cache);
  });
});

describe('killed', () => {
  const kills = Number(process.env.KILLS ?? 3);

  /** Ends a whole process group at a moment of its life, as a share of a usual first run. */
  async function strike(mine: Project, signal: NodeJS.Signals, share: number): Promise<RunResult> {
    return mine.tn('main.ts', {
      onStart: (child) => {
        const timer = setTimeout(() => {
          try {
            process.kill(-(child.pid as number), signal);
          } catch {
            // It was done already.
          }
        }, usual * share);
        child.on('exit', () => clearTimeout(timer));
      },
    });
  }

  test(`kill -9 at ${kills} moments of a first run, then a plain run`, async () => {
    for (let i = 0; i < kills; i++) {
      const mine = project();
      await strike(mine, 'SIGKILL', 0.3 + (0.7 * (i + Math.random())) / kills);
      expectRight(await mine.tn('main.ts'));
      expect(how(expectRight(await mine.tn('main.ts', { env: { TN_MODE: 'check' } })))).toBe(allNative);
    }
  });

  test('one cache, killed again and again', async () => {
    const mine = project();
    for (let i = 0; i < kills; i++) await strike(mine, 'SIGKILL', 0.3 + 0.6 * Math.random());
    expectRight(await mine.tn('main.ts'));
    expect(how(expectRight(await mine.tn('main.ts')))).toBe(allNative);
  });

  test('Ctrl-C: nothing goes on, and the next run is right', async () => {
    const mine = project();
    const { status, signal, stderr } = await strike(mine, 'SIGINT', 0.7);
    // Ended by the signal, or done before it came.
    expect([status === 0 || status === 130, signal === 'SIGINT'], stderr).toContain(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const left = spawnSync('pgrep', ['-f', mine.cache], { encoding: 'utf8' }).stdout.trim();
    expect(left).toBe('');
    expectRight(await mine.tn('main.ts'));
    expect(how(expectRight(await mine.tn('main.ts')))).toBe(allNative);
  });
});

describe('at once', () => {
  test('eight first runs on one cache: all right, each graph compiled once', async () => {
    const mine = project();
    const runs = await Promise.all(Array.from({ length: 8 }, () => mine.tn('main.ts', { env: { TN_DEBUG: '1' } })));
    for (const run of runs) expectRight(run);
    const compiled = runs.flatMap(({ stderr }) => stderr.match(/"(prefill|decode)" [0-9a-f]{12}: compiling/g) ?? []);
    expect(compiled).toHaveLength(2);
    expect(how(expectRight(await mine.tn('main.ts')))).toBe(allNative);
    const left = readdirSync(mine.cache, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.tmp-'),
    );
    expect(left).toEqual([]);
    expect(existsSync(join(mine.cache, 'locks')) ? readdirSync(join(mine.cache, 'locks')) : []).toEqual([]);
  });
});
