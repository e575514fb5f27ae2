/** @file Functions that no capture can follow, and whether a function looks at `this` at all. */

import type { CaptureRefusal } from '../capture/graphTracer.ts';

type Fn = (...args: never[]) => unknown;

/** Why a function cannot be captured whatever it is called with, or null. */
export function uncapturable(fn: Fn): CaptureRefusal | null {
  const kind = (Object.getPrototypeOf(fn) as { constructor?: { name: string } } | null)?.constructor?.name;
  switch (kind) {
    case 'AsyncFunction':
    case 'AsyncGeneratorFunction':
      return {
        reason: 'the function is asynchronous',
        fix: 'make the part a synchronous function and await outside',
        location: null,
      };
    case 'GeneratorFunction':
      return {
        reason: 'the function is a generator',
        fix: 'make a part of what computes one step',
        location: null,
      };
  }
  // What a bound function is bound to is out of sight: its fields could change unseen.
  if (/\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(fn))) {
    return {
      reason: 'the function is bound, or built into JavaScript',
      fix: 'decorate the method itself, or wrap an arrow function that takes the object as an argument',
      location: null,
    };
  }
  return null;
}

/**
 * Whether a function may look at the `this` of its call. Most wrapped functions do not, and `parts.encode(x)` hands them
 * a module or an object that is none of theirs.
 */
export function looksAtThis(fn: Fn): boolean {
  return /\b(this|super|eval)\b/.test(Function.prototype.toString.call(fn));
}
