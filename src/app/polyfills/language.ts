/** @file Objects, texts, errors, promises and sets of ES2021 to ES2024. */

import { defineMissing } from './define.ts';

function grouped<K>(items: Iterable<unknown>, key: (item: unknown, index: number) => K): Map<K, unknown[]> {
  const groups = new Map<K, unknown[]>();
  let index = 0;
  for (const item of items) {
    const name = key(item, index++);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

// Not by its full name, which formatters turn into a call of the very function that is missing.
const isOwn = Object.prototype.hasOwnProperty;

defineMissing(Object, {
  hasOwn: (object: object, key: PropertyKey): boolean => isOwn.call(object, key),
  groupBy(items: Iterable<unknown>, key: (item: unknown, index: number) => PropertyKey): object {
    const groups = Object.create(null) as Record<PropertyKey, unknown[]>;
    for (const [name, group] of grouped(items, (item, i) => asKey(key(item, i)))) groups[name] = group;
    return groups;
  },
});

function asKey(value: PropertyKey): string | symbol {
  return typeof value === 'symbol' ? value : String(value);
}

defineMissing(Map, { groupBy: grouped });

defineMissing(String.prototype, {
  at(this: string, index: number): string | undefined {
    const text = String(this);
    const whole = Math.trunc(Number(index)) || 0;
    return text[whole < 0 ? text.length + whole : whole];
  },
  replaceAll(this: string, search: string | RegExp, replacement: string | (() => string)): string {
    if (search instanceof RegExp) {
      if (!search.flags.includes('g')) throw new TypeError('replaceAll must be called with a global RegExp');
      return String(this).replace(search, replacement as string);
    }
    const escaped = String(search).replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
    return String(this).replace(new RegExp(escaped, 'g'), replacement as string);
  },
  isWellFormed(this: string): boolean {
    return !loneSurrogate.test(String(this));
  },
  toWellFormed(this: string): string {
    return String(this).replace(loneSurrogates, '\uFFFD');
  },
});

const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
const loneSurrogates = new RegExp(loneSurrogate.source, 'g');

interface Resolvers {
  promise: Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

defineMissing(Promise, {
  withResolvers(): Resolvers {
    const made = {} as Resolvers;
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
  },
});

function members(other: Iterable<unknown> | { keys(): Iterable<unknown> }): Set<unknown> {
  return new Set('keys' in other ? other.keys() : other);
}

defineMissing(Set.prototype, {
  union(this: Set<unknown>, other: Set<unknown>): Set<unknown> {
    return new Set([...this, ...members(other)]);
  },
  intersection(this: Set<unknown>, other: Set<unknown>): Set<unknown> {
    return new Set([...this].filter((item) => other.has(item)));
  },
  difference(this: Set<unknown>, other: Set<unknown>): Set<unknown> {
    return new Set([...this].filter((item) => !other.has(item)));
  },
  symmetricDifference(this: Set<unknown>, other: Set<unknown>): Set<unknown> {
    return new Set(
      [...this].filter((item) => !other.has(item)).concat([...members(other)].filter((o) => !this.has(o))),
    );
  },
  isSubsetOf(this: Set<unknown>, other: Set<unknown>): boolean {
    return [...this].every((item) => other.has(item));
  },
  isSupersetOf(this: Set<unknown>, other: Set<unknown>): boolean {
    return [...members(other)].every((item) => this.has(item));
  },
  isDisjointFrom(this: Set<unknown>, other: Set<unknown>): boolean {
    return ![...this].some((item) => other.has(item));
  },
});

/** `new Error(message, { cause })`: an engine that does not know the option drops it. */
function withCause<C extends typeof Error>(native: C): C {
  // The prototype's constructor stays the native one: instanceof, subclasses and names go on as before.
  const wrapped: C = new Proxy(native, {
    construct(target, args: [unknown?, { cause?: unknown }?], newTarget) {
      const error = Reflect.construct(target, args, newTarget) as Error;
      // Two calls are ours; as in other engines, constructors of subclasses are no part of the trace either.
      let frames = 2;
      for (let made: unknown = newTarget; typeof made === 'function' && made !== wrapped; frames++)
        made = Object.getPrototypeOf(made);
      if (error.stack !== undefined) error.stack = afterLines(error.stack, frames);
      const options = args[1];
      if (typeof options === 'object' && options !== null && 'cause' in options)
        Object.defineProperty(error, 'cause', { value: options.cause, writable: true, configurable: true });
      return error;
    },
    apply: (_target, _self, args: [string?]) => Reflect.construct(wrapped, args) as Error,
  });
  return wrapped;
}

function afterLines(text: string, count: number): string {
  let at = 0;
  for (let line = 0; line < count; line++) at = text.indexOf('\n', at) + 1;
  return text.slice(at);
}

if (!('cause' in new Error('', { cause: 0 }))) {
  for (const native of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
    const wrapped = withCause(native as typeof Error);
    Object.defineProperty(globalThis, native.name, { value: wrapped, writable: true, configurable: true });
    Object.defineProperty(native.prototype, 'constructor', { value: wrapped, writable: true, configurable: true });
  }
}

/**
 * Without the engine's help nothing can be held weakly: a reference keeps its target, and no callback ever comes. That
 * is allowed (a collector need not run), and a program that ends soon does not notice.
 */
class StrongRef<T extends object> {
  private readonly target: T;
  constructor(target: T) {
    this.target = target;
  }
  deref(): T {
    return this.target;
  }
}

class IdleRegistry {
  register(): void {}
  unregister(): boolean {
    return false;
  }
}

defineMissing(globalThis, { WeakRef: StrongRef, FinalizationRegistry: IdleRegistry });
