/** @file Executables that were cut off or changed, weights that are missing or belong elsewhere: never a wrong result with exit 0. */

import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExeProject, exeProject, type ShellRun, shell, writeNpy } from './exeProject.ts';

let project: ExeProject;
let wanted: string;
const run = (line: string): ShellRun => shell(project.root, line);

beforeAll(async () => {
  project = await exeProject();
  await project.package('mlp', '--format', 'exe', '-o', 'mlp');
  await project.package('mlp', '--format', 'exe', '--weights', 'external', '-o', 'beside');
  await project.package('step', '--format', 'exe', '--weights', 'external', '-o', 'step');
  writeNpy(
    project.path('x.npy'),
    Float32Array.from({ length: 192 }, (_, i) => Math.sin(i)),
    [3, 64],
  );
  wanted = run('./mlp x.npy').stdout;
  expect(wanted).toMatch(/^out/);
}, 240_000);
afterAll(() => project?.remove());

/** A program's file with other bytes. */
function write(name: string, bytes: Uint8Array): void {
  rmSync(project.path(name), { force: true });
  writeFileSync(project.path(name), bytes);
  chmodSync(project.path(name), 0o755);
}

/** Numbers that do not change from run to run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('one file', () => {
  test('a bit flipped at 100 places: the right result, or none', () => {
    const good = readFileSync(project.path('mlp'));
    const random = randomNumbers(11);
    const told = { right: 0, refused: 0, ended: 0 };
    for (let i = 0; i < 100; i++) {
      const bytes = Uint8Array.from(good);
      const at = Math.floor(random() * bytes.length);
      bytes[at] ^= 1 << Math.floor(random() * 8);
      write('flipped', bytes);
      const { status, stdout, stderr } = run('exec ./flipped x.npy');
      if (status === 0) {
        expect({ at, stdout }).toEqual({ at, stdout: wanted });
        told.right++;
      } else if (status === 1 && /(damaged|changed|checksum|cut off)/.test(stderr)) {
        expect(stdout).toBe('');
        told.refused++;
      } else {
        // In the code that checks, or that runs before it can: ended by the system, or with a mangled line.
        told.ended++;
      }
    }
    expect(told.refused).toBeGreaterThan(70);
    expect(told.ended).toBeLessThan(10);
  });

  test('every field of the seal and of the payload’s head', () => {
    const good = readFileSync(project.path('mlp'));
    const seal = good.indexOf('TorchNative\0') - 12;
    const payload = good.indexOf('TNPACK\0\x01', 0, 'latin1');
    expect(seal).toBeGreaterThan(0);
    expect(payload % 4096).toBe(0);
    const places = [
      ...Array.from({ length: 20 }, (_, i) => seal + 8 * i),
      ...Array.from({ length: 24 }, (_, i) => payload + 8 * i),
    ];
    for (const at of places) {
      const bytes = Uint8Array.from(good);
      bytes[at] ^= 0x55;
      write('flipped', bytes);
      const { status, stdout, stderr } = run('exec ./flipped x.npy');
      expect({ at, status, stdout }).toEqual({ at, status: 1, stdout: '' });
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test('cut off: refused with the reason where the code is still there', () => {
    const good = readFileSync(project.path('mlp'));
    const payload = good.indexOf('TNPACK\0\x01', 0, 'latin1');
    for (const bytes of [good.length - 1, good.length - 5000, payload + 100, payload, payload - 1]) {
      write('cut', good.subarray(0, bytes));
      const { status, stderr } = run('exec ./cut x.npy');
      expect({ bytes, status }).toEqual({ bytes, status: 1 });
      expect(stderr).toMatch(/^cut: \S*\/cut: this executable was cut off: it has \d+ bytes, not the \d+/);
    }
    for (const bytes of [63, 500, 5000, payload >> 1]) {
      write('cut', good.subarray(0, bytes));
      expect(run('exec ./cut x.npy').status).not.toBe(0);
    }
    write('cut', Buffer.concat([good, Buffer.from('more')]));
    expect(run('./cut x.npy').stderr).toMatch(/was changed: it has/);
  });

  test('that may be run but not read is checked as it is loaded', (context) => {
    copyFileSync(project.path('mlp'), project.path('secret'));
    chmodSync(project.path('secret'), 0o711);
    const asNobody = 'setpriv --reuid 65534 --clear-groups';
    chmodSync(project.root, 0o755);
    chmodSync(`${project.root}/..`, 0o755);
    if (run(`${asNobody} ./secret --version`).status !== 0) return context.skip('needs root: not tested');
    expect(run(`${asNobody} ./secret x.npy`).stdout).toBe(wanted);
    expect(run(`${asNobody} ./secret --inspect`).stdout).toMatch(
      /it cannot be read: what is loaded of it has the right/,
    );
    const good = readFileSync(project.path('mlp'));
    const bytes = Uint8Array.from(good);
    bytes[good.indexOf('what is inside: parts')] ^= 1;
    write('secret', bytes);
    chmodSync(project.path('secret'), 0o711);
    expect(run(`${asNobody} ./secret x.npy`)).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('weights beside the executable', () => {
  test('are found where it lies, also through a link', () => {
    expect(run('./beside x.npy').stdout).toBe(wanted);
    symlinkSync(project.path('beside'), project.path('node_modules/link'));
    expect(run('cd /; "$OLDPWD/node_modules/link" "$OLDPWD/x.npy"').stdout).toBe(wanted);
    expect(run('./beside --inspect').stdout).toMatch(/weights +\S*\/beside\.weights, \d+ bytes/);
  });

  test('missing, another package’s, cut off, damaged: one line and exit 1; --help all the same', () => {
    const file = project.path('beside.weights');
    const good = readFileSync(file);
    const expectRefused = (text: RegExp): void => {
      const { status, stdout, stderr } = run('./beside x.npy');
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(text);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    };
    renameSync(file, project.path('kept'));
    expectRefused(/beside\.weights: cannot be opened: No such file/);
    expect(run('./beside --help').stdout).toContain('float32 [n, 64]');
    copyFileSync(project.path('step.weights'), file);
    expectRefused(/beside\.weights.*belong/);
    for (const bytes of [0, 10, 64, 3000, good.length - 4096]) {
      writeFileSync(file, good.subarray(0, bytes));
      expectRefused(/beside\.weights/);
    }
    const random = randomNumbers(3);
    for (let i = 0; i < 40; i++) {
      const bytes = Uint8Array.from(good);
      bytes[Math.floor(random() * bytes.length)] ^= 16;
      writeFileSync(file, bytes);
      const { status, stdout } = run('./beside x.npy');
      if (status === 0) expect(stdout).toBe(wanted);
      else expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    }
    renameSync(project.path('kept'), file);
    expect(run('./beside x.npy').stdout).toBe(wanted);
  });

  test('cut off while they are in use: one line, no signal', () => {
    const file = project.path('beside.weights');
    copyFileSync(file, project.path('kept'));
    const line = './beside --bench 50000000 & sleep 0.5; truncate -s 4096 beside.weights; wait $!';
    expect(run(line)).toEqual({
      status: 1,
      signal: null,
      stdout: '',
      stderr: 'beside: a file was cut off while it was in use\n',
    });
    renameSync(project.path('kept'), file);
  });
});
