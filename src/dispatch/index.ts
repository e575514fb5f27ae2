/** @file What users of the package meet of capture and dispatch. */

// Decorators of both dialects store metadata under this symbol; Node 20 does not have it yet.
(Symbol as { metadata?: symbol }).metadata ??= Symbol('Symbol.metadata');

export type { InputMatchers, Matcher } from '../capture/matchers.ts';
export { Dim, type DimOptions, type DimSpec } from '../symbolic/dim.ts';
export type { Size } from '../symbolic/symInt.ts';
export { type CompileCacheDecorator, compileCache } from './compileCache.ts';
export { type Precision, setPrecision } from './mode.ts';
export { type CompileCacheOptions, type PartReport, partReports } from './overload.ts';
export { setThreads } from './threads.ts';
export { __tn } from './transformed.ts';
