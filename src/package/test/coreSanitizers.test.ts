/** @file The C core of packages under load and under attack: C programs over real parts, under the sanitizers. */

import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Isa, machineIsa } from '../../compile/toolchain/target.ts';
import { levelsHere, linkProgram, PackageBuild, scratch, writePayload } from './corePackage.ts';

/** Lines (-g1) are enough for a finding to be located. */
const asan = ['-g1', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const plain = ['-g1', '-O1'];
const tsan = ['-g1', '-O1', '-fsanitize=thread'];
const weights = scratch('test.weights');

beforeAll(() => writePayload(weights));

function run(program: string, args: readonly string[], env: Record<string, string> = {}): string {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 250_000, env: { ...process.env, ...env } });
  expect(done.stderr).toBe('');
  expect(done.status).toBe(0);
  return done.stdout;
}

/** What a program that stops at its first failed check has said. */
function refusal(program: string, args: readonly string[], env: Record<string, string>): string {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } });
  expect(done.status).toBe(1);
  return done.stderr;
}

/** Packages by their flags: several programs share one. */
const builds = new Map<string, PackageBuild>();

function packageWith(flags: readonly string[], levels: readonly Isa[] = [machineIsa()]): PackageBuild {
  const key = [...flags, ...levels].join(' ');
  const build = builds.get(key) ?? new PackageBuild({ flags, levels });
  builds.set(key, build);
  return build;
}

function objectsOf(build: PackageBuild): string[] {
  return [...build.objects, build.program('coreTwo.c')];
}

describe('the C core', () => {
  it('refuses every malformed call with a message, and touches nothing (address and undefined sanitizers)', () => {
    const printed = run(packageWith(asan).link('coreMalformed.c'), [weights]);
    expect(Number(/^(\d+) refused/.exec(printed)![1])).toBeGreaterThan(500);
  }, 300_000);

  it('finds every changed byte and every cut (address and undefined sanitizers)', () => {
    const printed = run(packageWith(asan).link('coreDamage.c'), [weights, '400']);
    const [flips, harmless, cuts] = printed.match(/\d+/g)!.map(Number);
    expect(flips).toBeGreaterThan(1500);
    expect(harmless).toBeLessThan(flips / 4);
    expect(cuts).toBe(200);
  }, 300_000);

  it('gives eight threads on contexts of their own the same bits, 1000 calls each', () => {
    expect(run(packageWith(plain, levelsHere).link('coreThreads.c'), [weights, '1000'])).toBe('ok\n');
  }, 300_000);

  it('is free of data races (thread sanitizer)', () => {
    expect(run(packageWith(tsan).link('coreThreads.c'), [weights, '60'])).toBe('ok\n');
  }, 300_000);

  it('allocates nothing after reserve, with strided inputs too', () => {
    const wrapped = ['malloc', 'calloc', 'realloc', 'aligned_alloc', 'mmap'].map((name) => `-Wl,--wrap=${name}`);
    expect(run(packageWith(plain, levelsHere).link('coreSteady.c', wrapped), [weights])).toBe('ok\n');
  }, 300_000);

  it('links twice into one program under two prefixes, with no other global name', () => {
    const first = objectsOf(new PackageBuild({ prefix: 'other_' }));
    const second = objectsOf(packageWith(plain, levelsHere));
    for (const [objects, prefix] of [
      [first, 'other_'],
      [second, 'core_test_'],
    ] as const) {
      const symbols = execFileSync('nm', ['-g', '--defined-only', ...objects], { encoding: 'utf8' });
      const names = [...symbols.matchAll(/^[0-9a-f]+ \w (\S+)$/gm)].map(([, name]) => name);
      expect(names.length).toBeGreaterThan(50);
      expect(names.filter((name) => !name.startsWith(prefix))).toEqual([]);
    }
    const main = fileURLToPath(new URL('./coreTwoMain.c', import.meta.url));
    const program = linkProgram([...first, ...second, main]);
    expect(run(program, [weights])).toBe('same\n');
    expect(refusal(program, [weights], { TN_THREADS: 'many' })).toContain(
      'TN_THREADS=many: is not a number of threads from 1 to 256',
    );
    expect(refusal(program, [weights], { TN_ISA: 'v9' })).toContain(
      'TN_ISA=v9: no such level; there are plain, v3, v4, v4x, neon',
    );
    const other = process.arch === 'x64' ? 'neon' : 'v3';
    expect(refusal(program, [weights], { TN_ISA: other })).toContain(
      `TN_ISA=${other}: this CPU does not run that level`,
    );
  }, 300_000);

  it('is clean under valgrind at the level v3', (context) => {
    if (spawnSync('valgrind', ['--version']).status !== 0) {
      console.warn('skipped: valgrind is not installed');
      return context.skip();
    }
    const program = packageWith(plain, levelsHere).link('coreMalformed.c');
    // The pool's threads live as long as the process, and so does the memory that the C library keeps for them.
    const leaks = ['--leak-check=full', '--show-leak-kinds=definite', '--errors-for-leak-kinds=definite'];
    const args = ['--error-exitcode=9', ...leaks, '--quiet', program, weights];
    expect(run('valgrind', args, { TN_ISA: levelsHere.includes('v3') ? 'v3' : levelsHere[0] })).toMatch(/^\d+ refused/);
  }, 300_000);

  it('says what a CPU lacks that is below every level inside', (context) => {
    if (!levelsHere.includes('v3')) return context.skip();
    const program = packageWith(plain, ['v3']).link('coreDamage.c');
    const said = refusal(program, [weights, '1'], { TN_ISA: 'plain' });
    expect(said).toContain(
      'decoder_heads: this CPU runs level plain, the package holds v3: it needs at least AVX2, FMA',
    );
  }, 300_000);

  it('runs at every level of this machine, the same parts', () => {
    const program = packageWith(plain, levelsHere).link('coreThreads.c');
    for (const isa of levelsHere) expect(run(program, [weights, '5'], { TN_ISA: isa })).toBe('ok\n');
  }, 300_000);
});
