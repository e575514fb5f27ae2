/** @file `node:events`: the emitter, without its asynchronous helpers. */

type Listener = (...args: never[]) => void;
interface Entry {
  readonly listener: Listener;
  readonly once: boolean;
}

export class EventEmitter {
  #entries: Map<string | symbol, Entry[]> | null = null;

  on(event: string | symbol, listener: Listener): this {
    return this.#add(event, { listener, once: false }, false);
  }

  addListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener);
  }

  once(event: string | symbol, listener: Listener): this {
    return this.#add(event, { listener, once: true }, false);
  }

  prependListener(event: string | symbol, listener: Listener): this {
    return this.#add(event, { listener, once: false }, true);
  }

  off(event: string | symbol, listener: Listener): this {
    const entries = this.#entries?.get(event) ?? [];
    const index = entries.findIndex((entry) => entry.listener === listener);
    if (index >= 0) this.#entries?.set(event, [...entries.slice(0, index), ...entries.slice(index + 1)]);
    return this;
  }

  removeListener(event: string | symbol, listener: Listener): this {
    return this.off(event, listener);
  }

  removeAllListeners(event?: string | symbol): this {
    if (event === undefined) this.#entries = null;
    else this.#entries?.delete(event);
    return this;
  }

  /** Calls the listeners in order. An `error` that nobody listens to is thrown. */
  emit(event: string | symbol, ...args: unknown[]): boolean {
    const entries = this.#entries?.get(event) ?? [];
    if (entries.length === 0) {
      if (event === 'error') throw args[0] instanceof Error ? args[0] : new Error(`Unhandled error. (${args[0]})`);
      return false;
    }
    for (const { listener, once } of [...entries]) {
      if (once) this.off(event, listener);
      (listener as (...args: unknown[]) => void).apply(this, args);
    }
    return true;
  }

  listenerCount(event: string | symbol): number {
    return this.#entries?.get(event)?.length ?? 0;
  }

  listeners(event: string | symbol): Listener[] {
    return (this.#entries?.get(event) ?? []).map(({ listener }) => listener);
  }

  eventNames(): (string | symbol)[] {
    return [...(this.#entries ?? [])].filter(([, entries]) => entries.length > 0).map(([event]) => event);
  }

  setMaxListeners(): this {
    return this;
  }

  #add(event: string | symbol, entry: Entry, first: boolean): this {
    this.#entries ??= new Map();
    const entries = this.#entries.get(event) ?? [];
    this.#entries.set(event, first ? [entry, ...entries] : [...entries, entry]);
    return this;
  }
}

/** `import EventEmitter from 'node:events'` gives the class itself. */
export { EventEmitter as defaultExport };
