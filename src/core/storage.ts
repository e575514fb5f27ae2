/** @file A block of bytes with an identity and a version counter, shared by every tensor that views it. */

import { bytesOf, type DType, dtypeInfo, type TypedArray } from './dtype.ts';
import { TnError } from './errors.ts';

/** Where a mapped storage came from, so that its content hash can be remembered across processes. */
export interface StorageOrigin {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** What asynchronous calls do with a storage until they are done. */
export interface StorageUse {
  /** The part that is called. */
  readonly part: string;
  /** Whether any of them writes it. */
  readonly writes: boolean;
}

let ignoresUses = false;

/** Runs the body of a call whose turn has come: what waits behind it does not bar it. */
export function ignoringUses<T>(body: () => T): T {
  const outer = ignoresUses;
  ignoresUses = true;
  try {
    return body();
  } finally {
    ignoresUses = outer;
  }
}

let nextId = 1;

let newBuffer = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);

/** Where large buffers of zeros come from, on a machine that has something cheaper than `new ArrayBuffer`. */
export function setBufferMaker(make: (bytes: number) => ArrayBuffer): void {
  newBuffer = make;
}

/**
 * Small storages share buffers: an ArrayBuffer of its own costs more than the operation that fills it, and so does
 * asking for its address. Every byte is handed out once, so it is still zero.
 */
const slabBytes = 64 * 1024;
const smallBytes = 2048;
let slab = new ArrayBuffer(slabBytes);
let slabUsed = 0;

export class Storage {
  readonly id = nextId++;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly origin: StorageOrigin | null;
  /** sha256 of the bytes while `version` is 0, where it is known without reading them: they may be at hand in another form. */
  content: string | null = null;
  /** Counts in-place writes; whoever derived something from the bytes compares it. */
  version = 0;
  /** Asynchronous calls that are not done with it; almost always none. */
  inUse: StorageUse | null = null;
  /** Address of the first byte, filled in by the runtime on first use (0: not asked yet). */
  address = 0;
  private readonly arrays: { [D in DType]?: TypedArray } = {};
  private memory: ArrayBuffer | null;
  private fill: ((buffer: ArrayBuffer) => void) | null = null;

  constructor(
    buffer: ArrayBuffer | null,
    byteOffset = 0,
    byteLength = buffer?.byteLength ?? 0,
    origin: StorageOrigin | null = null,
  ) {
    this.memory = buffer;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.origin = origin;
  }

  /** Made and filled when it is first touched: a parameter that is loaded before that costs nothing. */
  static deferred(byteLength: number, fill: (buffer: ArrayBuffer) => void, content: string | null = null): Storage {
    const storage = new Storage(null, 0, byteLength);
    storage.fill = fill;
    storage.content = content;
    return storage;
  }

  get buffer(): ArrayBuffer {
    if (!this.memory) {
      this.memory = newBuffer(this.byteLength);
      this.fill?.(this.memory);
      this.fill = null;
    }
    return this.memory;
  }

  /** The contents are about to be overwritten as a whole: what `deferred` would fill in is not needed. */
  forgetContents(): void {
    this.fill = null;
    this.content = null;
  }

  /** Zero-filled, in an ArrayBuffer: small typed arrays would live on the moving JavaScript heap. */
  static allocate(dtype: DType, elements: number): Storage {
    const bytes = elements * bytesOf(dtype);
    if (bytes > smallBytes) return new Storage(newBuffer(bytes));
    if (slabUsed + bytes > slabBytes) {
      slab = new ArrayBuffer(slabBytes);
      slabUsed = 0;
    }
    const storage = new Storage(slab, slabUsed, bytes);
    slabUsed += Math.ceil(bytes / 64) * 64;
    return storage;
  }

  /** The bytes as elements of `dtype` (bit patterns for the half types). */
  typed(dtype: DType): TypedArray {
    if (this.inUse !== null) this.assertFree(false);
    let array = this.arrays[dtype];
    if (!array) {
      const info = dtypeInfo[dtype];
      array = new info.array(this.buffer, this.byteOffset, Math.floor(this.byteLength / info.bytes));
      this.arrays[dtype] = array;
    }
    return array;
  }

  bytes(): Uint8Array {
    if (this.inUse !== null) this.assertFree(false);
    return new Uint8Array(this.buffer, this.byteOffset, this.byteLength);
  }

  /** @throws TnError when it is read, or written, before an asynchronous call that writes it, or uses it at all, is done */
  assertFree(forWriting: boolean): void {
    const use = this.inUse;
    if (use === null || ignoresUses || !(forWriting || use.writes)) return;
    throw new TnError({
      what: `a tensor is ${forWriting ? 'written' : 'read'} before an asynchronous call of "${use.part}" that ${use.writes ? 'writes' : 'reads'} it is done.`,
      fix: 'await the promise of that call first, or give it a clone of the tensor',
    });
  }
}
