/** @file The executable's interface standing on Node, so that Node's own modules and ours can be compared. */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { inflateRawSync } from 'node:zlib';
import type { EngineHost, HostStat } from '../../host.ts';

/** What the program wrote, and the code it ended with. */
export interface Watched {
  readonly host: EngineHost;
  readonly out: string[];
  readonly err: string[];
  /** Jobs that wait to be run. */
  readonly jobs: (() => void)[];
  readonly exits: ((code: number) => void)[];
  exitCode: number;
}

const statOf = (stat: fs.Stats): HostStat => ({
  mode: stat.mode,
  size: stat.size,
  mtimeMs: stat.mtimeMs,
  atimeMs: stat.atimeMs,
  ctimeMs: stat.ctimeMs,
  ino: stat.ino,
  dev: stat.dev,
  nlink: stat.nlink,
  uid: stat.uid,
  gid: stat.gid,
});

const exact = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

function unused(name: string): never {
  throw new Error(`${name} is for the library, not for these modules`);
}

/** A host whose program was started with these arguments. */
export function nodeHost(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Watched {
  const out: string[] = [];
  const err: string[] = [];
  const jobs: (() => void)[] = [];
  const exits: ((code: number) => void)[] = [];
  const text = (fd: number, chunk: string): void => {
    if (fd === 1) out.push(chunk);
    else if (fd === 2) err.push(chunk);
    else fs.writeSync(fd, chunk);
  };
  const host: EngineHost = {
    argv: ['./program', ...args],
    env,
    executable: '/where/program',
    pid: process.pid,
    arch: process.arch,
    timeOrigin: performance.timeOrigin,
    now: () => performance.now(),
    cwd: () => process.cwd(),
    chdir: (path) => process.chdir(path),
    umask: () => process.umask(),
    exit: (code) => {
      throw new Error(`exit ${code}`);
    },
    setExitCode: (code) => void (watched.exitCode = code),
    atExit: (action) => void exits.push(action),
    memory: () => ({ rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed }),
    random: (bytes) => exact(randomBytes(bytes)),
    enqueueJob: (action) => void jobs.push(action),
    setTimer: () => unused('setTimer'),
    clearTimer: () => unused('clearTimer'),
    write(fd, bytes, offset, length) {
      if (fd > 2) return fs.writeSync(fd, new Uint8Array(bytes, offset, length));
      text(fd, Buffer.from(bytes, offset, length).toString('latin1'));
      return length;
    },
    writeText: text,
    isTTY: () => false,
    readFile: (path) => exact(fs.readFileSync(path)),
    writeFile: (path, bytes, offset, length, flag, mode) =>
      fs.writeFileSync(path, new Uint8Array(bytes, offset, length), { flag, mode }),
    stat(path, follow) {
      const options = { throwIfNoEntry: false } as const;
      const stat = follow ? fs.statSync(path, options) : fs.lstatSync(path, options);
      return stat ? statOf(stat) : null;
    },
    fstat: (fd) => statOf(fs.fstatSync(fd)),
    readdir: (path) => fs.readdirSync(path).sort(),
    mkdir: (path, mode) => void fs.mkdirSync(path, mode),
    unlink: fs.unlinkSync,
    rmdir: (path) => fs.rmdirSync(path),
    rename: fs.renameSync,
    realpath: (path) => fs.realpathSync(path),
    readlink: (path) => fs.readlinkSync(path),
    symlink: (target, path) => fs.symlinkSync(target, path),
    chmod: fs.chmodSync,
    access: fs.accessSync,
    open: (path, flags, mode) => fs.openSync(path, flags, mode),
    close: fs.closeSync,
    read: (fd, buffer, offset, length, position) =>
      fs.readSync(fd, new Uint8Array(buffer, offset, length), 0, length, position < 0 ? null : position),
    mapFile: (path) => exact(fs.readFileSync(path)),
    spawnSync(file, list, { input, stdio, env: given, ...options }) {
      const result = spawnSync(file, [...list], {
        ...options,
        stdio: [...stdio],
        ...(input ? { input: new Uint8Array(input) } : {}),
        ...(given ? { env: Object.fromEntries(given.map((pair) => pair.split(/=(.*)/s))) } : {}),
      });
      const { pid, status, signal, stdout, stderr } = result;
      const error = (result.error as NodeJS.ErrnoException | undefined)?.code;
      const buffer = (bytes: Buffer | null): ArrayBuffer | null => (bytes ? exact(bytes) : null);
      return { pid, status, signal, stdout: buffer(stdout), stderr: buffer(stderr), ...(error ? { error } : {}) };
    },
    utf8Encode: (value) => exact(new TextEncoder().encode(value)),
    utf8Decode: (buffer, offset, length, fatal) =>
      new TextDecoder('utf-8', { fatal, ignoreBOM: true }).decode(new Uint8Array(buffer, offset, length)),
    latin1Decode: (buffer, offset, length) => Buffer.from(buffer, offset, length).toString('latin1'),
    inflateRaw: (buffer, offset, length) => exact(inflateRawSync(new Uint8Array(buffer, offset, length))),
    address: () => unused('address'),
    allocate: (bytes) => new ArrayBuffer(bytes),
    view: () => unused('view'),
    bind: (name) => (name === 'cpu_cores' ? () => os.availableParallelism() : null),
    blocks: () => [],
    block: () => unused('block'),
    parts: 0,
    partLevel: () => 0,
  };
  const watched: Watched = { host, out, err, jobs, exits, exitCode: 0 };
  return watched;
}
