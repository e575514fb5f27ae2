/** @file `node:fs`: the functions that wait, over the executable's files. */

import { type Buffer, view } from './buffer.ts';
import { decode, type Encoding, encode, encodingOf } from './internal/encodings.ts';
import { engine } from './internal/engine.ts';
import { nodeError, systemError, wrongType } from './internal/errors.ts';
import { Dirent, Stats } from './internal/stats.ts';
import { readAll } from './internal/streams.ts';
import { join } from './path.ts';
import { fileURLToPath } from './url.ts';

export * as promises from './fsPromises.ts';
export { Dirent, Stats };

/** A path as Node takes it: text, bytes or a file URL. */
export type PathLike = string | Uint8Array | URL;
type Bytes = Uint8Array;
type ReadOptions = string | null | { encoding?: string | null; flag?: string };
type WriteOptions = string | null | { encoding?: string | null; mode?: number; flag?: string };

export const constants = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, COPYFILE_EXCL: 1 } as const;

/** Node reads no more into one buffer. */
const largestRead = 2 ** 31 - 1;

function pathOf(path: unknown, name = 'path'): string {
  const text =
    typeof path === 'string'
      ? path
      : path instanceof Uint8Array
        ? decode(path, 'utf8')
        : path instanceof URL
          ? fileURLToPath(path)
          : null;
  if (text === null) throw wrongType(name, 'of type string or an instance of Buffer or URL', path);
  if (!text.includes('\0')) return text;
  const received = text.replaceAll('\0', '\\x00');
  const message = `The argument '${name}' must be a string, Uint8Array, or URL without null bytes. Received '${received}'`;
  throw nodeError(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

/** The encoding that options ask for; null: bytes. */
function encodingIn(options: ReadOptions | WriteOptions | undefined): Encoding | null {
  const name = (typeof options === 'object' ? options?.encoding : options) ?? null;
  if (name === null || name === 'buffer') return null;
  const known = encodingOf(name);
  if (known) return known;
  const message = `The argument 'encoding' is invalid encoding. Received '${name}'`;
  throw nodeError(new TypeError(message), 'ERR_INVALID_ARG_VALUE');
}

export function readFileSync(path: PathLike | number, options: { encoding: string } | string): string;
export function readFileSync(path: PathLike | number, options?: { encoding?: null; flag?: string } | null): Buffer;
export function readFileSync(path: PathLike | number, options?: ReadOptions): string | Buffer {
  const encoding = encodingIn(options);
  const bytes = typeof path === 'number' ? readAll(path) : readWhole(pathOf(path));
  return encoding === null ? view(bytes) : decode(bytes, encoding);
}

function readWhole(path: string): Bytes {
  const size = sizeOf(path);
  if (size > largestRead) {
    const error = new RangeError(`File size (${size}) is greater than 2 GiB`);
    throw nodeError(error, 'ERR_FS_FILE_TOO_LARGE');
  }
  return new Uint8Array(engine().readFile(path));
}

/** 0 for what cannot be looked at: reading it will say why. */
function sizeOf(path: string): number {
  try {
    return engine().stat(path, true)?.size ?? 0;
  } catch {
    return 0;
  }
}

function bytesOf(data: unknown, options: WriteOptions | undefined): Bytes {
  if (typeof data === 'string') return encode(data, encodingIn(options) ?? 'utf8');
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw wrongType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

export function writeFileSync(path: PathLike | number, data: string | ArrayBufferView, options?: WriteOptions): void {
  const bytes = bytesOf(data, options);
  if (typeof path === 'number') {
    engine().write(path, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
    return;
  }
  const { flag = 'w', mode = 0o666 } = typeof options === 'object' ? (options ?? {}) : {};
  engine().writeFile(pathOf(path), bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length, flag, mode);
}

export function appendFileSync(path: PathLike | number, data: string | ArrayBufferView, options?: WriteOptions): void {
  const given = typeof options === 'object' ? options : { encoding: options };
  writeFileSync(path, data, { flag: 'a', ...given });
}

export function existsSync(path: PathLike): boolean {
  try {
    return engine().stat(pathOf(path), true) !== null;
  } catch {
    return false;
  }
}

export function accessSync(path: PathLike, mode: number = constants.F_OK): void {
  engine().access(pathOf(path), mode);
}

interface StatOptions {
  throwIfNoEntry?: boolean;
}

function statOf(path: PathLike, follow: boolean, { throwIfNoEntry = true }: StatOptions): Stats | undefined {
  const name = pathOf(path);
  const stat = engine().stat(name, follow);
  if (stat) return new Stats(stat);
  if (throwIfNoEntry) throw systemError('ENOENT', { syscall: follow ? 'stat' : 'lstat', path: name });
  return undefined;
}

export function statSync(path: PathLike, options: StatOptions & { throwIfNoEntry: false }): Stats | undefined;
export function statSync(path: PathLike, options?: StatOptions): Stats;
export function statSync(path: PathLike, options: StatOptions = {}): Stats | undefined {
  return statOf(path, true, options);
}

export function lstatSync(path: PathLike, options: StatOptions & { throwIfNoEntry: false }): Stats | undefined;
export function lstatSync(path: PathLike, options?: StatOptions): Stats;
export function lstatSync(path: PathLike, options: StatOptions = {}): Stats | undefined {
  return statOf(path, false, options);
}

export function fstatSync(fd: number): Stats {
  return new Stats(engine().fstat(fd));
}

interface ReaddirOptions {
  withFileTypes?: boolean;
  recursive?: boolean;
  encoding?: string | null;
}

export function readdirSync(path: PathLike, options: ReaddirOptions & { withFileTypes: true }): Dirent[];
export function readdirSync(path: PathLike, options?: ReaddirOptions | string | null): string[];
export function readdirSync(path: PathLike, options?: ReaddirOptions | string | null): (string | Dirent)[] {
  const { withFileTypes = false, recursive = false } = typeof options === 'object' ? (options ?? {}) : {};
  const root = pathOf(path);
  const found: (string | Dirent)[] = [];
  const pending = [''];
  for (let folder = pending.shift(); folder !== undefined; folder = pending.shift()) {
    const place = folder === '' ? root : join(root, folder);
    for (const name of engine().readdir(place)) {
      const inside = folder === '' ? name : `${folder}/${name}`;
      if (!withFileTypes && !recursive) found.push(name);
      else {
        const entry = new Dirent(name, place, engine().stat(join(place, name), false)?.mode ?? 0);
        found.push(withFileTypes ? entry : inside);
        if (recursive && entry.isDirectory()) pending.push(inside);
      }
    }
  }
  return found;
}

export function mkdirSync(
  path: PathLike,
  options?: number | { recursive?: boolean; mode?: number } | null,
): string | undefined {
  const { recursive = false, mode = 0o777 } = typeof options === 'number' ? { mode: options } : (options ?? {});
  const name = pathOf(path);
  if (!recursive) {
    engine().mkdir(name, mode);
    return undefined;
  }
  return makeFolders(name.replace(/(.)\/+$/, '$1'), mode);
}

/** Makes what is missing of a path; the first folder made, if any. */
function makeFolders(path: string, mode: number): string | undefined {
  const existing = engine().stat(path, true);
  if (existing) {
    if (new Stats(existing).isDirectory()) return undefined;
    throw systemError('EEXIST', { syscall: 'mkdir', path });
  }
  const slash = path.lastIndexOf('/');
  const first = slash > 0 ? makeFolders(path.slice(0, slash).replace(/(.)\/+$/, '$1'), mode) : undefined;
  engine().mkdir(path, mode);
  return first ?? join(path.startsWith('/') ? '/' : engine().cwd(), path);
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export function mkdtempSync(prefix: string): string {
  for (let tries = 0; ; tries++) {
    const random = new Uint8Array(engine().random(6));
    const path = pathOf(prefix, 'prefix') + Array.from(random, (byte) => letters[byte % letters.length]).join('');
    try {
      engine().mkdir(path, 0o700);
      return path;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code !== 'EEXIST' || tries === 100)
        throw systemError(String(code), { syscall: 'mkdtemp', path: `${prefix}XXXXXX` });
    }
  }
}

export interface RmOptions {
  recursive?: boolean;
  force?: boolean;
}

export function rmSync(path: PathLike, { recursive = false, force = false }: RmOptions = {}): void {
  const name = pathOf(path);
  const stat = engine().stat(name, false);
  if (!stat) {
    if (!force) throw systemError('ENOENT', { syscall: 'rm', path: name });
    return;
  }
  if (!new Stats(stat).isDirectory()) engine().unlink(name);
  else if (recursive) removeFolder(name);
  else {
    const message = `Path is a directory: rm returned EISDIR (is a directory) ${name}`;
    throw Object.assign(new Error(message), {
      name: 'SystemError',
      code: 'ERR_FS_EISDIR',
      errno: 21,
      path: name,
      syscall: 'rm',
    });
  }
}

function removeFolder(path: string): void {
  for (const name of engine().readdir(path)) rmSync(`${path}/${name}`, { recursive: true, force: true });
  engine().rmdir(path);
}

export function rmdirSync(path: PathLike): void {
  engine().rmdir(pathOf(path));
}

export function unlinkSync(path: PathLike): void {
  engine().unlink(pathOf(path));
}

export function renameSync(from: PathLike, to: PathLike): void {
  engine().rename(pathOf(from, 'oldPath'), pathOf(to, 'newPath'));
}

export function copyFileSync(from: PathLike, to: PathLike, mode = 0): void {
  const [source, target] = [pathOf(from, 'src'), pathOf(to, 'dest')];
  const stat = engine().stat(source, true);
  if (!stat) throw systemError('ENOENT', { syscall: 'copyfile', path: source, dest: target });
  const bytes = engine().readFile(source);
  const flags = (mode & constants.COPYFILE_EXCL) !== 0 ? 'wx' : 'w';
  engine().writeFile(target, bytes, 0, bytes.byteLength, flags, stat.mode & 0o777);
}

export function symlinkSync(target: PathLike, path: PathLike): void {
  engine().symlink(pathOf(target, 'target'), pathOf(path));
}

export function readlinkSync(path: PathLike): string {
  return engine().readlink(pathOf(path));
}

export function chmodSync(path: PathLike, mode: number | string): void {
  engine().chmod(pathOf(path), typeof mode === 'string' ? Number.parseInt(mode, 8) : mode);
}

function realpath(path: PathLike): string {
  return engine().realpath(pathOf(path));
}

export const realpathSync = Object.assign((path: PathLike): string => realpath(path), { native: realpath });

export function openSync(path: PathLike, flags: string = 'r', mode = 0o666): number {
  if (typeof flags !== 'string') throw wrongType('flags', 'of type string', flags);
  return engine().open(pathOf(path), flags, mode);
}

export function closeSync(fd: number): void {
  engine().close(fd);
}

interface ReadPlace {
  offset?: number;
  length?: number;
  position?: number | bigint | null;
}

export function readSync(
  fd: number,
  buffer: ArrayBufferView,
  offsetOrPlace: number | ReadPlace | null = 0,
  givenLength?: number,
  givenPosition: number | bigint | null = null,
): number {
  const place =
    typeof offsetOrPlace === 'object'
      ? (offsetOrPlace ?? {})
      : { offset: offsetOrPlace, length: givenLength, position: givenPosition };
  const { offset = 0, position = null } = place;
  const length = place.length ?? buffer.byteLength - offset;
  if (offset < 0 || length < 0 || offset + length > buffer.byteLength) {
    const message = `The value of "length" is out of range. It must be <= ${buffer.byteLength - offset}. Received ${length}`;
    throw nodeError(new RangeError(message), 'ERR_OUT_OF_RANGE');
  }
  if (length === 0) return 0;
  const at = position === null ? -1 : Number(position);
  return engine().read(fd, buffer.buffer as ArrayBuffer, buffer.byteOffset + offset, length, at);
}

export function writeSync(fd: number, data: string | ArrayBufferView, offset = 0, length?: number | string): number {
  const bytes = bytesOf(data, typeof length === 'string' ? length : undefined);
  const part =
    typeof data === 'string' ? bytes : bytes.subarray(offset, offset + Number(length ?? bytes.length - offset));
  return engine().write(fd, part.buffer as ArrayBuffer, part.byteOffset, part.length);
}
