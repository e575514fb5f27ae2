/** @file An executable's engine that stands on Node: the runtime as a loaded library, blocks in read-only memory. */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import koffi from 'koffi';
import type { EngineHost, NativeBinding } from '../host.ts';
import type { CapturedPackage } from './capturedPackage.ts';

export interface TestBlock {
  readonly name: string;
  /** 1 weight, 2 json, 3 asset. */
  readonly kind: number;
  readonly bytes: Uint8Array;
}

export interface TestHost {
  readonly host: EngineHost;
  /** Environment of the program; tests change it. */
  readonly env: Record<string, string>;
  /** What went to standard error. */
  readonly warnings: string[];
  /** Names of the blocks that were asked for, in order. */
  readonly opened: string[];
  /** Blocks that fail their check. */
  readonly damaged: Set<string>;
  /** False: no code for this CPU. */
  fits: boolean;
}

/** Result and parameters of the runtime's functions, as the engine's own table has them. */
const signatures: Readonly<Record<string, readonly [string, ...string[]]>> = {
  call_run: ['int64_t', 'uintptr_t'],
  pool_set_threads: ['void', 'int64_t'],
  pool_threads: ['int64_t'],
  cpu_isa: ['int64_t'],
  cpu_cores: ['int64_t'],
  context_create: ['uintptr_t'],
  context_destroy: ['int64_t', 'uintptr_t'],
  context_bytes: ['int64_t', 'uintptr_t'],
  context_trim: ['int64_t', 'uintptr_t'],
  artifact_arena_bytes: ['int64_t', 'uintptr_t', 'uintptr_t'],
  artifact_scratch_bytes: ['int64_t', 'uintptr_t', 'uintptr_t'],
  artifact_work: ['int64_t', 'uintptr_t', 'uintptr_t'],
  artifact_name: ['str', 'uintptr_t'],
  artifact_kernel_name: ['str', 'uintptr_t', 'int64_t'],
  pack_bytes: ['int64_t', 'uintptr_t'],
  pack_panels: ['int64_t', 'uintptr_t'],
  unpack_panels: ['int64_t', 'uintptr_t'],
  hash64: ['int64_t', 'uintptr_t', 'int64_t'],
};

/** Anonymous memory that nobody may write to: a stray write ends the process, as it would in an executable. */
function readOnly(bytes: Uint8Array): ArrayBuffer {
  if (bytes.length === 0) return new ArrayBuffer(0);
  const libc = koffi.load(null);
  const mmap = libc.func('mmap', 'int64_t', ['uintptr_t', 'int64_t', 'int', 'int', 'int', 'int64_t']);
  const mprotect = libc.func('mprotect', 'int', ['uintptr_t', 'int64_t', 'int']);
  const [readWrite, read, privateAnonymous] = [3, 1, 0x22];
  const address = Number(mmap(0, bytes.length, readWrite, privateAnonymous, -1, 0));
  const buffer = koffi.view(address, bytes.length);
  new Uint8Array(buffer).set(bytes);
  if (mprotect(address, bytes.length, read) !== 0) throw new Error('mprotect failed');
  return buffer;
}

/** The parts of `EngineHost` that the library uses. */
export function testHost({ blocks, codes, library }: CapturedPackage, env: Record<string, string> = {}): TestHost {
  const runtime = library === '' ? null : koffi.load(library);
  const buffers: ArrayBuffer[] = [];
  const state: Omit<TestHost, 'host'> = { env, warnings: [], opened: [], damaged: new Set(), fits: true };
  const host = {
    argv: ['program'],
    env: state.env,
    executable: '/program',
    cwd: () => '/',
    now: () => performance.now(),
    random: (count: number) => new Uint8Array(randomBytes(count)).buffer,
    writeText: (_: number, text: string) => void state.warnings.push(text),
    readFile: (path: string) => new Uint8Array(fs.readFileSync(path)).buffer,
    writeFile(path: string, bytes: ArrayBuffer, offset: number, length: number, flag: string, mode: number): void {
      fs.writeFileSync(path, new Uint8Array(bytes, offset, length), { flag, mode });
    },
    stat: (path: string, follow: boolean) =>
      (follow ? fs.statSync : fs.lstatSync)(path, { throwIfNoEntry: false }) ?? null,
    readdir: (path: string) => fs.readdirSync(path).sort(),
    rename: fs.renameSync,
    unlink: fs.unlinkSync,
    mapFile: (path: string) => new Uint8Array(fs.readFileSync(path)).buffer,
    utf8Decode: (buffer: ArrayBuffer, offset: number, length: number, fatal: boolean) =>
      new TextDecoder('utf-8', { fatal }).decode(new Uint8Array(buffer, offset, length)),
    address: (buffer: ArrayBuffer) => Number(koffi.address(buffer)),
    allocate: (bytes: number) => new ArrayBuffer(bytes),
    view: (address: number, bytes: number) => koffi.view(address, bytes),
    bind(name: string): NativeBinding | null {
      const signature = signatures[name];
      if (!signature || !runtime) return null;
      const [result, ...parameters] = signature;
      return runtime.func(`tn_${name}`, result, [...parameters]) as unknown as NativeBinding;
    },
    blocks: () => blocks.map(({ name, kind, bytes }) => ({ name, kind, bytes: bytes.length })),
    block(index: number): ArrayBuffer {
      const { name, bytes } = blocks[index];
      state.opened.push(name);
      if (state.damaged.has(name)) throw new Error(`the program is damaged: block ${name} has another checksum`);
      buffers[index] ??= readOnly(bytes);
      return buffers[index];
    },
    parts: codes.length,
    partLevel: (index: number) => (state.fits ? codes[index] : 0),
  };
  return Object.assign(state, { host: host as unknown as EngineHost });
}
