/** @file From positions in the code that runs to the lines that the user wrote: what source maps and transformed files tell. */

/** Whether a runner has mapped a position; `'same'` where it has looked at it, and it stayed what it was. */
export type Mapped = 'yes' | 'no' | 'same';

/** A position in the code that runs. */
export interface RunningPosition {
  /** The file as the engine (or the runner) names it: a path or a URL. Empty for built-in functions. */
  readonly script: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  readonly mapped: Mapped;
}

export interface Position {
  /** Absolute path where it is one. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** Set where a tool has given names of its own: functions of one or two letters are not the author's. */
  readonly renamed?: boolean;
}

/** `null`: there is no map. `'inserted'`: there is one, and the tool that made it put the code there by itself. */
export type Origin = Position | 'inserted' | null;

/** Reads source maps; Node's half implements it (`src/runtime/sourceMaps.ts`). */
export interface SourceLines {
  /**
   * Where a position was written.
   *
   * @param script the file as the engine names it: a path or a URL
   * @param mapped whether the runner has taken one step already
   */
  originOf(script: string, line: number, column: number, mapped: boolean): Origin;
}

let reader: SourceLines | null = null;

/** Installs what reads source maps. Without it positions are those that the runner gives. */
export function setSourceLines(lines: SourceLines): void {
  reader = lines;
}

/** Generated files, and the sources that the transformer made them of. */
const sourcesOf = new Map<string, string[]>();

/** A transformed source file was loaded, as `script` (where it may stand together with others). */
export function noteTransformed(script: string, source: string): void {
  const path = pathOf(script);
  const known = sourcesOf.get(path);
  if (!known) sourcesOf.set(path, [source]);
  else if (!known.includes(source)) known.push(source);
}

/** The transformed sources that were loaded so far, as absolute paths. */
export function* transformedSources(): Generator<string> {
  for (const sources of sourcesOf.values()) yield* sources;
}

/** The path in a file URL, without query; everything else as it is. */
export function pathOf(script: string): string {
  if (!script.startsWith('file://')) return script;
  const path = script.slice('file://'.length).replace(/[?#].*$/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Whether a file is not what its author wrote, as the engine runs it. */
function isGenerated(file: string): boolean {
  return sourcesOf.has(file) || (/\.[cm]?tsx?$/.test(file) && !runsTypeScript());
}

/** An engine that takes types out by itself leaves every position where it was. */
function runsTypeScript(): boolean {
  const { features } = (globalThis.process ?? {}) as { readonly features?: { readonly typescript?: unknown } };
  return Boolean(features?.typescript);
}

/**
 * Where what runs at a position was written. A position that no map speaks of stands for itself, unless its file was
 * generated: `'lost'`.
 */
export function sourcePosition({ script, line, column, mapped }: RunningPosition): Position | 'inserted' | 'lost' {
  const origin = reader?.originOf(script, line, column, mapped === 'yes') ?? null;
  if (origin !== null) return origin;
  const file = pathOf(script);
  return mapped === 'no' && isGenerated(file) ? 'lost' : { file, line, column };
}
