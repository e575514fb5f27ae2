/** @file The C runtime as packages link it: under another prefix, warning-free, and clean under the sanitizers. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findCompiler } from '../../compile/toolchain/index.ts';
import { runtimeFiles } from '../sources.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-sanitizers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sources = fileURLToPath(new URL('../c', import.meta.url));
const compiler = findCompiler();
const warnings = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'];

/** Builds the stress program; null when this compiler has no such sanitizer. */
function build(name: string, flags: readonly string[]): string | null {
  const program = path.join(folder, name);
  const files = [
    ...runtimeFiles.map((file) => path.join(sources, file.name)),
    fileURLToPath(new URL('./stress.c', import.meta.url)),
  ];
  const args = [
    '-std=gnu11',
    '-g',
    '-DTN_SYMBOL_PREFIX=other_',
    ...warnings,
    ...flags,
    '-I',
    sources,
    ...files,
    '-pthread',
    '-ldl',
    '-o',
    program,
  ];
  const run = spawnSync(compiler.path, [...compiler.args, ...args], { encoding: 'utf8' });
  if (run.status !== 0 && /cannot find .*san|unsupported option/.test(run.stderr)) return null;
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
  return program;
}

function stress(program: string, args: readonly string[]): void {
  const run = spawnSync(program, args, { encoding: 'utf8', timeout: 100_000 });
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe('ok\n');
}

describe('the C runtime under load', () => {
  it('holds through 100 000 barriers of 1, 2, 3 and 8 threads, in a forked child too', () => {
    const program = build('plain', ['-O2'])!;
    stress(program, ['20000', 'fork']);
    const symbols = execFileSync('nm', ['-g', '--defined-only', program], { encoding: 'utf8' });
    expect(symbols).toMatch(/\bother_call_run\b/);
    expect(symbols).not.toMatch(/ [TDBR] tn_/);
  });

  it('is clean under AddressSanitizer and UndefinedBehaviorSanitizer', (context) => {
    const program = build('asan', ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']);
    if (!program) return context.skip();
    stress(program, ['500', 'fork']);
  });

  it('is clean under ThreadSanitizer', (context) => {
    const program = build('tsan', ['-O1', '-fsanitize=thread']);
    if (!program) return context.skip();
    stress(program, ['500']);
  });
});
