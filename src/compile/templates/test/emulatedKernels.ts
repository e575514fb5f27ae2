/** @file Kernels of a level that this machine does not run, as a program for the emulator: what `loadKernels` gives then. */
import { buildProgram, type Machine, runProgram } from '../../test/emulator.ts';
import { renderKernelFile } from '../prelude.ts';
import type { IsaFacts, KernelSource } from '../types.ts';
import { address, type Buffer as Memory, type NativeKernel } from './harness.ts';

/** Request, int64: kernel, first and last thread, count, scratch, dims, buffers, the dims; of each buffer bytes, place, contents. */
const main = `
#include <stdio.h>
#include <stdlib.h>
static void take(void *to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) != bytes) exit(2);
}
int main(void) {
  int64_t head[7];
  take(head, sizeof head);
  const int64_t scratch_bytes = head[4], dims = head[5], buffers = head[6];
  int64_t *d = malloc(sizeof(int64_t) * (size_t)(dims + 1)), *sizes = malloc(16 * (size_t)(buffers + 1));
  void **b = malloc(sizeof(void *) * (size_t)(buffers + 1));
  take(d, sizeof(int64_t) * (size_t)dims);
  for (int64_t i = 0; i < buffers; i++) {
    take(sizes + 2 * i, 16);
    /* As far from a cache line's beginning as the caller's memory is, and not a byte longer. */
    b[i] = (char *)aligned_alloc(64, (size_t)(sizes[2 * i] + 127) / 64 * 64) + sizes[2 * i + 1];
    take(b[i], (size_t)sizes[2 * i]);
  }
  unsigned char *scratch = aligned_alloc(64, (size_t)(scratch_bytes + 127) / 64 * 64);
  int64_t error[TN_ERROR_WORDS] = {0};
  for (int64_t id = head[1]; id <= head[2]; id++) {
    for (int64_t i = 0; i < scratch_bytes; i++) scratch[i] = 0xff; /* NaN: nothing may depend on what scratch held */
    const tn_thread t = {.id = id, .count = head[3], .scratch = (char *)scratch, .error = error};
    kernels[head[0]](b, d, &t);
  }
  for (int64_t i = 0; i < buffers; i++) fwrite(b[i], 1, (size_t)sizes[2 * i], stdout);
  return 0;
}
`;

export function loadEmulatedKernels(
  sources: readonly KernelSource[],
  isa: IsaFacts,
  scratchBytes: number,
  machine: Machine,
): NativeKernel[] {
  const table = sources.map((source) => source.functionName).join(', ');
  const text = `${renderKernelFile(sources, isa)}\nstatic const tn_kernel kernels[] = {${table}};\n${main}`;
  const program = buildProgram(machine, [{ name: 'kernels.c', source: text }]);
  return sources.map((_source, kernel) => {
    const run = (
      buffers: readonly Memory[],
      dims: readonly (number | bigint)[],
      first: number,
      last: number,
      count: number,
    ): void => {
      // A buffer that is handed over twice is one memory.
      const own = [...new Set(buffers)];
      if (own.length !== buffers.length) throw new Error('buffers that share memory are not emulated');
      const memories = own.map((buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
      const head = [kernel, first, last, count, scratchBytes, dims.length, buffers.length, ...dims];
      const request = [
        words(head),
        ...memories.flatMap((memory, i) => [words([memory.length, address(own[i]) % 64n]), memory]),
      ];
      const answer = runProgram(machine, program, [], Buffer.concat(request));
      let at = 0;
      for (const memory of memories) {
        memory.set(answer.subarray(at, at + memory.length));
        at += memory.length;
      }
      if (at !== answer.length) throw new Error(`${answer.length} bytes came back, not ${at}`);
    };
    return {
      run: (buffers, dims = [], threads = 1) => run(buffers, dims, 0, threads - 1, threads),
      runThread: (buffers, dims, id, count) => run(buffers, dims, id, id, count),
    };
  });
}

function words(values: readonly (number | bigint)[]): Uint8Array {
  return new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer);
}
