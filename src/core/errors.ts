/** @file The one error shape of the package (what failed, where, what was found, what to do) and internal invariants. */

import { captureLocation, formatLocation } from './location.ts';

export interface ErrorParts {
  /** What failed, in the user's names: one sentence. */
  readonly what: string;
  /** The user's file and line. By default where the call came from; null: nowhere. */
  readonly where?: string | null;
  /** What was found: one line each, printed indented. */
  readonly found?: readonly string[];
  /** What to do about it. */
  readonly fix?: string | null;
}

/** Every error that a user can cause. `message` holds all four parts, a line each. */
export class TnError extends Error {
  override readonly name = 'TnError';
  readonly parts: ErrorParts;

  constructor(parts: ErrorParts | string) {
    const given = typeof parts === 'string' ? { what: parts } : parts;
    const all = given.where === undefined ? { ...given, where: userLine() } : given;
    super(formatParts(all));
    this.parts = all;
  }
}

function userLine(): string | null {
  const location = captureLocation();
  return location && formatLocation(location);
}

function formatParts({ what, where, found, fix }: ErrorParts): string {
  const lines = [what];
  for (const line of found ?? []) lines.push(`  ${line}`);
  if (where) lines.push(`  at ${where}`);
  if (fix) lines.push(`  fix   ${fix}`);
  return lines.join('\n');
}

/** The first line of an error's message: what a one-line report shows. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0];
}

/** A broken assumption of our own: a bug in this package, never the user's fault. */
export function invariant(condition: unknown, message: () => string): asserts condition {
  if (!condition) throw new Error(`internal: ${message()} (please report this)`);
}
