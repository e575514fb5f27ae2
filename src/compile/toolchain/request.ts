/** @file What goes to the build and what comes back: plain data, as it crosses to the helper process. */

import type { Compiler } from './compiler.ts';

/** One C file. Equal files with equal flags are compiled once, whatever their names. */
export interface CompileJob {
  /** For people: progress, errors and the file's name (letters, digits, `_`, `-`, `.`). */
  readonly name: string;
  /** The C text. */
  readonly source: string;
  readonly flags: readonly string[];
}

export interface BuildRequest {
  /** For people: what is being built, the part's name say. */
  readonly title: string;
  readonly compiler: Compiler;
  readonly jobs: readonly CompileJob[];
  /** Files that the sources include with quotes: name → text. */
  readonly headers: Readonly<Record<string, string>>;
  /** Objects are kept here by content; created when missing. */
  readonly objectFolder: string;
  /** The shared library: `<folder>/<prefix>-<hash>.so`, or null for objects alone. */
  readonly link: { readonly folder: string; readonly prefix: string; readonly flags: readonly string[] } | null;
  /** Compilers at a time; default: the cores. */
  readonly parallel?: number;
  /** For one compiler run, ms; default 120 000. */
  readonly timeout?: number;
  /** No progress on stderr. */
  readonly quiet?: boolean;
}

/** What went wrong, sorted by what can be done about it. */
export type BuildFailureKind =
  /** The compiler refused a file: a bug of ours, or a compiler too old. `stderr` has its words. */
  | 'compile'
  | 'link'
  /** The compiler is not there or cannot be started. */
  | 'compiler'
  /** No room left for files. */
  | 'space'
  /** The folder cannot be written. */
  | 'unwritable'
  | 'timeout'
  /** A signal, or the parent went away. */
  | 'interrupted'
  /** The helper process died, or answered nonsense. */
  | 'internal';

export interface BuildFailure {
  readonly ok: false;
  readonly kind: BuildFailureKind;
  /** One line. */
  readonly message: string;
  /** Name of the job that failed. */
  readonly job?: string;
  /** What the compiler said, at most 16 KB. */
  readonly stderr?: string;
}

export interface BuildSuccess {
  readonly ok: true;
  /** Absolute path of the library; null when none was asked for. */
  readonly library: string | null;
  /** Paths of the objects, in the order of the jobs. */
  readonly objects: readonly string[];
  /** Compiler runs, and jobs that needed none. */
  readonly compiled: number;
  readonly reused: number;
  readonly ms: number;
}

export type BuildResult = BuildSuccess | BuildFailure;
