/** @file Where in the user's source a call came from, read off the stack while a capture runs or an error is made. */

import { type Frame, keptFrames, stackFrames } from './frames.ts';
import { noteTransformed, type Position, pathOf, sourcePosition } from './sourceLines.ts';

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

/** Frames that are looked at for the user's line: composite functions call each other a few deep. */
const DEPTH = 60;

/** Where the part that runs is written: the answer where the stack leads to no line that can be trusted. */
let place: SourceLocation | null = null;

/** Says where the code that runs next is written. Returns what to give back at its end. */
export function enterPlace(next: SourceLocation | null): SourceLocation | null {
  const outer = place;
  if (next) place = next;
  return outer;
}

export function leavePlace(outer: SourceLocation | null): void {
  place = outer;
}

/** Runs `body` as part of a call that was made elsewhere. */
export function withPlace<T>(next: SourceLocation | null, body: () => T): T {
  const outer = enterPlace(next);
  try {
    return body();
  } finally {
    leavePlace(outer);
  }
}

/** This module, or the package's entry as one file (`bin/bundle.mjs`). */
const ownModule = /(?:(?:dist\/)?src\/core\/location\.[jt]s|dist\/torchnative\.js)$/;
const ownFolders = ['src/', 'dist/', 'cache/', 'transformers/', 'bin/'];

/** The package's folder; null where its modules stand in somebody's bundle. */
const ownRoot = ownModule.test(import.meta.url ?? '') ? pathOf(import.meta.url).replace(ownModule, '') : null;

/** Where a bundle has this module, and the folder of the package in the bundle's source map. */
interface Bundled {
  readonly script: string;
  readonly root: string | null;
}

let bundled: Bundled | null = null;

/** Finds the bundle that this module stands in, by its own frame. */
function findBundled(): Bundled | null {
  const [frame] = stackFrames(1);
  if (!frame) return null;
  const origin = sourcePosition(frame);
  const known = typeof origin !== 'string' && ownModule.test(origin.file);
  const root = known ? origin.file.replace(ownModule, '') : null;
  return { script: frame.script, root };
}

function isWithin(root: string, path: string): boolean {
  if (!path.startsWith(root)) return false;
  const inside = path.slice(root.length);
  return ownFolders.some((folder) => inside.startsWith(folder)) && !inside.includes('/test/');
}

/**
 * What a frame is: a line of the user's, code of this package, a line of generated code that has no source map
 * (`'lost'`), or what says nothing: a built-in function, a helper that a compiler inserted.
 */
function judge(frame: Frame): Position | 'own' | 'lost' | null {
  const { script } = frame;
  if (script === '' || script.startsWith('node:')) return null;
  if (ownRoot !== null && isWithin(ownRoot, pathOf(script))) return 'own';
  const origin = sourcePosition(frame);
  if (origin === 'inserted') return null;
  if (origin === 'lost' || ownRoot !== null) return origin;
  bundled ??= findBundled();
  if (bundled?.root) return isWithin(bundled.root, origin.file) ? 'own' : origin;
  // In one file with this module, and without a map, nothing tells its code from the user's.
  return bundled?.script === script ? 'lost' : origin;
}

/**
 * A transformed file is being loaded: where it stands is generated code.
 *
 * @param url its `import.meta.url`; some bundlers put the source's own address there
 * @param source the source's absolute path
 * @param callee what the file calls first
 */
export function noteLoading(url: string, source: string, callee: (...args: never[]) => unknown): void {
  noteTransformed(url, source);
  const [frame] = stackFrames(1, callee);
  if (frame && frame.script !== '') noteTransformed(frame.script, source);
}

/** Lowered decorators leave `_Attention` for a class `Attention`; a function handed to the wrapper has no name of its own. */
function functionName(name: string, renamed: boolean): string | undefined {
  const shown = name
    .replace(/^async /, '')
    .replace(/^new /, '')
    .replace(/ \[as .*\]$/, '')
    .replace(/^_(?=[A-Z])/, '');
  if (renamed && shown.split('.').some((part) => part.length < 3)) return undefined;
  return shown === '' || /^(compileCache\b|<anonymous>|Object\.<anonymous>)/.test(shown) ? undefined : shown;
}

/**
 * The innermost line of the stack that is outside this package, or where the running part is written, or null. Costs
 * some 20 µs: call it only while capturing, or for an error.
 */
export function captureLocation(): SourceLocation | null {
  return locationAmong(stackFrames(DEPTH, captureLocation), place);
}

/** The same for a stack that is gone when the answer is wanted. Costs some 10 µs. */
export function keepLocation(): () => SourceLocation | null {
  const frames = keptFrames(DEPTH, keepLocation);
  const then = place;
  return () => locationAmong(frames(), then);
}

function locationAmong(frames: Iterable<Frame>, place: SourceLocation | null): SourceLocation | null {
  for (const frame of frames) {
    const seen = judge(frame);
    if (seen === 'lost') return place;
    if (seen === null || seen === 'own' || !seen.file.startsWith('/') || seen.file.includes('/node_modules/')) continue;
    const { file, line, column, renamed } = seen;
    const fn = functionName(frame.name, renamed === true);
    return { file, line, column, ...(fn === undefined ? {} : { fn }) };
  }
  return place;
}

/**
 * Whether `callee` was called from outside this package, built-in functions in between or not. Node's own code (what
 * `console.log` does with its arguments) counts as neither.
 */
export function calledByUser(callee: (...args: never[]) => unknown): boolean {
  for (const frame of stackFrames(8, callee)) {
    if (frame.script.startsWith('node:')) return false;
    // The method that JavaScript called stands on the stack too.
    if (frame.script === '' || /\[Symbol\.toPrimitive\]|\.toJSON$/.test(frame.name)) continue;
    return judge(frame) !== 'own';
  }
  return false;
}

/** `Attention.forward (model.ts:88:14)`: the way errors and graphs show a location. */
export function formatLocation(location: SourceLocation | null): string {
  if (!location) return '(unknown line)';
  const shown = `${location.file.split('/').at(-1)}:${location.line}:${location.column}`;
  return location.fn ? `${location.fn} (${shown})` : shown;
}
