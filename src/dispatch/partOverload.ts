/** @file What every `compileCache` on a function has, in the cache's programs and in packaged ones: its matchers, its counters, the eager run. */

import { declaredMatchers } from '../capture/declared.ts';
import {
  type AdmittedDims,
  admitValue,
  type InputMatchers,
  type Matcher,
  matchersOfCall,
  type Parameter,
} from '../capture/matchers.ts';
import type { SourceMeta } from '../capture/sources.ts';
import { currentMode, type Mode, type Precision } from './mode.ts';
import { type PartReport, reportOf } from './reports.ts';

export interface CompileCacheOptions<Matchers = InputMatchers> {
  /** Folder for the records of this part, relative to the file that says it: to be committed or shipped. Default: the user's cache. */
  readonly out?: string;
  /** What is declared of the arguments: by parameter name, or in parameter order. */
  readonly inputMatchers?: Matchers;
  /** When native code is made after a capture. Default 'now'. */
  readonly compile?: 'now' | 'background' | 'never';
  /** Arithmetic of the native code. Default: setPrecision(), TN_PRECISION, float32. */
  readonly precision?: Precision;
}

export type Raw = (this: unknown, ...args: unknown[]) => unknown;

export abstract class PartOverload {
  readonly part: string;
  readonly options: CompileCacheOptions;
  readonly raw: Raw;
  readonly meta: SourceMeta | null;
  readonly parameters: readonly Parameter[];
  readonly names: readonly string[];
  protected readonly report: PartReport;
  private readonly matchers: readonly Matcher[];

  constructor(
    part: string,
    options: CompileCacheOptions,
    raw: Raw,
    meta: SourceMeta | null,
    parameters: readonly Parameter[],
  ) {
    this.part = part;
    this.options = options;
    this.raw = raw;
    this.meta = meta;
    this.parameters = parameters;
    this.names = parameters.map((parameter, i) => parameter.name ?? `argument ${i}`);
    this.matchers = declaredMatchers({ name: part, place: this.place, parameters }, options.inputMatchers);
    this.report = reportOf(part);
  }

  /** null when this overload takes the call, else why not. */
  admit(args: readonly unknown[]): string | null {
    if (this.matchers.length === 0) return null;
    const dims: AdmittedDims = new Map();
    const matchers = this.matchersFor(args);
    for (let i = 0; i < matchers.length; i++) {
      const problem = admitValue(matchers[i], args[i], this.names[i] ?? `argument ${i}`, dims);
      if (problem) return problem;
    }
    return null;
  }

  protected matchersFor(args: readonly unknown[]): readonly Matcher[] {
    return matchersOfCall(this.matchers, this.parameters, args.length);
  }

  call(self: unknown, args: unknown[]): unknown {
    const start = performance.now();
    try {
      return this.dispatch(self, args, currentMode());
    } finally {
      this.report.ms += performance.now() - start;
    }
  }

  /** The same off this thread where that can be: under Node, where native code fits. Never throws: it rejects. */
  async callAsync(self: unknown, args: unknown[]): Promise<unknown> {
    return this.call(self, args);
  }

  /** Runs something here when every asynchronous call before it is over. */
  async whenAlone(run: () => unknown): Promise<unknown> {
    return run();
  }

  /** Whether an admitted call finds compiled code, or makes it. */
  hasCodeFor(_self: unknown, _args: readonly unknown[]): boolean {
    return true;
  }

  /** An admitted call. */
  protected abstract dispatch(self: unknown, args: unknown[], mode: Mode): unknown;

  countEager(): void {
    this.report.eager++;
  }

  protected eager(self: unknown, args: unknown[]): unknown {
    this.report.eager++;
    return this.raw.apply(self, args);
  }

  /** Where the decorated function stands, for messages. */
  protected get place(): string | null {
    const { meta } = this;
    return meta ? `${meta.file.info.file}:${meta.loc[0]}:${meta.loc[1]}` : null;
  }
}

/** Makes the overload of one `compileCache(...)`. */
export type OverloadMaker = (
  part: string,
  options: CompileCacheOptions,
  raw: Raw,
  meta: SourceMeta | null,
  parameters: readonly Parameter[],
) => PartOverload;
