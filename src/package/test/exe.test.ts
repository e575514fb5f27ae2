/** @file Executables of parts, made by the command and run by a shell: what they take, what they give, what they refuse. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../../../test/project.ts';
import { saveSafetensors, tensor } from '../../index.ts';
import {
  type ExeProject,
  exeProject,
  floatsOf,
  readNpy,
  relativeError,
  type ShellRun,
  shell,
  writeNpy,
} from './exeProject.ts';

let project: ExeProject;
const run = (line: string, env?: Readonly<Record<string, string>>): ShellRun => shell(project.root, line, env);

beforeAll(async () => {
  project = await exeProject();
  await project.package('mlp', '--format', 'exe', '-o', 'mlp');
  await project.package('step', '--format', 'exe', '-o', 'step');
  const x = Float32Array.from({ length: 192 }, (_, i) => Math.sin(i));
  writeNpy(project.path('x.npy'), x, [3, 64]);
  // The same numbers, columns first.
  writeNpy(
    project.path('columns.npy'),
    Float32Array.from(x, (_, i) => x[(i % 3) * 64 + Math.floor(i / 3)]),
    [3, 64],
    'F',
  );
  writeNpy(project.path('doubles.npy'), Float64Array.from(x), [3, 64]);
  writeNpy(project.path('narrow.npy'), x.subarray(0, 189), [3, 63]);
  writeNpy(project.path('tokens.npy'), BigInt64Array.from([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]), [8]);
  writeNpy(project.path('cache.npy'), new Float32Array(128), [16, 8]);
}, 240_000);
afterAll(() => project?.remove());

/** One line on standard error that begins with the program's name, and nothing on standard output. */
function expectRefusal({ status, stdout, stderr }: ShellRun, code: 1 | 2, text: RegExp): void {
  expect(stderr).toMatch(text);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^\w+: /);
  expect({ status, stdout }).toEqual({ status: code, stdout: '' });
}

describe('what it says of itself', () => {
  test('--help', () => {
    const { status, stdout } = run('./mlp --help');
    expect(status).toBe(0);
    expect(stdout).toContain('usage: mlp INPUT... [-o OUT]');
    expect(stdout).toMatch(
      /takes\n {4}x +float32 \[n, 64\]\n {2}gives\n {4}out +float32 \[n, 10\]\n {2}where\n {4}n +1\.\.256/,
    );
    expect(run('./step --help').stdout).toMatch(/pos +a number, 0\.\.15\n {4}cache +float32 \[16, 8\], written into/);
  });

  test('--inspect: parts, levels, checksums, versions, the libc and every licence', () => {
    const { status, stdout } = run('./mlp --inspect');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mlp [0-9a-f]{16}, made by TorchNative \d/);
    expect(stdout).toMatch(/executable +\.\/mlp, \d+ bytes, its checksum is right/);
    expect(stdout).toMatch(/libc +(musl|glibc) \d+\.\d+\S*, (MIT|LGPL-2\.1-or-later): its/);
    expect(stdout).toMatch(/levels +plain v3 v4 v4x; here \w+/);
    expect(stdout).toMatch(/part mlp, entry [0-9a-f]{12}, from main\.ts:\d+/);
    expect(stdout).toMatch(/weight +\d+ +\d+ [0-9a-f]{16} [0-9a-f]{64}\/panels16/);
    const licences = [...stdout.matchAll(/^---- licence: (\S+)$/gm)].map((match) => match[1]);
    expect(licences).toContain('torchnative');
    expect(licences).toContain('gcc-runtime');
    expect(licences.some((name) => name === 'musl' || name === 'glibc')).toBe(true);
    expect(stdout).toContain('Permission is hereby granted, free of charge');
    const description = JSON.parse(run('./mlp --inspect --json').stdout) as { name: string; parts: { part: string }[] };
    expect(description).toMatchObject({ name: 'mlp', parts: [{ part: 'mlp' }] });
    expect(JSON.stringify(description)).not.toContain(project.root);
  });

  test('--version, --self-test, --bench', () => {
    expect(run('./mlp --version').stdout).toMatch(/^mlp [0-9a-f]{16}, made by TorchNative/);
    const self = run('./step --self-test');
    expect(self.status).toBe(0);
    expect(self.stdout.match(/: ok$/gm)).toHaveLength(3);
    expect(self.stdout).toMatch(/all checksums and samples are right\n$/);
    expect(run('./mlp --bench 20 --threads 1').stdout).toMatch(/level \w+, 1 thread, 20 calls: median \d+\.\d+ ms/);
    expect(run('./mlp --bench=7 x.npy').stdout).toMatch(/ 7 calls/);
    for (const isa of ['plain', 'v3']) {
      const lowered = run('./mlp --self-test', { TN_ISA: isa });
      if (lowered.status === 0) expect(lowered.stdout).toContain(`level ${isa}`);
      else expect(lowered.stderr).toMatch(/does not have|no such/);
    }
  });
});

describe('runs', () => {
  test('inputs by place, by name, in a file of tensors, columns first; a summary', async () => {
    saveSafetensors(project.path('named.safetensors'), {
      x: tensor(Array.from({ length: 192 }, (_, i) => Math.sin(i))).reshape([3, 64]),
      other: tensor([1, 2]),
    });
    const plain = run('./mlp x.npy');
    expect(plain.status).toBe(0);
    expect(plain.stdout).toMatch(/^out {2}float32 \[3, 10\]\n {2}(\d\.\d+ ){8}…\n$/);
    const shown = plain.stdout.split('\n')[1].trim().split(' ').slice(0, 8).map(Number);
    expect(relativeError(shown, project.eager.mlp[0].slice(0, 8))).toBeLessThan(1e-5);
    for (const form of [
      'x=x.npy',
      'columns.npy',
      'named.safetensors',
      'x=named.safetensors',
      '-- x.npy',
      '<(cat x.npy)',
    ]) {
      expect(run(`./mlp ${form}`)).toEqual(plain);
    }
    for (const threads of [1, 2, 5]) expect(run(`./mlp x.npy --threads ${threads}`)).toEqual(plain);
  });

  test('results to .npy, .safetensors and a folder', () => {
    const wanted = project.eager.mlp.flat();
    expect(run('./mlp x.npy -o y.npy')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const { header, data } = readNpy(project.path('y.npy'));
    expect(header).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 10), }");
    expect(relativeError(floatsOf(data), wanted)).toBeLessThan(1e-5);
    expect(run('./mlp x.npy --out=made').status).toBe(0);
    expect(readFileSync(project.path('made/out.npy'))).toEqual(readFileSync(project.path('y.npy')));
    expect(run('./mlp x.npy -o y.safetensors').status).toBe(0);
    const bytes = readFileSync(project.path('y.safetensors'));
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    expect(start % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, start))).toEqual({
      out: { dtype: 'F32', shape: [3, 10], data_offsets: [0, 120] },
    });
    expect(bytes.subarray(start)).toEqual(data);
    expect(run('./mlp x.npy -o /dev/stdout | cmp - y.npy').status).toBe(0);
  });

  test('number arguments, several results, an input that is written', () => {
    const before = readFileSync(project.path('cache.npy'));
    expect(run('./step tokens.npy pos=2 cache.npy -o out').status).toBe(0);
    expect(run('./step pos=2 cache=cache.npy tokens=tokens.npy -o out2; cmp out/sum.npy out2/sum.npy').status).toBe(0);
    expect(run('./step tokens.npy 2 cache.npy').stdout).toMatch(
      /\nbest {2}int64 \[\]\n {2}\d\ncache {2}float32 \[16, 8\]\n/,
    );
    expect(relativeError(floatsOf(readNpy(project.path('out/sum.npy')).data), project.eager.sum)).toBeLessThan(1e-5);
    const best = readNpy(project.path('out/best.npy'));
    expect(best.header).toContain("'shape': ()");
    expect(Number(best.data.readBigInt64LE(0))).toBe(project.eager.best);
    const cache = floatsOf(readNpy(project.path('out/cache.npy')).data);
    expect(cache.findIndex((value) => value !== 0)).toBe(16);
    expect(readFileSync(project.path('cache.npy'))).toEqual(before);
  });
});

describe('refuses', () => {
  test.each([
    ['./mlp', /x is missing: float32 \[n, 64\]/],
    ['./mlp doubles.npy', /x has dtype float64, wants float32/],
    ['./mlp narrow.npy', /x has size 63 on axis 1, wants 64/],
    ['./mlp tokens.npy', /x has/],
    ['./mlp nothing.npy', /nothing\.npy cannot be opened: No such file/],
    ['./mlp .', /Is a directory/],
    ['./mlp main.ts', /main\.ts/],
    ['./mlp x.npy x.npy', /every input was given already/],
    ['./mlp x=x.npy x=x.npy', /x was given already/],
    ['./mlp z=x.npy', /z=x\.npy cannot be opened/],
    ['./mlp --nonsense x.npy', /unknown option --nonsense/],
    ['./mlp x.npy --threads 0', /--threads 0: give 1 to 256/],
    ['./mlp x.npy --threads', /--threads needs a value/],
    ['./mlp --bench=none', /not a number of calls/],
    ['./mlp --help --version', /at a time/],
    ['./mlp x.npy --part other', /no part other is inside/],
    ['./mlp x.npy --json', /--json goes with --inspect/],
    ['./mlp x.npy -o nowhere/y.npy', /nowhere\/y\.npy cannot be written: No such file/],
    ['./mlp x.npy -o y.txt/z', /cannot make the folder/],
    ['./step tokens.npy pos=16 cache.npy', /pos.*16/],
    ['./step tokens.npy pos=x cache.npy', /pos=x: not a whole number/],
    ['./step tokens.npy pos=x.npy cache.npy', /pos is a number/],
    ['./step tokens.npy pos=2 cache.npy -o one.npy', /there are 3 results/],
    ['TN_ISA=v9 ./mlp x.npy', /TN_ISA/],
    ['TN_THREADS=many ./mlp x.npy', /TN_THREADS/],
  ])('%s', (line, text) => {
    expectRefusal(run(line), 2, text);
  });

  test('files that are cut off or say nonsense', () => {
    const good = readFileSync(project.path('x.npy'));
    for (const bytes of [0, 4, 9, 40, 128, good.length - 1]) {
      writeFileSync(project.path('cut.npy'), good.subarray(0, bytes));
      expectRefusal(run('./mlp cut.npy'), 2, /cut\.npy/);
    }
    writeFileSync(project.path('long.npy'), Buffer.concat([good, Buffer.from([0])]));
    expectRefusal(run('./mlp long.npy'), 2, /holds 769 bytes of data where its shape needs 768/);
    const text = good.toString('latin1');
    for (const [from, to] of [
      ['<f4', '>f4'],
      ["'shape'", "'shapo'"],
      ['(3, 64)', '(3, -4)'],
      ['(3, 64)', '(99999999999, 99999999999)'],
    ]) {
      writeFileSync(project.path('odd.npy'), Buffer.from(text.replace(from, to), 'latin1'));
      expectRefusal(run('./mlp odd.npy'), 2, /odd\.npy/);
    }
  });
});

describe('short of something', () => {
  test('standard output that is full, closed, or no longer read', () => {
    expectRefusal(run('./mlp x.npy > /dev/full'), 1, /standard output cannot be written: No space left/);
    expectRefusal(run('./mlp x.npy -o /dev/full'), 1, /No space left/);
    expectRefusal(run('./mlp x.npy >&-'), 1, /standard output cannot be written: Bad file/);
    expect(run('./mlp --inspect | true; echo $PIPESTATUS')).toMatchObject({ stdout: '0\n', stderr: '' });
    expect(run('./mlp x.npy <&-')).toMatchObject({ status: 0, stderr: '' });
    // Nothing may go into a file in place of standard output or error.
    expect(run('./mlp x.npy -o y2.npy; ./mlp x.npy -o y3.npy >&- 2>&- <&- ; cmp y2.npy y3.npy').status).toBe(0);
  });

  test('three file handles', () => {
    expect(run('ulimit -n 3; ./mlp --self-test')).toMatchObject({ status: 0, stderr: '' });
    expectRefusal(
      run('ulimit -n 3; ./mlp x.npy'),
      1,
      /x\.npy cannot be opened: (Too many open files|No file descriptors)/,
    );
  });

  test('memory that the result needs', async () => {
    await project.package('outer', '--format', 'exe', '-o', 'outer');
    writeNpy(project.path('many.npy'), new Float32Array(50_000), [50_000]);
    expectRefusal(run('ulimit -v 300000; ./outer many.npy'), 1, /no memory for 10000000000 bytes/);
    writeNpy(project.path('few.npy'), Float32Array.from([1, 2, 3]), [3]);
    expect(run('ulimit -v 300000; ./outer few.npy').stdout).toContain('1 2 3 2 4 6 3 6');
  }, 120_000);

  test('a disk that is full leaves no half-written result', () => {
    expectRefusal(
      run('ulimit -f 0; trap "" XFSZ; ./mlp x.npy -o big.npy'),
      1,
      /big\.npy cannot be written: File too large/,
    );
    expect(run('ls -a | grep -c "big.npy"').stdout.trim()).toBe('0');
  });
});

describe('stands alone', () => {
  test('needs no library, and in an empty root nothing at all', (context) => {
    const dynamic = spawnSync('readelf', ['-lW', project.path('mlp')], { encoding: 'utf8' }).stdout;
    expect(dynamic).toContain('LOAD');
    expect(dynamic).not.toMatch(/INTERP|DYNAMIC/);
    mkdirSync(project.path('root'), { recursive: true });
    for (const name of ['mlp', 'x.npy']) copyFileSync(project.path(name), join(project.path('root'), name));
    const enter = process.getuid?.() === 0 ? 'chroot root' : 'unshare -r chroot root';
    if (run(`${enter} /mlp --version`).status !== 0) return context.skip('a root of its own needs rights: not tested');
    expect(run(`${enter} /mlp /x.npy`)).toEqual(run('./mlp x.npy'));
  });

  test('opens nothing but itself and its input', (context) => {
    if (spawnSync('strace', ['-V']).error) return context.skip('strace is not installed: not tested');
    run('strace -f -e trace=open,openat,openat2,creat -o trace ./mlp x.npy');
    const opened = [...readFileSync(project.path('trace'), 'utf8').matchAll(/open\w*\((?:AT_FDCWD, )?"([^"]*)"/g)];
    const files = opened.map((match) => match[1]);
    expect(files).toEqual(['./mlp', 'x.npy']);
  });
});

test('the same bytes from another call; a folder or a foreign file at the output is refused', async () => {
  const before = readFileSync(project.path('mlp'));
  await project.package('mlp', '--format', 'exe', '-o', 'mlp');
  expect(readFileSync(project.path('mlp')).equals(before)).toBe(true);
  await expect(project.package('mlp', '--format', 'exe', '-o', 'main.ts')).rejects.toThrow(/no executable/);
  await expect(project.package('mlp', '--format', 'exe', '-o', 'out')).rejects.toThrow(/a folder stands there/);
}, 120_000);

test.each(['glibc', 'musl'] as const)(
  'a small part with four levels is small with %s',
  async (libc) => {
    const args = [join(repository, 'bin/tn.mjs'), 'cache', 'package', 'mlp', '--format', 'exe', '-o', libc, '--json'];
    const env = { INIT_CWD: project.root, TN_LIBC: libc };
    const made = await project.node(args, { env });
    if (/no static executable can be linked/.test(made.stderr)) {
      console.warn(`not tested: no ${libc} here`);
      return;
    }
    expect(made.stderr).toBe(made.status === 0 ? made.stderr : '');
    const { bytes, notes } = JSON.parse(made.stdout) as { bytes: number; notes: string[] };
    const weights = 4 * (64 * 128 + 128 + 128 * 16 + 10);
    expect(bytes - weights).toBeLessThanOrEqual(libc === 'glibc' ? 900_000 : 260_000);
    expect(notes.join('\n')).toContain(`C library: ${libc}`);
    expect(run(`./${libc} --inspect`).stdout).toMatch(
      libc === 'glibc' ? /---- licence: LGPL-2\.1/ : /---- licence: musl/,
    );
  },
  240_000,
);
