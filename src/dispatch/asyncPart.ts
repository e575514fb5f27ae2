/** @file Asynchronous calls: `part.async(…)` of a wrapped function, `asyncCall(model.forward, model, …)` of a method. */

import { TnError } from '../core/errors.ts';
import { type SourceLocation, withPlace } from '../core/location.ts';
import { activeTracer } from '../core/tracer.ts';
import { partsAreEager } from './mode.ts';
import type { PartOverload, Raw } from './partOverload.ts';

// biome-ignore lint/suspicious/noExplicitAny: functions with parameters of any type have an asynchronous form.
type AnyFunction = (this: any, ...args: any[]) => unknown;

/** A function's asynchronous form: the same arguments, a promise of the same result. */
export type AsyncForm<F extends AnyFunction> = F extends (this: infer This, ...args: infer Args) => infer Result
  ? (this: This, ...args: Args) => Promise<Awaited<Result>>
  : never;

/** What `compileCache(name, options, fn)` gives: the function, and its asynchronous form. */
export type Part<F extends AnyFunction> = F & {
  /**
   * The same call off this thread: native code runs on a worker thread while this one goes on. A call that is captured,
   * or that has no native code, runs here at once and resolves; in a packaged program every call does.
   *
   * Calls that write into the same tensor run one after another, in the order in which they were made. Until the promise
   * settles the tensors of the call are not to be written, and those that it writes not to be read: that throws.
   */
  readonly async: AsyncForm<F>;
};

const asyncForms = new WeakMap<object, (self: unknown, args: unknown[]) => Promise<unknown>>();

/** Gives a decorated function its asynchronous form. */
export function addAsyncForm(dispatched: Raw, overloads: readonly PartOverload[], place: SourceLocation | null): void {
  function begin(self: unknown, args: unknown[]): unknown {
    // The function as written, or a piece of the capture that it is called in.
    if (partsAreEager() || activeTracer !== null) return dispatched.apply(self, args);
    for (const overload of overloads) if (overload.admit(args) === null) return overload.callAsync(self, args);
    return overloads[0].whenAlone(() => dispatched.apply(self, args));
  }
  // Never throws: an error of the call rejects.
  const callAsync = async (self: unknown, args: unknown[]): Promise<unknown> =>
    withPlace(place, () => begin(self, args));
  asyncForms.set(dispatched, callAsync);
  function later(this: unknown, ...args: unknown[]): Promise<unknown> {
    return callAsync(this === dispatched ? undefined : this, args);
  }
  Object.defineProperty(dispatched, 'async', { value: later });
}

/**
 * Calls a decorated method off this thread, as `part.async(…)` calls a wrapped function.
 *
 * ```ts
 * const logits = await asyncCall(decoder.forward, decoder, tokens, pos, cache);
 * ```
 *
 * @param part the decorated method
 * @param self what it is called on
 * @throws TnError, by rejecting, what the call itself would throw, or when `part` is no part
 */
export async function asyncCall<This, Args extends readonly unknown[], Result>(
  part: (this: This, ...args: Args) => Result,
  self: This,
  ...args: Args
): Promise<Awaited<Result>> {
  const call = asyncForms.get(part);
  if (!call) {
    throw new TnError({
      what: `asyncCall: ${part?.name ? `\`${part.name}\`` : 'the function'} is no part.`,
      fix: 'decorate the method, or wrap the function, with compileCache(…)',
    });
  }
  return (await call(self, [...args])) as Awaited<Result>;
}
