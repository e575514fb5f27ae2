/** @file Packages on machines that this one is not: the level chosen at start, the recorded results, what is too old. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { giveEngine } from '../../../test/engineCache.ts';
import { createProject, type Project, type RunResult, repository } from '../../../test/project.ts';
import { shareObjects } from '../../../test/sharedObjects.ts';
import { type TinyOutput, tinyProgram } from '../../../test/tinyModel.ts';
import { type Machine, machines, missing, sayMissing } from '../../compile/test/emulator.ts';
import { emulatorFor, packageTarget } from '../../compile/toolchain/index.ts';

/** Packaging compiles the core for another target once, with whatever else the machine is doing. */
const patience = 240_000;

let project: Project;

beforeAll(async () => {
  if (machines.every((machine) => missing(machine) !== null)) return;
  project = createProject({ 'main.ts': tinyProgram });
  shareObjects(project.cache);
  expect((await project.tn('main.ts')).status).toBe(0);
}, patience);

afterAll(() => project?.remove());

const tn = (...args: string[]): Promise<RunResult> =>
  project.exec(process.execPath, [join(repository, 'bin/tn.mjs'), ...args], { env: { INIT_CWD: project.root } });

/** Makes an executable of both parts; its path in the project. */
async function packaged(target: string, ...more: string[]): Promise<string> {
  const output = `tiny-${[target, ...more].join('')}`;
  const made = await tn(
    ...['cache', 'package', 'prefill', 'decode', '--format', 'exe', '--target', target],
    ...['-o', output, ...more],
  );
  expect(made.stderr).not.toMatch(/^tn /m);
  expect(made.status).toBe(0);
  return join(project.root, output);
}

function emulate(machine: Machine, program: string, ...args: string[]): Promise<RunResult> {
  const [emulator] = emulatorFor(packageTarget(machine.target))!;
  return project.exec(emulator, ['-cpu', machine.cpu, program, ...args]);
}

/** Without what the emulator says about the processor that it plays. */
const said = (run: RunResult): string => run.stderr.replace(/^qemu-\S+: warning: .*\n/gm, '');

describe.each([...new Set(machines.map(({ target }) => target))])('a package for %s', (target) => {
  const all = machines.filter((machine) => machine.target === target);
  const skip = all.map(sayMissing).some(Boolean);

  it.skipIf(skip)(
    'gives the recorded results at the level of each machine, as an executable',
    async () => {
      const program = await packaged(target);
      for (const machine of all) {
        const run = await emulate(machine, program, '--self-test');
        expect(run, machine.name).toMatchObject({ status: 0 });
        expect(said(run)).toBe('');
        for (const part of ['prefill', 'decode']) expect(run.stdout).toContain(`${part}: level ${machine.isa}\n`);
        expect(run.stdout).not.toMatch(/WRONG/);
      }
    },
    patience,
  );

  it.skipIf(skip || target !== 'aarch64-linux')(
    'is a shared library that packaging runs, with the libraries of the cross compiler',
    async () => {
      const made = await tn('cache', 'package', 'decode', '--format', 'shared', '--target', target, '-o', 'library');
      expect(made).toMatchObject({ status: 0 });
      expect(made.stdout + made.stderr).not.toMatch(/not checked/);
    },
    patience,
  );

  it.skipIf(skip || target !== 'aarch64-linux')(
    'is a whole program, which prints what it prints here',
    async () => {
      giveEngine(project.cache, [target]);
      const made = await tn('cache', 'package', '--app', 'main.ts', '--target', target, '-o', 'app');
      expect(made).toMatchObject({ status: 0 });
      expect(made.stdout + made.stderr).not.toMatch(/not checked|not run/);
      const run = await emulate(all[0], join(project.root, 'app'));
      expect(run).toMatchObject({ status: 0 });
      expect(said(run)).toBe('');
      const here = JSON.parse((await project.tn('main.ts')).stdout) as TinyOutput;
      const there = JSON.parse(run.stdout) as TinyOutput;
      expect(there.tokens).toEqual(here.tokens);
      there.rounded.forEach((value, i) => {
        expect(value).toBeCloseTo(here.rounded[i], 2);
      });
      expect(there.reports).toMatchObject({ prefill: { native: 1, eager: 0 }, decode: { native: 6, eager: 0 } });
    },
    600_000,
  );

  it.skipIf(skip || target !== 'x86_64-linux')(
    'says what it needs on a machine below what is inside',
    async () => {
      const program = await packaged(target, '--isa', 'v3,v4');
      const old = all.find(({ isa }) => isa === 'plain')!;
      const refused = await emulate(old, program, '--self-test');
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(said(refused)).toMatch(/^[^\n]*AVX2[^\n]*\n$/);
      const newer = await emulate(all.find(({ isa }) => isa === 'v3')!, program, '--self-test');
      expect(newer).toMatchObject({ status: 0, stdout: expect.stringContaining('decode: level v3\n') });
    },
    patience,
  );
});
