/** @file A project with small parts, packaged as executables by the command, and .npy files for them. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProject, type Project, repository } from '../../../test/project.ts';
import { shareObjects } from '../../../test/sharedObjects.ts';

/** Prints what eager gives for the inputs that the tests use. */
const program = `import { compileCache, Dim, manualSeed, nn, tensor, zeros, type Tensor } from 'torchnative';
const { functional: F } = nn;

class Mlp extends nn.Module {
  readonly up = new nn.Linear(64, 128);
  readonly down = new nn.Linear(128, 10);
  @compileCache('mlp', { inputMatchers: { x: { 0: Dim('n', { max: 256 }) } } })
  forward(x: Tensor): Tensor {
    return F.softmax(this.down.forward(F.gelu(this.up.forward(x))), -1);
  }
}
class Step extends nn.Module {
  readonly w = new nn.Linear(8, 8);
  @compileCache('step', { inputMatchers: { pos: Dim('pos', { min: 0, max: 15 }) } })
  forward(tokens: Tensor, pos: number, cache: Tensor): { sum: Tensor; best: Tensor } {
    cache.slice(0, pos, pos + 1).copy_(this.w.forward(tokens.to('float32').reshape([1, 8])));
    const sum = cache.slice(0, 0, pos + 1).sum(0);
    return { sum, best: sum.argmax(-1) };
  }
}
const outer = compileCache('outer', { inputMatchers: { x: { 0: Dim('n', { max: 60000 }) } } }, (x: Tensor): Tensor =>
  x.unsqueeze(1).mul(x.unsqueeze(0)),
);

manualSeed(7);
const mlp = new Mlp();
const x = tensor(Array.from({ length: 192 }, (_, i) => Math.sin(i))).reshape([3, 64]);
mlp.forward(x);
const step = new Step();
const cache = zeros([16, 8]);
const tokens = tensor([1, 2, 3, 4, 5, 6, 7, 8], { dtype: 'int64' });
const { sum, best } = step.forward(tokens, 2, cache);
outer(tensor([1, 2, 3]));
console.log(JSON.stringify({ mlp: mlp.forward(x).tolist(), sum: sum.tolist(), best: best.item() }));
`;

export interface EagerResults {
  readonly mlp: readonly (readonly number[])[];
  readonly sum: readonly number[];
  readonly best: number;
}

export interface ExeProject extends Project {
  readonly eager: EagerResults;
  /** `tn cache package …` in the project; its standard output. @throws when it fails */
  package(...args: string[]): Promise<string>;
  path(name: string): string;
}

export async function exeProject(): Promise<ExeProject> {
  const project = createProject({ 'main.ts': program });
  shareObjects(project.cache);
  const first = await project.tn('main.ts');
  if (first.status !== 0) throw new Error(first.stderr);
  const path = (name: string): string => join(project.root, name);
  return {
    ...project,
    eager: JSON.parse(first.stdout) as EagerResults,
    path,
    async package(...args) {
      // The test runner may have been started by npm, which says so here.
      const env = { INIT_CWD: project.root };
      const run = await project.node([join(repository, 'bin/tn.mjs'), 'cache', 'package', ...args], { env });
      if (run.status !== 0) throw new Error(run.stderr);
      return run.stdout;
    },
  };
}

export interface ShellRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line for the shell: for limits, redirections and pipes. */
export function shell(folder: string, line: string, env: Readonly<Record<string, string>> = {}): ShellRun {
  const run = spawnSync('/bin/bash', ['--norc', '-c', line], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  return { status: run.status, signal: run.signal, stdout: run.stdout, stderr: run.stderr };
}

export type NpyArray = Float32Array | Float64Array | BigInt64Array | Int32Array;

/** Writes format 1.0 as numpy does. */
export function writeNpy(path: string, data: NpyArray, shape: readonly number[], order: 'C' | 'F' = 'C'): void {
  const kind = data instanceof BigInt64Array || data instanceof Int32Array ? 'i' : 'f';
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const fortran = order === 'F' ? 'True' : 'False';
  const text = `{'descr': '<${kind}${data.BYTES_PER_ELEMENT}', 'fortran_order': ${fortran}, 'shape': (${sizes}), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  head.writeUInt16LE(header.length, 8);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  writeFileSync(path, Buffer.concat([head, Buffer.from(header, 'latin1'), bytes]));
}

export function readNpy(path: string): { readonly header: string; readonly data: Buffer } {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  return { header: bytes.toString('latin1', 10, start).trim(), data: Buffer.from(bytes.subarray(start)) };
}

/** Relative rms of two lists of numbers. */
export function relativeError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let difference = 0;
  let total = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += (found[i] - wanted[i]) ** 2;
    total += wanted[i] ** 2;
  }
  return Math.sqrt(difference / total);
}

export function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}
