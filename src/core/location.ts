/** @file Where in the user's source a call came from, read off the stack while a capture runs. */

export interface SourceLocation {
  /** Absolute path. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** The enclosing function, e.g. `Attention.forward`. */
  readonly fn?: string;
}

let ownFolders: readonly string[] | null = null;

/** In the package's folder. Built files stand in its `dist`, but their source maps speak of the sources. */
function isOwnFrame(url: string): boolean {
  if (url.includes('/test/')) return false;
  if (!ownFolders) {
    const root = new URL('../../', import.meta.url).href.replace(/\/dist\/$/, '/');
    ownFolders = ['src/', 'dist/', 'cache/', 'transformers/'].map((folder) => root + folder);
  }
  return ownFolders.some((folder) => url.startsWith(folder));
}

const framePattern = /^\s*at (?:(?:async )?(.*?) \()?((?:file:\/\/|\/)[^()]*?):(\d+):(\d+)\)?$/;

/**
 * The innermost stack frame outside this package, or null. Costs some 20 µs: call it only while capturing.
 * Lines are those of the TypeScript source where source maps are enabled (`tn run`, `torchnative/register`, vitest).
 */
export function captureLocation(): SourceLocation | null {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  Error.captureStackTrace(holder, captureLocation);
  const stack = holder.stack ?? '';
  Error.stackTraceLimit = limit;
  for (const text of stack.split('\n')) {
    const match = framePattern.exec(text);
    if (!match) continue;
    const [, fn, url, line, column] = match;
    const href = url.startsWith('/') ? `file://${url}` : url;
    if (isOwnFrame(href) || href.includes('/node_modules/')) continue;
    const file = decodeURIComponent(href.slice('file://'.length));
    // Lowered decorators leave `_Attention` for a class `Attention`.
    const name = fn
      ?.replace(/^new /, '')
      .replace(/ \[as .*\]$/, '')
      .replace(/^_(?=[A-Z])/, '');
    // A function handed to the wrapper has no name of its own.
    const known = name && !/^(compileCache\b|<anonymous>|Object\.<anonymous>)/.test(name);
    return { file, line: Number(line), column: Number(column), ...(known ? { fn: name } : {}) };
  }
  return null;
}

/**
 * Whether `callee` was called from outside this package, built-in functions in between or not. Node's own code (what
 * `console.log` does with its arguments) counts as neither.
 */
export function calledByUser(callee: (...args: never[]) => unknown): boolean {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 8;
  Error.captureStackTrace(holder, callee);
  const stack = holder.stack ?? '';
  Error.stackTraceLimit = limit;
  for (const text of stack.split('\n')) {
    if (/\(?node:/.test(text)) return false;
    const match = framePattern.exec(text);
    // The method that JavaScript called stands on the stack too.
    if (!match || /\[Symbol\.toPrimitive\]|\.toJSON$/.test(match[1] ?? '')) continue;
    return !isOwnFrame(match[2].startsWith('/') ? `file://${match[2]}` : match[2]);
  }
  return false;
}

/** `Attention.forward (model.ts:88:14)`: the way errors and graphs show a location. */
export function formatLocation(location: SourceLocation | null): string {
  if (!location) return '(unknown line)';
  const place = `${location.file.split('/').at(-1)}:${location.line}:${location.column}`;
  return location.fn ? `${location.fn} (${place})` : place;
}
