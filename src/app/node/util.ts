/** @file `node:util`: command lines, text of values, and small helpers. */

import { format, inspect } from './internal/inspect.ts';
import { type ParseArgsConfig, type ParsedArgs, parseArguments } from './internal/parseArgs.ts';
import { process } from './process.ts';

export type { OptionSpec, ParseArgsConfig, ParseArgsToken } from './internal/parseArgs.ts';
export { format, inspect };

const { TextDecoder, TextEncoder } = globalThis as unknown as {
  TextDecoder: typeof globalThis.TextDecoder;
  TextEncoder: typeof globalThis.TextEncoder;
};

export { TextDecoder, TextEncoder };

/** Reads a command line; without `args` the program's own. */
export function parseArgs(config: ParseArgsConfig = {}): ParsedArgs {
  return parseArguments(config.args ?? process.argv.slice(2), config);
}

type Callback = (error: unknown, value?: unknown) => void;

/** A function that calls back, as one that returns a promise. */
export function promisify(fn: (...args: never[]) => void): (...args: unknown[]) => Promise<unknown> {
  return (...args) =>
    new Promise((resolve, reject) => {
      const done: Callback = (error, value) => (error ? reject(error) : resolve(value));
      (fn as (...args: unknown[]) => void)(...args, done);
    });
}

/** The function; a warning, once, when it is called. */
export function deprecate<F extends (...args: never[]) => unknown>(fn: F, message: string): F {
  let isTold = false;
  const wrapped = function (this: unknown, ...args: never[]): unknown {
    if (!isTold) process.emitWarning(message);
    isTold = true;
    return fn.apply(this, args);
  };
  return wrapped as F;
}

/** A text without the escape sequences that colour it. */
export function stripVTControlCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u001b\u009b][[()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-ORZcf-nqry=><]/g, '');
}

/** Whether two values are equal all the way down, of one kind each. */
export function isDeepStrictEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date && b instanceof Date && a.getTime() !== b.getTime()) return false;
  if (a instanceof Map && b instanceof Map) return a.size === b.size && isDeepStrictEqual([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return a.size === b.size && isDeepStrictEqual([...a], [...b]);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  return keys.every((key) => Object.hasOwn(b, key) && isDeepStrictEqual(left[key], right[key]));
}
