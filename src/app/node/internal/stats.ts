/** @file What `statSync` and `readdirSync` say of a file. */

import type { HostStat } from '../../host.ts';

const kindMask = 0o170000;
const kinds = {
  fifo: 0o010000,
  character: 0o020000,
  folder: 0o040000,
  block: 0o060000,
  file: 0o100000,
  link: 0o120000,
  socket: 0o140000,
} as const;

class Kind {
  readonly #kind: number;

  constructor(mode: number) {
    this.#kind = mode & kindMask;
  }

  isFile(): boolean {
    return this.#kind === kinds.file;
  }

  isDirectory(): boolean {
    return this.#kind === kinds.folder;
  }

  isSymbolicLink(): boolean {
    return this.#kind === kinds.link;
  }

  isFIFO(): boolean {
    return this.#kind === kinds.fifo;
  }

  isSocket(): boolean {
    return this.#kind === kinds.socket;
  }

  isCharacterDevice(): boolean {
    return this.#kind === kinds.character;
  }

  isBlockDevice(): boolean {
    return this.#kind === kinds.block;
  }
}

export class Stats extends Kind {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;

  constructor(stat: HostStat) {
    super(stat.mode);
    this.dev = stat.dev;
    this.ino = stat.ino;
    this.mode = stat.mode;
    this.nlink = stat.nlink;
    this.uid = stat.uid;
    this.gid = stat.gid;
    this.size = stat.size;
    this.atimeMs = stat.atimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.ctimeMs = stat.ctimeMs;
  }

  get atime(): Date {
    return new Date(Math.round(this.atimeMs));
  }

  get mtime(): Date {
    return new Date(Math.round(this.mtimeMs));
  }

  get ctime(): Date {
    return new Date(Math.round(this.ctimeMs));
  }
}

/** An entry of a folder. */
export class Dirent extends Kind {
  readonly name: string;
  readonly parentPath: string;
  readonly path: string;

  constructor(name: string, folder: string, mode: number) {
    super(mode);
    this.name = name;
    this.parentPath = folder;
    this.path = folder;
  }
}
