/** @file Payloads in executables: where they go, what seals them, for each C library and architecture that is here. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import '../../runtime/koffi.ts';
import {
  findStaticToolchain,
  type PackageTarget,
  packageTarget,
  runnerFor,
  type StaticToolchain,
} from '../../compile/toolchain/index.ts';
import { TnError } from '../../core/errors.ts';
import { readLinked, seal } from '../elf.ts';
import { nativeHash, writeExecutable } from '../executable.ts';
import { linkStatic } from '../link.ts';
import { PayloadBuilder } from '../payload.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), 'tn-elf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Toolchain {
  readonly title: string;
  readonly target: PackageTarget;
  readonly toolchain: StaticToolchain;
  readonly runner: readonly string[];
}

/** What is installed here; the names of what is not. */
function toolchains(): { readonly here: Toolchain[]; readonly missing: string[] } {
  const here: Toolchain[] = [];
  const missing: string[] = [];
  for (const [name, libc] of [
    ['x86_64-linux', 'glibc'],
    ['x86_64-linux', 'musl'],
    ['aarch64-linux', 'glibc'],
  ] as const) {
    const target = packageTarget(name);
    const title = `${name} with ${libc}`;
    try {
      const runner = runnerFor(target);
      const toolchain = findStaticToolchain(target, { ...process.env, TN_LIBC: libc });
      if (runner) here.push({ title, target, toolchain, runner });
      else missing.push(`${title}: no emulator`);
    } catch (error) {
      missing.push(`${title}: ${error instanceof TnError ? error.parts.what : String(error)}`);
    }
  }
  return { here, missing };
}

const { here, missing } = toolchains();
for (const each of missing) console.warn(`not tested: ${each}`);

/** Objects of the smallest program that finds its payload. */
function objectsFor({ toolchain, target }: Toolchain): string[] {
  const { compiler, libc } = toolchain;
  return ['selfMain.c', '../c/tn_self.c', '../../runtime/c/tn_hash.c'].map((file, i) => {
    const object = join(folder, `${target.name}-${libc.name}-${i}.o`);
    const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', `-I${at('../c')}`, `-I${at('../../runtime/c')}`];
    const run = spawnSync(compiler.path, [...compiler.args, ...flags, '-c', at(file), '-o', object]);
    expect(String(run.stderr)).toBe('');
    return object;
  });
}

function payload(): PayloadBuilder {
  const builder = new PayloadBuilder();
  builder.add({ name: 'w/rows', kind: 'weight', bytes: new Uint8Array(300_000).fill(3) });
  builder.add({ name: 'package.json', kind: 'json', bytes: new TextEncoder().encode('{}') });
  return builder;
}

describe.each(here)('$title', (toolchain) => {
  const { target, runner } = toolchain;
  const start = (file: string, before = ''): { status: number | null; stdout: string; stderr: string } => {
    const run = spawnSync('/bin/sh', ['-c', `${before} exec "$@"`, 'sh', ...runner, file], { encoding: 'utf8' });
    return { status: run.status, stdout: run.stdout, stderr: run.stderr };
  };

  test('a payload inside is loaded and found, one beside is named; both are the same bytes each time', () => {
    const objects = objectsFor(toolchain);
    const make = (name: string, payloadFile?: string): string => {
      const path = join(folder, name);
      const request = { target, toolchain: toolchain.toolchain, name: 'self', objects, packageId: 0xfedcba9876543210n };
      const files = writeExecutable({
        ...request,
        payload: payload(),
        path,
        ...(payloadFile === undefined ? {} : { payloadFile }),
      });
      for (const { path: file, bytes } of files) expect(statSync(file).size).toBe(bytes);
      return path;
    };
    const inside = make('inside');
    expect(start(inside)).toEqual({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^307200 bytes, sum \d+, inside, file\n$/),
    });
    const beside = make('beside', 'my.weights');
    expect(start(beside).stdout).toBe('0 bytes, sum 0, my.weights, file\n');
    // No descriptor left to open itself with (an emulator needs one itself).
    if (runner.length === 0) expect(start(inside, 'ulimit -n 3;').stdout).toMatch(/inside, memory\n$/);
    const again = make('again');
    expect(spawnSync('cmp', [inside, again]).status).toBe(0);
    expect(
      spawnSync('sh', ['-c', `cp ${inside} ${inside}.s && strip ${inside}.s; cmp ${inside} ${inside}.s`]).status,
    ).toBe(0);
  });

  test('what was only linked says so; the payload’s segment lies on the target’s largest page', () => {
    const linked = linkStatic({ compiler: toolchain.toolchain.compiler, objects: objectsFor(toolchain), name: 'self' });
    const image = readLinked(linked, target.elfMachine);
    expect(image.payloadOffset % 4096).toBe(0);
    const head = seal(image, {
      packageId: 1n,
      payload: { bytes: 4096, headHash: 2n },
      pageBytes: target.pageBytes,
      hash: nativeHash(),
    });
    const words = new DataView(head.buffer);
    const segments = Array.from({ length: words.getUint16(56, true) }, (_, i) => {
      const entry = 64 + 56 * i;
      const word = (offset: number): number => Number(words.getBigUint64(entry + offset, true));
      return {
        type: words.getUint32(entry, true),
        flags: words.getUint32(entry + 4, true),
        offset: word(8),
        address: word(16),
        align: word(48),
      };
    });
    const loaded = segments.filter(({ type }) => type === 1);
    const last = loaded.at(-1)!;
    expect(last).toMatchObject({ flags: 4, offset: image.payloadOffset, align: target.pageBytes });
    expect(last.address % target.pageBytes).toBe(last.offset % target.pageBytes);
    expect(loaded.map(({ address }) => address)).toEqual(loaded.map(({ address }) => address).sort((a, b) => a - b));
    expect(() => readLinked(linked, 3)).toThrow(/is for machine/);
  });
});

test('what is no linked executable of ours is refused', () => {
  const elf = new Uint8Array(200);
  expect(() => readLinked(elf, 62)).toThrow(/no 64-bit little-endian ELF/);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  const words = new DataView(elf.buffer);
  words.setUint16(16, 3, true);
  expect(() => readLinked(elf, 62)).toThrow(/not linked with -static -no-pie/);
  words.setUint16(16, 2, true);
  words.setUint16(18, 62, true);
  expect(() => readLinked(elf, 62)).toThrow(/program headers/);
  words.setUint16(54, 56, true);
  words.setBigUint64(32, 64n, true);
  expect(() => readLinked(elf, 62)).toThrow(/no note/);
  words.setUint16(56, 1, true);
  words.setBigUint64(64 + 32, 999n, true);
  expect(() => readLinked(elf, 62)).toThrow(/cut off/);
});
