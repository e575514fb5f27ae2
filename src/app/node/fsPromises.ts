/** @file `node:fs/promises`: the same functions; the promise is settled when they return. */

import * as fs from './fs.ts';

/** The function with its result, or its error, in a promise. */
function promised<A extends unknown[], R>(action: (...args: A) => R): (...args: A) => Promise<R> {
  return async (...args) => action(...args);
}

export const readFile = promised((path: fs.PathLike, options?: string | { encoding?: string | null } | null) =>
  fs.readFileSync(path, options as string),
);
export const writeFile = promised(fs.writeFileSync);
export const appendFile = promised(fs.appendFileSync);
export const stat = promised((path: fs.PathLike) => fs.statSync(path));
export const lstat = promised((path: fs.PathLike) => fs.lstatSync(path));
export const readdir = promised((path: fs.PathLike, options?: { withFileTypes?: boolean; recursive?: boolean }) =>
  fs.readdirSync(path, options),
);
export const mkdir = promised(fs.mkdirSync);
export const mkdtemp = promised(fs.mkdtempSync);
export const rm = promised(fs.rmSync);
export const rmdir = promised(fs.rmdirSync);
export const unlink = promised(fs.unlinkSync);
export const rename = promised(fs.renameSync);
export const copyFile = promised(fs.copyFileSync);
export const symlink = promised(fs.symlinkSync);
export const readlink = promised(fs.readlinkSync);
export const chmod = promised(fs.chmodSync);
export const access = promised(fs.accessSync);
export const realpath = promised((path: fs.PathLike) => fs.realpathSync(path));
export { constants } from './fs.ts';
