/** @file A small artifact written by hand, as generated ones look, and where the tests build things. */

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type BuildResult,
  compileSync,
  findCompiler,
  kernelFlags,
  sharedFlags,
  targetIsa,
} from '../../compile/toolchain/index.ts';
import { artifactHeaders, buildRuntime } from '../sources.ts';

/**
 * y[n] = w[idx[n]] * x[n] by way of the arena, then total[0] = the sum of y in chunks of 64: a gather with a range check,
 * a barrier, a reduction whose partial sums do not depend on the number of threads.
 */
export const exampleSource = `
#include "tn_runtime.h"

static const char *const kernel_names[] = {"gather_scale", "partial_sums", "total"};

static void gather_scale(void *const *b, const int64_t *d, const tn_thread *t) {
  const float *x = b[0];
  const int32_t *idx = b[1];
  const float *w = b[2];
  float *y = b[3];
  int64_t begin, end;
  tn_split(d[0], 16, t->id, t->count, &begin, &end);
  for (int64_t i = begin; i < end; i++) {
    int64_t at = idx[i];
    if (TN_UNLIKELY(at < 0 || at >= d[1])) {
      tn_fail(t, TN_ERROR_INDEX, at, d[1]);
      at = 0;
    }
    y[i] = w[at] * x[i];
  }
}

static void partial_sums(void *const *b, const int64_t *d, const tn_thread *t) {
  const float *y = b[0];
  float *sums = b[1];
  float *copy = (float *)(void *)t->scratch;
  int64_t begin, end;
  tn_split(d[0], 64, t->id, t->count, &begin, &end);
  for (int64_t i = begin; i < end; i += 64) {
    const int64_t n = tn_min(64, end - i);
    for (int64_t j = 0; j < n; j++) copy[j] = y[i + j];
    float sum = 0;
    for (int64_t j = 0; j < n; j++) sum += copy[j];
    sums[i / 64] = sum;
  }
}

static void total(void *const *b, const int64_t *d, const tn_thread *t) {
  if (t->id != 0) return;
  const float *sums = b[0];
  float *out = b[1];
  float sum = 0;
  for (int64_t i = 0; i < tn_ceildiv(d[0], 64); i++) sum += sums[i];
  *out = sum;
}

static int64_t arena_bytes(const int64_t *d) { return 4 * tn_ceildiv(d[0], 64) + 64; }
static int64_t scratch_bytes(const int64_t *d) { (void)d; return 256; }
static int64_t work(const int64_t *d) { return d[0]; }

static void program(const tn_call *c, const tn_thread *t) {
  const int64_t *d = c->dims;
  {
    void *const b[] = {c->inputs[0], c->inputs[1], c->weights[0], c->outputs[0]};
    tn_kernel_begin(c, t, 0);
    gather_scale(b, d, t);
    tn_kernel_end(c, t, 0);
  }
  tn_barrier(t);
  {
    void *const b[] = {c->outputs[0], c->arena};
    tn_kernel_begin(c, t, 1);
    partial_sums(b, d, t);
    tn_kernel_end(c, t, 1);
  }
  tn_barrier(t);
  {
    void *const b[] = {c->arena, c->outputs[1]};
    tn_kernel_begin(c, t, 2);
    total(b, d, t);
    tn_kernel_end(c, t, 2);
  }
}

TN_EXPORT extern const tn_artifact tn_artifact_v1;
const tn_artifact tn_artifact_v1 = {
    .abi_version = TN_ABI_VERSION,
    .name = "example",
    .n_dims = 2, .n_inputs = 2, .n_outputs = 2, .n_weights = 1, .n_kernels = 3,
    .kernel_names = kernel_names,
    .arena_bytes = arena_bytes,
    .scratch_bytes = scratch_bytes,
    .work = work,
    .program = program,
};
`;

export const exampleFolder = mkdtempSync(path.join(os.tmpdir(), 'tn-runtime-test-'));
process.once('exit', () => rmSync(exampleFolder, { recursive: true, force: true }));

const folders = { objectFolder: path.join(exampleFolder, 'objects'), folder: path.join(exampleFolder, 'artifacts') };

/** Path of the library, or an error with the compiler's words. */
export function libraryOf(result: BuildResult): string {
  if (!result.ok) throw new Error(`${result.message}\n${result.stderr ?? ''}`);
  return result.library!;
}

export function exampleRuntimePath(): string {
  return libraryOf(buildRuntime(findCompiler(), folders));
}

/** Builds one C text as an artifact for the machine's level. */
export function exampleArtifactPath(source = exampleSource, flags: readonly string[] = []): string {
  const compiler = findCompiler();
  return libraryOf(
    compileSync({
      title: 'example',
      compiler,
      jobs: [
        {
          name: 'example',
          source,
          flags: [...kernelFlags(targetIsa(), compiler.family), '-Wall', '-Wextra', '-Werror', ...flags],
        },
      ],
      headers: artifactHeaders(),
      objectFolder: folders.objectFolder,
      link: { folder: folders.folder, prefix: 'example', flags: sharedFlags() },
      quiet: true,
    }),
  );
}
