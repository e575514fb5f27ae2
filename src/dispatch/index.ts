/** @file What users of the package meet of capture and dispatch. */

import { compileCacheWith } from './compileCache.ts';
import { Overload } from './overload.ts';

export type { InputMatchers, Matcher } from '../capture/matchers.ts';
export { Dim, type DimOptions, type DimSpec } from '../symbolic/dim.ts';
export type { Size } from '../symbolic/symInt.ts';
export { asyncCall, type Part } from './asyncPart.ts';
export { type CompileCache, type CompileCacheDecorator, canRunNative } from './compileCache.ts';
export { type Precision, setPrecision } from './mode.ts';
export type { CompileCacheOptions } from './partOverload.ts';
export { setThreads } from './processRuntime.ts';
export { type PartReport, partReports } from './reports.ts';
export { __tn } from './transformed.ts';

/** Decorates or wraps what is to be captured on its first call and to run native from then on. */
export const compileCache = compileCacheWith((...args) => new Overload(...args));
