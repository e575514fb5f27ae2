/** @file Builds a compiled part with gcc and runs it, on its own threads, for the compiler's tests. */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { runFolder } from '../../../test/sharedObjects.ts';
import { bytesOf } from '../../core/dtype.ts';
import { Storage } from '../../core/storage.ts';
import {
  contiguousStrides,
  elementPositions,
  elementReader,
  elementWriter,
  emptyView,
  isContiguous,
  StridedView,
} from '../../core/view.ts';
import type { Graph } from '../../graph/graph.ts';
import { bindDims } from '../../graph/interpreter.ts';
import { evaluate } from '../../symbolic/expr.ts';
import type { CompiledPart, WeightLayout, WeightSlot } from '../part.ts';
import type { IsaName } from '../templates/types.ts';
import { kernelFlags } from '../toolchain/target.ts';
import { objectsOf } from './objects.ts';

/** Runs the artifact on threads of its own. */
export const driver = `
#define _GNU_SOURCE
#include "tn_runtime.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
extern const tn_artifact tn_artifact_v1;
static void wait_for(tn_team *team, uint32_t phase) {
  while (__atomic_load_n(&team->phase, __ATOMIC_ACQUIRE) == phase) sched_yield();
}
static void wake(tn_team *team) { (void)team; }
static int64_t now(void) { return 0; }
static const tn_runtime_api api = {TN_ABI_VERSION, wait_for, wake, now};
typedef struct job { const tn_call *call; tn_thread t; } job;
static void *start(void *arg) {
  const job *j = arg;
  tn_artifact_v1.program(j->call, &j->t);
  return NULL;
}
TN_EXPORT int64_t tn_test_run(const int64_t *block, int64_t *error);
TN_EXPORT int64_t tn_test_run(const int64_t *block, int64_t *error) {
  const tn_artifact *a = &tn_artifact_v1;
  const int64_t threads = block[0];
  const int64_t *d = block + 1;
  void *inputs[64], *outputs[64], **weights = malloc(sizeof(void *) * (size_t)(a->n_weights + 1));
  const int64_t *p = d + a->n_dims;
  for (int64_t i = 0; i < a->n_inputs; i++) inputs[i] = (void *)(uintptr_t)*p++;
  for (int64_t i = 0; i < a->n_outputs; i++) outputs[i] = (void *)(uintptr_t)*p++;
  for (int64_t i = 0; i < a->n_weights; i++) weights[i] = (void *)(uintptr_t)*p++;
  const int64_t arena_bytes = a->arena_bytes ? a->arena_bytes(d) : 0;
  const int64_t scratch_bytes = a->scratch_bytes ? a->scratch_bytes(d) : 0;
  char *arena = aligned_alloc(64, (size_t)((arena_bytes + 127) / 64 * 64));
  memset(arena, 0xff, (size_t)arena_bytes);
  const tn_call call = {.dims = d, .inputs = inputs, .outputs = outputs, .weights = weights, .arena = arena};
  tn_team team = {.api = &api, .count = (uint32_t)threads, .spins = 100};
  job jobs[16];
  int64_t errors[16][TN_ERROR_WORDS];
  pthread_t ids[16];
  memset(errors, 0, sizeof errors);
  for (int64_t i = 0; i < threads; i++) {
    char *scratch = aligned_alloc(64, (size_t)((scratch_bytes + 127) / 64 * 64));
    jobs[i] = (job){&call, {i, threads, scratch, &team, errors[i]}};
    if (i > 0) pthread_create(&ids[i], NULL, start, &jobs[i]);
  }
  start(&jobs[0]);
  for (int64_t i = 1; i < threads; i++) pthread_join(ids[i], NULL);
  for (int64_t i = threads - 1; i >= 0; i--) {
    free(jobs[i].t.scratch);
    if (errors[i][0] != TN_OK) memcpy(error, errors[i], sizeof errors[i]);
  }
  free(arena);
  free(weights);
  return a->work ? a->work(d) : 0;
}
`;

const folder = runFolder('parts-');
const includes = fileURLToPath(new URL('../../runtime/c', import.meta.url));
let count = 0;

export interface Loaded {
  readonly part: CompiledPart;
  readonly graph: Graph;
  run(args: readonly (StridedView | number)[], parameters: readonly StridedView[], threads?: number): Ran;
}

export interface Ran {
  readonly outputs: StridedView[];
  readonly error: { readonly code: number; readonly kernel: number; readonly value: number; readonly limit: number };
  readonly work: number;
}

/** Compiles with warnings as errors and loads. */
export function buildAndLoad(
  graph: Graph,
  part: CompiledPart,
  isa: IsaName,
  extraFlags: readonly string[] = [],
): Loaded {
  const library = path.join(folder, `part${count++}.so`);
  const flags = [...kernelFlags(isa, 'gcc'), '-Wall', '-Wextra', '-Werror', '-O1', ...extraFlags];
  const objects = objectsOf('gcc', [...flags, '-I', includes], [...part.files, { name: 'driver.c', source: driver }]);
  execFileSync('gcc', [...flags, '-shared', '-pthread', '-o', library, ...objects, '-lm'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lib = koffi.load(library);
  const call = lib.func('int64_t tn_test_run(const int64_t *block, _Out_ int64_t *error)');
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
      const block = [
        BigInt(threads),
        ...part.abi.dims.map((dim) => BigInt(dims.get(dim)!)),
        ...[...inputs, ...outputs, ...weights].map(address),
      ];
      const error = new BigInt64Array(8);
      const held = [inputs, outputs, weights]; // an address keeps nothing alive
      const ns = Number(call(new BigInt64Array(block), error));
      held.length = 0;
      const [code, kernel, value, limit] = [...error].map(Number);
      return { outputs, error: { code, kernel, value, limit }, work: ns };
    },
  };
}

function address(view: StridedView): bigint {
  if (!isContiguous(view)) throw new Error('not contiguous');
  return (
    BigInt(koffi.address(view.storage.buffer)) + BigInt(view.storage.byteOffset + view.offset * bytesOf(view.dtype))
  );
}

/** A weight in the layout that the part asks for. */
export function layOut(view: StridedView, { layout }: WeightSlot): StridedView {
  const source = contiguous(view);
  if (layout.kind === 'rows') return source;
  if (layout.element === 'bf16') return pairPanels(source, layout);
  if (layout.element === 'int8') return quadPanels(source, layout);
  const { n, k1, k0, offset, strideN, strideK1, strideK0 } = layout;
  const depth = k1 * k0;
  const panels = Math.ceil(n / 16);
  const target = emptyView(view.dtype, [panels, depth, 16]);
  const from = source.storage.typed(view.dtype);
  const to = target.storage.typed(view.dtype);
  for (let c = 0; c < n; c++) {
    for (let i1 = 0; i1 < k1; i1++) {
      for (let i0 = 0; i0 < k0; i0++) {
        const at = source.offset + offset + c * strideN + i1 * strideK1 + i0 * strideK0;
        to[(Math.floor(c / 16) * depth + i1 * k0 + i0) * 16 + (c % 16)] = from[at];
      }
    }
  }
  return target;
}

/** Panels of bfloat16 pairs, by the definition in part.ts. */
function pairPanels(source: StridedView, layout: WeightLayout & { kind: 'panels16' }): StridedView {
  const { n, k1, k0, offset, strideN, strideK1, strideK0 } = layout;
  const pairs = Math.ceil((k1 * k0) / 2);
  const target = emptyView('bfloat16', [Math.ceil(n / 16), pairs, 16, 2]);
  const get = elementReader(source.dtype, source.storage.typed(source.dtype));
  const set = elementWriter('bfloat16', target.storage.typed('bfloat16'));
  for (let i = 0; i < target.count; i++) set(i, 0);
  for (let c = 0; c < n; c++) {
    for (let k = 0; k < k1 * k0; k++) {
      const from = offset + c * strideN + Math.floor(k / k0) * strideK1 + (k % k0) * strideK0;
      set(((Math.floor(c / 16) * pairs + (k >> 1)) * 16 + (c % 16)) * 2 + (k % 2), get(source.offset + from));
    }
  }
  return target;
}

/** Panels of int8 with their scales, by the definition in part.ts, as words. */
function quadPanels(source: StridedView, layout: WeightLayout & { kind: 'panels16' }): StridedView {
  const { n, k1, k0, offset, strideN, strideK1, strideK0 } = layout;
  const quads = Math.ceil((k1 * k0) / 4);
  const words = quads * 16 + 16;
  const target = emptyView('float32', [Math.ceil(n / 16), words]);
  const scales = target.storage.typed('float32');
  const bytes = target.storage.bytes();
  const get = elementReader(source.dtype, source.storage.typed(source.dtype));
  bytes.fill(128);
  for (let c = 0; c < Math.ceil(n / 16) * 16; c++) {
    const start = Math.floor(c / 16) * words;
    const at = (k: number): number =>
      get(source.offset + offset + c * strideN + Math.floor(k / k0) * strideK1 + (k % k0) * strideK0);
    let top = 0;
    for (let k = 0; c < n && k < k1 * k0; k++) top = Math.max(top, Math.abs(at(k)));
    scales[start + quads * 16 + (c % 16)] = top / 127;
    for (let k = 0; top > 0 && k < k1 * k0; k++) {
      const v = Math.fround(at(k) * Math.fround(127 / top));
      const q = Math.fround(Math.fround(v + 12582912) - 12582912);
      bytes[start * 4 + (k >> 2) * 64 + (c % 16) * 4 + (k % 4)] = q + 128;
    }
  }
  return target;
}

export function contiguous(view: StridedView): StridedView {
  if (isContiguous(view)) return view;
  const copy = emptyView(view.dtype, view.sizes);
  const from = view.storage.typed(view.dtype);
  const to = copy.storage.typed(view.dtype);
  elementPositions(view.sizes, view.strides, view.offset).forEach((position, i) => {
    to[i] = from[position];
  });
  return copy;
}

/** A tensor of given values. */
export function viewOf(
  dtype: StridedView['dtype'],
  sizes: readonly number[],
  fill: (i: number) => number,
): StridedView {
  const total = sizes.reduce((product, size) => product * size, 1);
  const storage = Storage.allocate(dtype, Math.max(total, 16));
  const view = new StridedView(storage, dtype, sizes, contiguousStrides(sizes), 0);
  const write = writerOf(view);
  for (let i = 0; i < total; i++) write(i, fill(i));
  return view;
}

function writerOf(view: StridedView): (position: number, value: number) => void {
  return elementWriter(view.dtype, view.storage.typed(view.dtype));
}
