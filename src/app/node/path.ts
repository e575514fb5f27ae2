/** @file `node:path`: paths of POSIX systems, as Node treats them. */

import { engine } from './internal/engine.ts';
import { wrongType } from './internal/errors.ts';

export const sep = '/';
export const delimiter = ':';

/** What `parse` gives and `format` takes. */
export interface ParsedPath {
  root: string;
  dir: string;
  base: string;
  ext: string;
  name: string;
}

function checked(path: unknown, name = 'path'): string {
  if (typeof path !== 'string') throw wrongType(name, 'of type string', path);
  return path;
}

/** The path without `.`, `..` and empty segments; `..` above a relative path's start stays. */
function simplified(path: string, absolute: boolean): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept[kept.length - 1] !== '..') kept.pop();
    else if (!absolute) kept.push('..');
  }
  return kept.join('/');
}

export function normalize(path: string): string {
  checked(path);
  if (path === '') return '.';
  const absolute = path.startsWith('/');
  let simple = simplified(path, absolute);
  if (simple === '' && !absolute) return path.endsWith('/') ? './' : '.';
  if (simple !== '' && path.endsWith('/')) simple += '/';
  return absolute ? `/${simple}` : simple;
}

export function isAbsolute(path: string): boolean {
  return checked(path).startsWith('/');
}

export function join(...parts: string[]): string {
  const joined = parts.filter((part) => checked(part) !== '').join('/');
  return joined === '' ? '.' : normalize(joined);
}

export function resolve(...parts: string[]): string {
  let path = '';
  for (let i = parts.length - 1; i >= 0 && !path.startsWith('/'); i--) {
    const part = checked(parts[i], `paths[${i}]`);
    if (part !== '') path = path === '' ? part : `${part}/${path}`;
  }
  if (!path.startsWith('/')) path = path === '' ? engine().cwd() : `${engine().cwd()}/${path}`;
  return `/${simplified(path, true)}`;
}

export function relative(from: string, to: string): string {
  const start = resolve(checked(from, 'from'));
  const end = resolve(checked(to, 'to'));
  if (start === end) return '';
  const [here, there] = [start, end].map((path) => path.split('/').filter((part) => part !== ''));
  let common = 0;
  while (common < here.length && common < there.length && here[common] === there[common]) common++;
  return [...here.slice(common).map(() => '..'), ...there.slice(common)].join('/');
}

export function dirname(path: string): string {
  checked(path);
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  if (trimmed === '') return '/';
  const slash = trimmed.lastIndexOf('/');
  if (slash < 0) return '.';
  // Only `//name` keeps both slashes, as POSIX has it.
  if (slash === 0) return '/';
  return slash === 1 && trimmed[0] === '/' ? '//' : trimmed.slice(0, slash);
}

export function basename(path: string, suffix?: string): string {
  checked(path);
  if (suffix !== undefined) checked(suffix, 'suffix');
  const trimmed = path.replace(/\/+$/, '');
  const base = trimmed.slice(trimmed.lastIndexOf('/') + 1);
  if (suffix === undefined || suffix === '' || !base.endsWith(suffix)) return base;
  return base === suffix && trimmed === path
    ? path === base
      ? ''
      : base
    : base.slice(0, base.length - suffix.length) || base;
}

export function extname(path: string): string {
  const base = basename(checked(path));
  const dot = base.lastIndexOf('.');
  return dot <= 0 || base === '..' ? '' : base.slice(dot);
}

export function parse(path: string): ParsedPath {
  const root = checked(path).startsWith('/') ? '/' : '';
  const base = basename(path);
  const ext = extname(path);
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  const dir = slash > 0 ? trimmed.slice(0, slash) : root;
  return { root, dir, base, ext, name: base.slice(0, base.length - ext.length) };
}

export function format(parts: Partial<ParsedPath>): string {
  const ext = parts.ext ? `${parts.ext.startsWith('.') ? '' : '.'}${parts.ext}` : '';
  const base = parts.base || `${parts.name ?? ''}${ext}`;
  const dir = parts.dir || parts.root;
  if (!dir) return base;
  return dir === parts.root ? `${dir}${base}` : `${dir}/${base}`;
}

/** Only Windows has such paths. */
export function toNamespacedPath(path: string): string {
  return path;
}

export const posix = {
  sep,
  delimiter,
  normalize,
  isAbsolute,
  join,
  resolve,
  relative,
  dirname,
  basename,
  extname,
  parse,
  format,
  toNamespacedPath,
};
