/** @file `compileCache`: TC39 decorator, legacy decorator and wrapper of a function. */

import type { InputMatchers, Parameter } from '../capture/matchers.ts';
import type { AnyFunction, Fitting, MatchersOf } from '../capture/matcherTypes.ts';
import { concrete } from '../capture/settle.ts';
import type { SourceMeta } from '../capture/sources.ts';
import { TnError } from '../core/errors.ts';
import { enterPlace, leavePlace, type SourceLocation } from '../core/location.ts';
import { activeTracer, withTracer } from '../core/tracer.ts';
import { addAsyncForm, type Part } from './asyncPart.ts';
import { assertPrecision, partsAreEager, warnOnce } from './mode.ts';
import type { CompileCacheOptions, OverloadMaker, PartOverload } from './partOverload.ts';
import type { TensorResults } from './partTypes.ts';

// Decorators of both dialects store metadata under this symbol; Node 20 does not have it yet.
(Symbol as { metadata?: symbol }).metadata ??= Symbol('Symbol.metadata');

/** What `compileCache(name, options)` gives: usable as a TC39 and as a legacy method decorator. */
export interface CompileCacheDecorator<Matchers = InputMatchers> {
  <This, F extends AnyFunction>(target: F & Fitting<Matchers, F>, context: ClassMethodDecoratorContext<This, F>): F;
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & Fitting<Matchers, F>,
  ): TypedPropertyDescriptor<F>;
}

const overloadsOf = new WeakMap<object, readonly PartOverload[]>();

/** `compileCache` as programs call it. */
export interface CompileCache {
  /**
   * Captures a function or method on its first call and runs native code on later ones, in this process and others.
   *
   * @param name the part's name in the cache: letters, digits, `_`, `-`, `.`
   * @param options what is declared of the arguments, where the record goes, when it is compiled
   * @param fn the function to wrap; without it a method decorator is returned
   * @throws TnError when the name is taken by another function, or `inputMatchers` names no parameter
   */
  <F extends AnyFunction>(name: string, fn: F): Part<TensorResults<F>>;
  <F extends AnyFunction>(name: string, options: CompileCacheOptions<MatchersOf<F>>, fn: F): Part<TensorResults<F>>;
  <const Matchers extends InputMatchers = InputMatchers>(
    name: string,
    options?: CompileCacheOptions<Matchers>,
  ): CompileCacheDecorator<Matchers>;
}

/** A `compileCache` whose calls go to the overloads that `make` makes: capturing ones, or those of a packaged program. */
export function compileCacheWith(make: OverloadMaker): CompileCache {
  function compileCache(name: string, ...rest: unknown[]): unknown {
    // The transformer appends its metadata as the fourth argument.
    const meta = (rest[2] as SourceMeta | undefined) ?? null;
    const fn = typeof rest[0] === 'function' ? rest[0] : rest[1];
    const options = (typeof rest[0] === 'function' ? {} : (rest[0] ?? {})) as CompileCacheOptions;
    checkName(name);
    if (options.precision !== undefined) assertPrecision(options.precision, `compileCache "${name}"`);
    const wrapped = (method: AnyFunction): AnyFunction => wrap(make, name, options, method, meta);
    if (typeof fn === 'function') return wrapped(fn as AnyFunction);
    return (target: unknown, context: unknown, descriptor?: PropertyDescriptor): unknown => {
      if (typeof target === 'function' && isDecoratorContext(context)) {
        if (context.kind !== 'method') {
          throw new TnError({ what: `compileCache "${name}" decorates a ${context.kind}.`, fix: 'put it on a method' });
        }
        return wrapped(target as AnyFunction);
      }
      if (descriptor && typeof descriptor.value === 'function') {
        return { ...descriptor, value: wrapped(descriptor.value as AnyFunction) };
      }
      throw new TnError({
        what: `compileCache "${name}" decorates no method.`,
        fix: 'put it on a method, or wrap a function',
      });
    };
  }
  return compileCache as CompileCache;
}

/**
 * Whether a call of a decorated function would run compiled code. A packaged program has code for the calls that it was
 * packaged for, and runs others eagerly, on its engine; everywhere else what is missing is made by the call.
 *
 * @param part the decorated function or method
 * @param self what it would be called on
 */
export function canRunNative(part: AnyFunction, self: unknown, args: readonly unknown[]): boolean {
  const admitting = overloadsOf.get(part)?.find((overload) => overload.admit(args) === null);
  return partsAreEager() || (admitting?.hasCodeFor(self, args) ?? false);
}

function isDecoratorContext(x: unknown): x is { readonly kind: string } {
  return typeof x === 'object' && x !== null && 'kind' in x;
}

function checkName(name: string): void {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name)) {
    throw new TnError({
      what: `compileCache: ${JSON.stringify(name)} is no name for a part.`,
      fix: 'use up to 100 letters, digits, `_`, `-` and `.`',
    });
  }
}

function wrap(
  make: OverloadMaker,
  name: string,
  options: CompileCacheOptions,
  fn: AnyFunction,
  meta: SourceMeta | null,
): AnyFunction {
  claimName(name, meta);
  const inner = overloadsOf.get(fn) ?? [];
  const raw = inner.length > 0 ? inner[0].raw : (fn as (this: unknown, ...args: unknown[]) => unknown);
  const parameters = meta?.params ?? inner[0]?.parameters ?? parametersOf(raw);
  const overload = make(name, options, raw, meta, parameters);
  const overloads = [overload, ...inner];
  const place = placeOf(name, meta);
  function dispatched(this: unknown, ...args: unknown[]): unknown {
    const outer = enterPlace(place);
    try {
      return dispatch(this, args);
    } finally {
      leavePlace(outer);
    }
  }
  function dispatch(self: unknown, args: unknown[]): unknown {
    // Inside an outer capture a part is inlined; TN_MODE=eager leaves the cache alone.
    if (partsAreEager()) return raw.apply(self, args);
    if (activeTracer !== null) {
      if (!activeTracer.aborted) return raw.apply(self, args);
      // The outer one stays eager: this one is on its own, with numbers in place of what that capture made symbolic.
      concrete(self);
      const plain = concrete(args).value as unknown[];
      return withTracer(null, () => dispatch(self, plain));
    }
    let reasons = '';
    for (const candidate of overloads) {
      const problem = candidate.admit(args);
      if (problem === null) return candidate.call(self, args);
      reasons += `${reasons ? '; ' : ''}"${candidate.part}": ${problem}`;
    }
    warnOnce(`no overload admits a call, it runs eagerly (${reasons})`, `${name}: admission`);
    overload.countEager();
    return raw.apply(self, args);
  }
  Object.defineProperty(dispatched, 'name', { value: raw.name, configurable: true });
  Object.defineProperty(dispatched, 'length', { value: raw.length, configurable: true });
  overloadsOf.set(dispatched, overloads);
  addAsyncForm(dispatched, overloads, place);
  return dispatched;
}

/** Where a part is written, for what no stack leads to. */
function placeOf(name: string, meta: SourceMeta | null): SourceLocation | null {
  if (!meta) return null;
  const [line, column] = meta.loc;
  return { file: meta.file.info.file, line, column, fn: `part "${name}"` };
}

const claimed = new Map<string, string>();

/** One name, one place: two functions of one name in a file would share entries. */
function claimName(name: string, meta: SourceMeta | null): void {
  if (!meta) return;
  const { file } = meta.file.info;
  const key = `${file}\0${name}`;
  const place = `${file}:${meta.loc[0]}:${meta.loc[1]}`;
  const known = claimed.get(key);
  if (known === undefined) claimed.set(key, place);
  else if (known !== place) {
    throw new TnError({
      what: `compileCache "${name}" is used twice in one file.`,
      found: [known, place],
      fix: 'give each function a name of its own',
    });
  }
}

/** Parameter names from the function's text, where the transformer could not tell them. */
function parametersOf(fn: AnyFunction): readonly Parameter[] {
  const text = Function.prototype.toString.call(fn);
  const unnamed = Array.from({ length: fn.length }, () => ({ name: null }));
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) return unnamed;
  const head =
    /^(?:async\s*)?(?:function\b[^(]*)?(?:[\w$]+\s*)?\(([^()]*)\)/.exec(text)?.[1] ??
    /^(?:async\s*)?([\w$]+)\s*=>/.exec(text)?.[1];
  if (head === undefined) return unnamed;
  return head
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => ({ name: /^(?:\.\.\.)?([\w$]+)/.exec(part)?.[1] ?? null, rest: part.startsWith('...') }));
}
