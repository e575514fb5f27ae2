/** @file Finding the compiler, levels, builds that reuse, fail, run out of room or lose their parent. */

import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { TnError } from '../../../core/errors.ts';
import {
  type BuildRequest,
  type BuildSuccess,
  build,
  compileInBackground,
  compileSync,
  findCompiler,
  kernelFlags,
  machineIsa,
  machineIsas,
  searchCompiler,
  sharedFlags,
  targetIsa,
} from '../index.ts';
import { isaFromCpuInfo } from '../target.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'tn-toolchain-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = '';
let count = 0;
beforeEach(() => {
  folder = path.join(root, String(count++));
});

function script(name: string, text: string): string {
  const file = path.join(root, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

function request(sources: readonly string[], more: Partial<BuildRequest> = {}): BuildRequest {
  return {
    title: 'a test',
    compiler: findCompiler(),
    jobs: sources.map((source, i) => ({ name: `file${i}`, source, flags: ['-O1', '-fPIC'] })),
    headers: { 'value.h': '#define VALUE 42\n' },
    objectFolder: path.join(folder, 'objects'),
    link: { folder: path.join(folder, 'libraries'), prefix: 'test', flags: sharedFlags() },
    quiet: true,
    ...more,
  };
}

const value = (i: number): string => `#include "value.h"\nint f${i}(void) { return VALUE + ${i}; }\n`;

describe('the compiler', () => {
  it('is found and identified without paths', () => {
    const compiler = findCompiler();
    expect(path.isAbsolute(compiler.path)).toBe(true);
    expect(compiler.identity).toContain(compiler.target);
    expect(compiler.identity).not.toContain('/');
    expect(findCompiler()).toBe(compiler);
  });

  it('can be named with arguments, through a wrapper', () => {
    const wrapper = script('wrapper', `exec "$@"`);
    const compiler = findCompiler({ ...process.env, TN_CC: `${wrapper} ${findCompiler().path}` });
    expect(compiler).toMatchObject({ path: wrapper, args: [findCompiler().path], identity: findCompiler().identity });
    expect(compileSync(request([value(1)], { compiler })).ok).toBe(true);
  });

  it('is missed in one clear error', () => {
    const nothing = searchCompiler({ PATH: '/nonexistent' });
    expect(nothing.ok).toBe(false);
    expect(() => findCompiler({ PATH: '/nonexistent' })).toThrow(
      /no C compiler was found[\s\S]*cc: not found[\s\S]*TN_CC/,
    );
    expect(() => findCompiler({ ...process.env, TN_CC: 'nosuchcc' })).toThrow(/TN_CC=nosuchcc: not found/);
    const silly = script('silly', 'echo hello');
    expect(() => findCompiler({ ...process.env, CC: silly })).toThrow(/does not answer -v/);
  });
});

describe('levels', () => {
  const v3 = 'avx avx2 bmi1 bmi2 f16c fma abm movbe xsave sse4_2 popcnt cx16';
  it('follow from the flags', () => {
    expect(isaFromCpuInfo('x64', 'flags\t\t: fpu sse2')).toBe('plain');
    expect(isaFromCpuInfo('x64', '')).toBe('plain');
    expect(isaFromCpuInfo('x64', `flags : ${v3}`)).toBe('v3');
    expect(isaFromCpuInfo('x64', `flags : ${v3.replace('fma', '')}`)).toBe('plain');
    expect(isaFromCpuInfo('x64', `flags : ${v3} avx512f`)).toBe('v3');
    const v4 = `flags : ${v3} avx512f avx512bw avx512cd avx512dq avx512vl`;
    expect(isaFromCpuInfo('x64', v4)).toBe('v4');
    expect(isaFromCpuInfo('x64', `${v4} avx512_bf16`)).toBe('v4');
    expect(isaFromCpuInfo('x64', `${v4} avx512_bf16 avx512_vnni`)).toBe('v4x');
    expect(isaFromCpuInfo('arm64', '')).toBe('neon');
  });

  it('can be forced down, not up', () => {
    expect(targetIsa({})).toBe(machineIsa());
    for (const isa of machineIsas()) expect(targetIsa({ TN_ISA: isa })).toBe(isa);
    expect(() => targetIsa({ TN_ISA: machineIsa() === 'neon' ? 'v3' : 'neon' })).toThrow(/does not have/);
    expect(() => targetIsa({ TN_ISA: 'avx9' })).toThrow(TnError);
  });

  it('have flags that the compiler knows', () => {
    const compiler = findCompiler();
    const jobs = machineIsas().map((isa) => ({
      name: isa,
      source: 'void f(float *x, long n) { for (long i = 0; i < n; i++) x[i] = x[i] * 2.0f + 1.0f; }\n',
      flags: [...kernelFlags(isa, compiler.family), '-Wall', '-Wextra', '-Werror'],
    }));
    expect(compileSync(request([], { jobs, link: null }))).toMatchObject({ ok: true, compiled: jobs.length });
  });
});

describe('a build', () => {
  it('compiles once what is equal, and nothing twice', () => {
    const first = compileSync(request([value(1), value(2), value(1)])) as BuildSuccess;
    expect(first).toMatchObject({ ok: true, compiled: 2, reused: 1 });
    expect(first.objects[0]).toBe(first.objects[2]);
    const symbols = execFileSync('nm', ['-D', '--defined-only', first.library!], { encoding: 'utf8' });
    expect(symbols).toMatch(/ T f1\n[\s\S]* T f2\n/);
    const again = compileSync(request([value(1), value(2), value(1)])) as BuildSuccess;
    expect(again).toMatchObject({ compiled: 0, library: first.library });
    const more = compileSync(request([value(1), value(3)])) as BuildSuccess;
    expect(more).toMatchObject({ compiled: 1, reused: 1 });
    expect(more.library).not.toBe(first.library);
    const otherHeader = compileSync(
      request([value(1)], { headers: { 'value.h': '#define VALUE 43\n' } }),
    ) as BuildSuccess;
    expect(otherHeader.compiled).toBe(1);
    expect(readdirSync(path.join(folder, 'objects')).every((name) => /^[0-9a-f]{32}\.o$/.test(name))).toBe(true);
    expect(readdirSync(path.join(folder, 'libraries')).every((name) => /^test-[0-9a-f]{16}\.so$/.test(name))).toBe(
      true,
    );
  });

  it("reports the compiler's words with the file's name", () => {
    const result = compileSync(request([value(1), 'int broken = ;\n']));
    expect(result).toMatchObject({ ok: false, kind: 'compile', job: 'file1' });
    expect(result.ok || result.message).toMatch(/^file1: .*file1-\w+\.c:1:14: error: /);
    expect(result.ok || result.stderr).toContain('int broken = ;');
    const undefinedSymbol = compileSync(request(['int absent(void); int f(void) { return absent(); }\n']));
    expect(undefinedSymbol).toMatchObject({ ok: false, kind: 'link' });
  });

  it('says when the folder cannot be written', () => {
    mkdirSync(folder, { recursive: true });
    const blocked = path.join(folder, 'file');
    writeFileSync(blocked, '');
    for (const objectFolder of [path.join(blocked, 'objects'), '/proc/nonexistent/objects']) {
      expect(compileSync(request([value(1)], { objectFolder }))).toMatchObject({ ok: false, kind: 'unwritable' });
    }
  });

  it('says when the disk is full', () => {
    const full = script('fullcc', `echo "fatal error: error writing to x: No space left on device" >&2; exit 1`);
    const compiler = { ...findCompiler(), path: full };
    expect(compileSync(request([value(1)], { compiler }))).toMatchObject({ ok: false, kind: 'space' });
  });

  it('ends a compiler that hangs, with what it started', () => {
    const pidFile = path.join(root, 'hanging.pid');
    const hanging = script('hangcc', `sleep 1000 &\necho $! > ${pidFile}\nwait`);
    const compiler = { ...findCompiler(), path: hanging };
    const start = Date.now();
    const result = compileSync(request([value(1)], { compiler, timeout: 500 }));
    expect(result).toMatchObject({ ok: false, kind: 'timeout' });
    expect(Date.now() - start).toBeLessThan(20_000);
    expect(alive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('says when the compiler has gone', () => {
    const compiler = { ...findCompiler(), path: '/nonexistent/cc' };
    expect(compileSync(request([value(1)], { compiler }))).toMatchObject({ ok: false, kind: 'compiler' });
  });

  it('runs in the background, and can be cancelled', async () => {
    expect(await compileInBackground(request([value(1)])).result).toMatchObject({ ok: true, compiled: 1 });
    const pidFile = path.join(root, 'cancelled.pid');
    const hanging = script('hangcc2', `echo $$ > ${pidFile}\nexec sleep 1000`);
    const running = compileInBackground(request([value(2)], { compiler: { ...findCompiler(), path: hanging } }));
    await until(() => existsSync(pidFile));
    running.cancel();
    expect(await running.result).toMatchObject({ ok: false, kind: 'interrupted' });
    await until(() => !alive(Number(readFileSync(pidFile, 'utf8'))));
  });

  it('ends when its parent is killed', async () => {
    const pidFile = path.join(root, 'orphan.pid');
    const hanging = script('hangcc3', `echo $$ > ${pidFile}\nexec sleep 1000`);
    const client = fileURLToPath(new URL('../helperClient.ts', import.meta.url));
    const orphaned = request([value(1)], { compiler: { ...findCompiler(), path: hanging } });
    const parent = path.join(root, 'parent.mts');
    writeFileSync(
      parent,
      `import { compileSync } from ${JSON.stringify(client)};\ncompileSync(${JSON.stringify(orphaned)});\n`,
    );
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const child = spawn(process.execPath, ['-C', 'torchnative-source', '--import', tsx, parent], { stdio: 'ignore' });
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
    child.kill('SIGKILL');
    await until(() => !alive(Number(readFileSync(pidFile, 'utf8'))));
  });

  it('sweeps what killed builds left', async () => {
    const objects = path.join(folder, 'objects');
    const old = path.join(objects, '.build-1-old');
    mkdirSync(old, { recursive: true });
    utimesSync(old, new Date(0), new Date(0));
    mkdirSync(path.join(objects, '.build-2-new'));
    expect((await build(request([value(1)]))).ok).toBe(true);
    expect(readdirSync(objects).filter((name) => name.startsWith('.'))).toEqual(['.build-2-new']);
  });

  it('may run eight times at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, () => build(request([value(1), value(2)], { parallel: 2 }))),
    );
    expect(new Set(results.map((result) => result.ok && result.library)).size).toBe(1);
    expect(results.every((result) => result.ok)).toBe(true);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A killed process that nobody has waited for yet is no longer alive.
  return !existsSync('/proc/self/stat') || !/\) Z /.test(readIfThere(`/proc/${pid}/stat`));
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ') Z ';
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !condition(); i++) await sleep(50);
  expect(condition()).toBe(true);
}
