/** @file The public API of `torchnative` inside a packaged program: the same names as `src/index.ts`, on the linked runtime. */

import { registerOwnClasses } from '../capture/sources.ts';
import { compileCacheWith } from '../dispatch/compileCache.ts';
import type { Precision } from '../dispatch/mode.ts';
import * as nn from '../nn/index.ts';
import { engine } from './node/internal/engine.ts';
import { packagedOverloads } from './packagedOverload.ts';
import { startProgram } from './program.ts';

export type { InputMatchers, Matcher } from '../capture/matchers.ts';
export { asyncCall, type Part } from '../dispatch/asyncPart.ts';
export { type CompileCache, type CompileCacheDecorator, canRunNative } from '../dispatch/compileCache.ts';
export type { Precision } from '../dispatch/mode.ts';
export type { CompileCacheOptions } from '../dispatch/partOverload.ts';
export { type PartReport, partReports } from '../dispatch/reports.ts';
export { __tn } from '../dispatch/transformed.ts';
export { Dim, type DimOptions, type DimSpec } from '../symbolic/dim.ts';
export type { Size } from '../symbolic/symInt.ts';
export * from '../tensor/index.ts';
export { nn };

registerOwnClasses(nn);
const program = startProgram(engine());

/** Decorates or wraps what runs on the compiled parts of this program. */
export const compileCache = compileCacheWith(packagedOverloads(program.parts));

/**
 * Whether the code of this program is of a precision; it has one only.
 * @throws TnError when it is of another one
 */
export function setPrecision(precision: Precision): void {
  program.parts.checkPrecision(precision);
}

/** Threads of compiled calls, for the whole process; default: TN_THREADS, else the cores that affinity and cgroup allow. */
export function setThreads(count: number): void {
  program.setThreads(count);
}
