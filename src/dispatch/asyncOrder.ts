/**
 * @file The order of asynchronous calls: those that share memory which one of them writes run one after another, as they
 * were called; others run at once, as many as the machine takes.
 */

import { enterPlace, withPlace } from '../core/location.ts';
import { ignoringUses, type Storage, type StorageUse } from '../core/storage.ts';
import { tryFfi } from '../runtime/ffi.ts';

/** What a call touches: native code says so; what runs a function as written is alone, whatever the function does. */
export type Access =
  | {
      readonly part: string;
      /** Storages, and whether each is written. */
      readonly storages: ReadonlyMap<Storage, boolean>;
    }
  | 'everything';

export interface Started<T> {
  readonly result: T | PromiseLike<T>;
  /** When the memory is free again; null: now. */
  readonly until: PromiseLike<unknown> | null;
}

interface Call {
  /** Lines in which others are before it. */
  blockers: number;
  readonly start: () => void;
}

/** Calls that use one storage: the first group may run, the others wait. Neighbours that only read are of one group. */
class Line implements StorageUse {
  private readonly groups: { readonly part: string; readonly writes: boolean; left: number; waiting: Call[] }[] = [];

  get isEmpty(): boolean {
    return this.groups.length === 0;
  }

  get part(): string {
    const [first, second] = this.groups;
    return (first.writes ? first : (second ?? first)).part;
  }

  /** Two groups in a row are never both of readers. */
  get writes(): boolean {
    return this.groups.length > 1 || this.groups[0].writes;
  }

  join(call: Call, part: string, writes: boolean): void {
    let last = this.groups.at(-1);
    if (!last || last.writes || writes) {
      last = { part, writes, left: 0, waiting: [] };
      this.groups.push(last);
    }
    last.left++;
    if (last === this.groups[0]) return;
    last.waiting.push(call);
    call.blockers++;
  }

  /** A call of the first group is over. Gives the calls that have one line less to wait for. */
  leave(): readonly Call[] {
    if (--this.groups[0].left > 0) return [];
    this.groups.shift();
    const next = this.groups.at(0)?.waiting.splice(0) ?? [];
    for (const call of next) call.blockers--;
    return next;
  }
}

/** Every call stands in this one; those that may touch anything write it. */
const everything = new Line();
const lines = new Map<Storage, Line>();
/** Calls that wait for nothing but a thread. */
const ready: Call[] = [];
let running = 0;

/** Whether any asynchronous call is not over. */
export function asyncCallsPending(): boolean {
  return !everything.isEmpty;
}

/** Runs `run` when its turn has come: at once where nothing is in the way. What it throws or rejects with comes out. */
export function inTurn<T>(access: Access, run: () => Started<T>): Promise<T> {
  const place = enterPlace(null);
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      running--;
      leaveLines(call, access);
    };
    const start = (): void => {
      running++;
      let started: Started<T>;
      try {
        started = withPlace(place, () => ignoringUses(run));
      } catch (error) {
        reject(error as Error);
        leave();
        return;
      }
      const { result, until } = started;
      const settle = (): void => {
        leave();
        resolve(result);
      };
      if (until === null) settle();
      else until.then(settle, settle);
    };
    const call: Call = { blockers: 0, start };
    joinLines(call, access);
    if (call.blockers === 0) ready.push(call);
    startReady();
  });
}

function joinLines(call: Call, access: Access): void {
  if (access === 'everything') {
    everything.join(call, '', true);
    return;
  }
  everything.join(call, access.part, false);
  for (const [storage, writes] of access.storages) {
    let line = lines.get(storage);
    if (!line) {
      line = new Line();
      lines.set(storage, line);
      storage.inUse = line;
    }
    line.join(call, access.part, writes);
  }
}

function leaveLines(call: Call, access: Access): void {
  const freed = new Set<Call>(everything.leave());
  if (access !== 'everything') {
    for (const storage of access.storages.keys()) {
      const line = lines.get(storage) as Line;
      for (const other of line.leave()) freed.add(other);
      if (!line.isEmpty) continue;
      lines.delete(storage);
      storage.inUse = null;
    }
  }
  for (const other of freed) if (other.blockers === 0 && other !== call) ready.push(other);
  startReady();
}

let starting = false;

function startReady(): void {
  // A call that is over at once comes back here: the loop that started it goes on.
  if (starting) return;
  starting = true;
  const most = Math.max(1, tryFfi()?.asyncCalls ?? 0);
  while (running < most) {
    const call = ready.shift();
    if (!call) break;
    call.start();
  }
  starting = false;
}
