/** @file One instance of a package: contexts to run calls in, and a function for each part. */

import { isMainThread } from 'node:worker_threads';
import { buildResult, type Finished, takeInputs, takeOutputs } from './arguments.ts';
import type { PackageDescription, PartDescription } from './description.ts';
import { Frame } from './frame.ts';
import { type NativeLibrary, nativeError } from './native.ts';

export interface CallOptions {
  /** Tensors that results are written into, built like the result; what is left out is made. */
  readonly out?: unknown;
}

/** A part: `part(...)` runs here and now, `part.async(...)` off this thread. */
export interface PartFunction {
  (...args: unknown[]): unknown;
  async(...args: unknown[]): Promise<unknown>;
}

/** A call that is ready to run. */
interface Prepared extends Finished {
  readonly frame: Frame;
}

/** The functions of one instance, by the parts' names. */
export class Instance {
  readonly parts: readonly PartFunction[];
  /** For the parts, which keep the instance alive by it. */
  readonly contexts: Contexts;

  constructor(library: NativeLibrary, description: PackageDescription) {
    this.contexts = new Contexts(library, description.keepsState);
    this.parts = description.parts.map((part, index) => partFunction(new PartCalls(library, this, part, index)));
    forgotten.register(this, this.contexts, this);
  }

  /** Gives its memory back, now or when the last call in flight is over. */
  close(): void {
    forgotten.unregister(this);
    this.contexts.drop();
  }
}

function partFunction(calls: PartCalls): PartFunction {
  const run = (...args: unknown[]): unknown => calls.run(args);
  return Object.assign(run, { async: (...args: unknown[]) => calls.runAsync(args) });
}

/**
 * What calls run in. Without state any free context serves, and there are as many as calls were ever in flight at once.
 * With state there is one, and calls on it follow one another.
 */
class Contexts {
  private readonly library: NativeLibrary;
  private readonly home: number | null;
  private readonly idle: number[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private running = 0;
  private closed = false;

  constructor(library: NativeLibrary, keepsState: boolean) {
    this.library = library;
    const first = library.newContext();
    this.home = keepsState ? first : null;
    this.idle.push(first);
    live.add(this);
  }

  use<T>(call: (context: number) => T): T {
    const context = this.take();
    try {
      return call(context);
    } finally {
      this.give(context);
    }
  }

  async useAsync<T>(call: (context: number) => Promise<T>): Promise<T> {
    if (this.home !== null) {
      const before = this.last;
      let done = (): void => {};
      this.last = new Promise<void>((resolve) => {
        done = resolve;
      });
      await before;
      return this.useOne(call).finally(done);
    }
    return this.useOne(call);
  }

  drop(): void {
    if (this.closed) return;
    this.closed = true;
    live.delete(this);
    if (this.home === null || this.running === 0) for (const context of this.idle) this.library.dropContext(context);
  }

  private async useOne<T>(call: (context: number) => Promise<T>): Promise<T> {
    const context = this.take();
    try {
      return await call(context);
    } finally {
      this.give(context);
    }
  }

  private take(): number {
    if (this.closed) throw new Error('this instance is closed');
    this.running++;
    return this.home ?? this.idle.pop() ?? this.library.newContext();
  }

  private give(context: number): void {
    this.running--;
    if (this.home !== null) {
      if (this.closed && this.running === 0) this.library.dropContext(context);
    } else if (this.closed) {
      this.library.dropContext(context);
    } else {
      this.idle.push(context);
    }
  }
}

/** Contexts that are not given back yet: a worker thread that ends gives back its own. */
const live = new Set<Contexts>();
const forgotten = new FinalizationRegistry<Contexts>((contexts) => contexts.drop());
if (!isMainThread) {
  process.once('exit', () => {
    for (const contexts of live) contexts.drop();
  });
}

/** Asynchronous calls in flight: an address does not keep an array alive. */
const inFlight = new Set<Prepared>();

/** All calls of one part on one instance. */
class PartCalls {
  private readonly library: NativeLibrary;
  private readonly instance: Instance;
  private readonly part: PartDescription;
  private readonly index: number;
  private readonly frames: Frame[] = [];

  constructor(library: NativeLibrary, instance: Instance, part: PartDescription, index: number) {
    this.library = library;
    this.instance = instance;
    this.part = part;
    this.index = index;
  }

  run(args: readonly unknown[]): unknown {
    const frame = this.frames.pop() ?? new Frame(this.part);
    try {
      const call = this.prepare(frame, args);
      this.check(
        this.instance.contexts.use((context) => this.library.call(...this.callArguments(context, frame))),
        frame,
      );
      return buildResult(this.part.result, call);
    } finally {
      this.frames.push(frame);
    }
  }

  async runAsync(args: readonly unknown[]): Promise<unknown> {
    if (!this.library.asyncReady) return this.run(args);
    const frame = this.frames.pop() ?? new Frame(this.part);
    try {
      const call = this.prepare(frame, args);
      inFlight.add(call);
      const status = await this.instance.contexts
        .useAsync((context) => this.offThread(this.callArguments(context, frame)))
        .finally(() => inFlight.delete(call));
      this.check(status, frame);
      return buildResult(this.part.result, call);
    } finally {
      this.frames.push(frame);
    }
  }

  /** Describes the arguments to native code, which checks them and says how large the outputs are. */
  private prepare(frame: Frame, args: readonly unknown[]): Prepared {
    const { part, library } = this;
    const inputs = takeInputs(part, args);
    inputs.values.forEach((value, i) => {
      if (typeof value === 'number') frame.setNumber(i, value);
      else frame.setInput(i, value);
    });
    const { message, messageAddress } = frame;
    const status = library.prepare(
      this.index,
      frame.inputs,
      part.inputs.length,
      frame.dims,
      part.dims,
      frame.sizes,
      frame.sizesRoom,
      messageAddress,
      message.length,
    );
    this.check(status, frame);
    const options = args[part.arguments.length] as CallOptions | undefined;
    const shapes = part.outputs.map((_, i) => frame.outputShape(i));
    const outputs = takeOutputs(part, shapes, options?.out);
    outputs.forEach((output, i) => {
      frame.setOutput(i, output);
    });
    return { frame, inputs, outputs, dims: Array.from({ length: part.dims }, (_, i) => frame.dim(i)) };
  }

  private callArguments(context: number, frame: Frame): number[] {
    const { inputs, outputs } = this.part;
    return [
      context,
      this.index,
      frame.inputs,
      inputs.length,
      frame.outputs,
      outputs.length,
      frame.messageAddress,
      frame.message.length,
    ];
  }

  private offThread(args: readonly number[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.library.call.async(...args, (error, status) => (error ? reject(error) : resolve(status)));
    });
  }

  private check(status: number, frame: Frame): void {
    if (status !== 0) throw nativeError(status, frame.message);
  }
}
