/** @file Where threads must meet: before a kernel that touches what another thread may still be writing, or reading. */

/** What one kernel touches; a region is any stretch of memory that is planned as one. */
export interface Touched {
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** For each kernel, whether a barrier stands before it. */
export function placeBarriers(kernels: readonly Touched[]): boolean[] {
  let read = new Set<string>();
  let written = new Set<string>();
  return kernels.map(({ reads, writes }) => {
    const conflict = [...reads].some((r) => written.has(r)) || [...writes].some((w) => written.has(w) || read.has(w));
    if (conflict) {
      read = new Set();
      written = new Set();
    }
    for (const r of reads) read.add(r);
    for (const w of writes) written.add(w);
    return conflict;
  });
}
