/**
 * @file Writes executables: linked code, then the payload, sealed. Those of parts and those of whole programs are made
 * here; they differ in their objects and in what their payload holds.
 */

import { chmodSync, closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { PackageTarget, StaticToolchain } from '../compile/toolchain/index.ts';
import { processRuntime } from '../dispatch/processRuntime.ts';
import { addressOf, keepAlive } from '../runtime/ffi.ts';
import { type LinkedExecutable, readLinked, type SealedPayload, seal } from './elf.ts';
import { linkStatic } from './link.ts';
import type { Hash64, PayloadBuilder } from './payload.ts';

export interface ExecutableRequest {
  readonly target: PackageTarget;
  readonly toolchain: StaticToolchain;
  /** For messages. */
  readonly name: string;
  /** Object files in link order. */
  readonly objects: readonly string[];
  readonly payload: PayloadBuilder;
  readonly packageId: bigint;
  /** Where to write it; with `payloadFile`, that file is written beside it. */
  readonly path: string;
  /** Name of the payload's own file; without it the payload goes inside. */
  readonly payloadFile?: string;
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
}

/** Hashes on the process's runtime: 10 GB a second. */
export function nativeHash(): Hash64 {
  const runtime = processRuntime();
  return (bytes) => {
    const hash = runtime.hash64(addressOf(bytes), bytes.byteLength);
    keepAlive(bytes);
    return hash;
  };
}

/** What describes the executable in `package.json`, and `--inspect` prints. */
export function executableFacts({ compiler, libc }: StaticToolchain): Readonly<Record<string, unknown>> {
  return { compiler: compiler.identity, libc };
}

/** Which C library is inside, and what its licence asks. */
export function libcNote({ libc }: StaticToolchain): string {
  return `C library: ${libc.name} ${libc.version} (${libc.licence}): ${libc.asks}`;
}

/** Name of the file that holds the payload of an executable beside it. */
export function payloadFileName(output: string): string {
  return `${path.basename(output)}.weights`;
}

/** Links and writes; what is there already is replaced. @throws TnError */
export function writeExecutable(request: ExecutableRequest): WrittenFile[] {
  const { target, toolchain, name, objects } = request;
  const linked = readLinked(linkStatic({ compiler: toolchain.compiler, objects, name }), target.elfMachine);
  return request.payloadFile === undefined
    ? [writeWithPayload(request, linked)]
    : writeBeside(request, linked, request.payloadFile);
}

function writeWithPayload(request: ExecutableRequest, linked: LinkedExecutable): WrittenFile {
  const { payload, packageId } = request;
  const hash = nativeHash();
  const fd = openSync(request.path, 'w', 0o755);
  try {
    const written = payload.write(fd, { id: packageId, hash, at: linked.payloadOffset });
    writeWhole(fd, sealed(request, linked, written, hash));
    fchmodSync(fd, 0o755);
    return { path: request.path, bytes: linked.payloadOffset + written.bytes };
  } finally {
    closeSync(fd);
  }
}

function writeBeside(request: ExecutableRequest, linked: LinkedExecutable, file: string): WrittenFile[] {
  const { payload, packageId } = request;
  const hash = nativeHash();
  const payloadPath = path.join(path.dirname(request.path), file);
  const payloadFd = openSync(payloadPath, 'w', 0o644);
  let head: Uint8Array;
  let bytes: number;
  try {
    const written = payload.write(payloadFd, { id: packageId, hash });
    bytes = written.bytes;
    head = sealed(request, linked, { file, headHash: written.headHash, bytes }, hash);
  } finally {
    closeSync(payloadFd);
  }
  const fd = openSync(request.path, 'w', 0o755);
  try {
    writeWhole(fd, head);
  } finally {
    closeSync(fd);
  }
  chmodSync(request.path, 0o755);
  return [
    { path: request.path, bytes: head.length },
    { path: payloadPath, bytes },
  ];
}

function sealed(
  { target, packageId }: ExecutableRequest,
  linked: LinkedExecutable,
  payload: SealedPayload,
  hash: Hash64,
): Uint8Array {
  return seal(linked, { packageId, payload, pageBytes: target.pageBytes, hash });
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
}
