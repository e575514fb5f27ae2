/**
 * @file The frames of the running stack. The engine's own positions are read, and beside them what a runner's
 * `Error.prepareStackTrace` makes of them (vitest and `source-map-support` map positions there); Node's own mapping of
 * traces is left out, since it is cheaper to map the one frame that is wanted.
 */

import { pathOf, type RunningPosition } from './sourceLines.ts';

export interface Frame extends RunningPosition {
  /** As in a stack trace: `Attention.forward`, `new Model`, `async main`; empty at a file's top level. */
  readonly name: string;
}

/** V8's description of a frame. */
interface Site {
  getFileName(): string | null | undefined;
  getScriptNameOrSourceURL?(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  toString(): string;
}

type Prepare = (error: unknown, sites: readonly Site[]) => unknown;

/** What is written on the global `Error` of V8, all of it optional elsewhere. */
interface ErrorStatics {
  captureStackTrace?: (holder: object, above?: unknown) => void;
  prepareStackTrace?: Prepare | undefined;
  stackTraceLimit?: number;
}

/** The innermost frames, as `keptFrames` gives them, of the stack as it is now. */
export function stackFrames(limit: number, below: unknown = stackFrames): Iterable<Frame> {
  return keptFrames(limit, below)();
}

/**
 * The innermost frames, `below` and what it called left out. Empty on engines that do not tell. Keeping them costs
 * some 10 µs; they are read when the result is called.
 *
 * @param limit how many frames at most
 */
export function keptFrames(limit: number, below: unknown = keptFrames): () => Iterable<Frame> {
  const statics = Error as unknown as ErrorStatics;
  if (typeof statics.captureStackTrace !== 'function') return () => [];
  const previousLimit = statics.stackTraceLimit;
  const holder: { stack?: unknown } = {};
  try {
    statics.stackTraceLimit = limit;
    statics.captureStackTrace(holder, below);
  } catch {
    // Intrinsics may be frozen.
  }
  restore(() => {
    statics.stackTraceLimit = previousLimit;
  });
  return () => read(statics, holder);
}

function read(statics: ErrorStatics, holder: { readonly stack?: unknown }): Iterable<Frame> {
  const previous = statics.prepareStackTrace;
  let sites: readonly Site[] = [];
  let shown: unknown;
  try {
    statics.prepareStackTrace = (error, found) => {
      sites = found;
      if (isRunners(previous)) shown = previous(error, found);
      return '';
    };
    void holder.stack;
  } catch {
    // Intrinsics may be frozen, and a runner's function may throw: what is known by then counts.
  }
  restore(() => {
    statics.prepareStackTrace = previous;
  });
  return framesOf(sites, typeof shown === 'string' ? shown : '');
}

function restore(assign: () => void): void {
  try {
    assign();
  } catch {
    // Frozen: nothing was changed.
  }
}

/** Node's own function maps as its settings say, which is done here frame by frame. */
function isRunners(prepare: Prepare | undefined): prepare is Prepare {
  return typeof prepare === 'function' && prepare.name !== 'ErrorPrepareStackTrace';
}

function framesOf(sites: readonly Site[], text: string): Iterable<Frame> {
  const lines = text.split('\n').filter((line) => /^\s*at /.test(line));
  if (lines.length === 0) return each(sites);
  const shown = lines.map(frameOfText);
  if (shown.length !== sites.length) return shown;
  const raw = sites.map(frameOfSite);
  const differs = shown.map((frame, i) => frame.script !== '' && isMoved(raw[i], frame));
  // What maps some frames has looked at all of them.
  if (!differs.includes(true)) return raw;
  return raw.map((frame, i) => (differs[i] ? shown[i] : { ...frame, mapped: 'same' }));
}

/** One by one: the frame that is wanted is among the first. */
function* each(sites: readonly Site[]): Generator<Frame> {
  for (const site of sites) yield frameOfSite(site);
}

function isMoved(from: Frame, to: Frame): boolean {
  return from.line !== to.line || from.column !== to.column || pathOf(from.script) !== pathOf(to.script);
}

function frameOfSite(site: Site): Frame {
  const script = site.getFileName() || site.getScriptNameOrSourceURL?.() || '';
  const text = String(site);
  const end = script === '' ? -1 : text.lastIndexOf(` (${script}`);
  return {
    script,
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
    name: end < 0 ? '' : text.slice(0, end),
    mapped: 'no',
  };
}

/** `at Attention.forward (/home/me/model.ts:88:14)`, `at file:///home/me/app.ts:3:1`; paths may hold parentheses. */
const shownFrame = /^\s*at (?:(.*?) \()?((?:file:\/\/|\/|node:|webpack).*?):(\d+):(\d+)\)?$/;

function frameOfText(line: string): Frame {
  const match = shownFrame.exec(line);
  if (!match) return { script: '', line: 0, column: 0, name: '', mapped: 'yes' };
  const [, name, script, row, column] = match;
  return { script, line: Number(row), column: Number(column), name: name ?? '', mapped: 'yes' };
}
