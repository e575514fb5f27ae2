/** @file A compiled part as a program of another machine: memory goes in by standard input and comes back by standard output. */

import { bytesOf } from '../../core/dtype.ts';
import { emptyView, isContiguous, type StridedView } from '../../core/view.ts';
import type { Graph } from '../../graph/graph.ts';
import { bindDims } from '../../graph/interpreter.ts';
import { evaluate } from '../../symbolic/expr.ts';
import { compileGraph } from '../compile.ts';
import type { TemplatePrecision } from '../templates/types.ts';
import { buildProgram, type Machine, runProgram } from './emulator.ts';
import { driver, type Loaded, layOut } from './runPart.ts';

/**
 * Request: int64 threads, dims, buffers, then the dims, then of each buffer its bytes and contents. Answer: the error's
 * words, the work, the contents of all buffers.
 */
const main = `
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int64_t tn_test_run(const int64_t *block, int64_t *error);
static void take(void *to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) != bytes) exit(2);
}
int main(void) {
  int64_t head[3], error[8] = {0};
  take(head, sizeof head);
  const int64_t dims = head[1], buffers = head[2];
  int64_t *block = malloc(sizeof(int64_t) * (size_t)(1 + dims + buffers));
  int64_t *bytes = malloc(sizeof(int64_t) * (size_t)(buffers + 1));
  block[0] = head[0];
  take(block + 1, sizeof(int64_t) * (size_t)dims);
  for (int64_t i = 0; i < buffers; i++) {
    take(&bytes[i], sizeof bytes[i]);
    void *memory = aligned_alloc(64, (size_t)(bytes[i] + 127) / 64 * 64);
    take(memory, (size_t)bytes[i]);
    block[1 + dims + i] = (int64_t)(uintptr_t)memory;
  }
  const int64_t work = tn_test_run(block, error);
  fwrite(error, sizeof error, 1, stdout);
  fwrite(&work, sizeof work, 1, stdout);
  for (int64_t i = 0; i < buffers; i++) fwrite((void *)(uintptr_t)block[1 + dims + i], 1, (size_t)bytes[i], stdout);
  return 0;
}
`;

/** Compiles a graph for the machine's level, builds the program; \`run\` starts it once. */
export function loadEmulated(
  graph: Graph,
  machine: Machine,
  flags?: readonly string[],
  precision: TemplatePrecision = 'float32',
): Loaded {
  const part = compileGraph(graph, { isa: machine.isa, precision });
  const files = [...part.files, { name: 'driver.c', source: driver }, { name: 'main.c', source: main }];
  const program = buildProgram(machine, files, flags);
  return {
    part,
    graph,
    run(args, parameters, threads = 1) {
      const dims = bindDims(graph, args);
      const outputs = part.abi.outputs.map(({ dtype, shape }) =>
        emptyView(
          dtype,
          shape.map((size) => evaluate(size, dims)),
        ),
      );
      const inputs = part.abi.inputs.map((index) => args[index] as StridedView);
      const sources = { parameter: parameters, constant: graph.constants.map((constant) => constant.data) };
      const weights = part.abi.weights.map((slot) => layOut(sources[slot.source.kind][slot.source.index], slot));
      const buffers = [...inputs, ...outputs, ...weights].map(memoryOf);
      const values = part.abi.dims.map((dim) => BigInt(dims.get(dim)!));
      const head = words([BigInt(threads), BigInt(values.length), BigInt(buffers.length), ...values]);
      const request = [head, ...buffers.flatMap((memory) => [words([BigInt(memory.length)]), memory])];
      const answer = runProgram(machine, program, [], Buffer.concat(request));
      let at = 72;
      for (const memory of buffers) {
        memory.set(answer.subarray(at, at + memory.length));
        at += memory.length;
      }
      if (at !== answer.length) throw new Error(`${answer.length} bytes came back, not ${at}`);
      const [code, kernel, value, limit] = [0, 8, 16, 24].map((offset) => Number(answer.readBigInt64LE(offset)));
      return { outputs, error: { code, kernel, value, limit }, work: Number(answer.readBigInt64LE(64)) };
    },
  };
}

function words(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(new BigInt64Array(values).buffer);
}

/** The bytes of a contiguous tensor where they lie. */
function memoryOf(view: StridedView): Uint8Array {
  if (!isContiguous(view)) throw new Error('not contiguous');
  const size = bytesOf(view.dtype);
  const elements = view.sizes.reduce((product, n) => product * n, 1);
  return view.storage.bytes().subarray(view.offset * size, (view.offset + elements) * size);
}
