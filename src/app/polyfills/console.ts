/** @file `console`, which writes as Node's does, `performance` and `crypto`'s randomness. */

import { engine } from '../node/internal/engine.ts';
import { format, inspect } from '../node/internal/inspect.ts';
import { defineMissing } from './define.ts';

let indent = '';
const counts = new Map<string, number>();
const starts = new Map<string, number>();

/** A closed pipe or a full disk does not end a program that only logs: so Node has it. */
function say(fd: 1 | 2, args: readonly unknown[]): void {
  const text = format(...args);
  try {
    engine().writeText(fd, (indent === '' ? text : indent + text.replace(/\n/g, `\n${indent}`)) + '\n');
  } catch {
    // Nobody is left to tell.
  }
}

const out = (...args: unknown[]): void => say(1, args);
const err = (...args: unknown[]): void => say(2, args);

function group(...args: unknown[]): void {
  if (args.length > 0) out(...args);
  indent += '  ';
}

function elapsed(label: string, rest: readonly unknown[]): void {
  const start = starts.get(label);
  if (start === undefined) err(`Warning: No such label '${label}' for console.timeEnd()`);
  else out(`${label}: ${(engine().now() - start).toFixed(3)}ms`, ...rest);
}

const console = {
  log: out,
  info: out,
  debug: out,
  error: err,
  warn: err,
  dir: (value: unknown, options?: object): void => out(inspect(value, options)),
  trace: (...args: unknown[]): void => err(`Trace: ${format(...args)}\n${new Error().stack ?? ''}`),
  assert(ok: unknown, ...args: unknown[]): void {
    if (!ok) err(...(args.length > 0 ? ['Assertion failed:', ...args] : ['Assertion failed']));
  },
  group,
  groupCollapsed: group,
  groupEnd(): void {
    indent = indent.slice(2);
  },
  count(label = 'default'): void {
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    out(`${label}: ${count}`);
  },
  countReset: (label = 'default'): boolean => counts.delete(label),
  time(label = 'default'): void {
    starts.set(label, engine().now());
  },
  timeLog: (label = 'default', ...args: unknown[]): void => elapsed(label, args),
  timeEnd(label = 'default'): void {
    elapsed(label, []);
    starts.delete(label);
  },
  table: (value: unknown): void => out(value),
};

const performance = {
  now: (): number => engine().now(),
  get timeOrigin(): number {
    return engine().timeOrigin;
  },
  toJSON: (): object => ({ timeOrigin: engine().timeOrigin }),
};

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const crypto = {
  getRandomValues<T extends ArrayBufferView>(target: T): T {
    const random = new Uint8Array(engine().random(target.byteLength));
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(random);
    return target;
  },
  randomUUID(): string {
    const bytes = new Uint8Array(engine().random(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  },
};

defineMissing(globalThis, { console, performance, crypto });
