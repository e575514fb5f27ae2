/** @file The numbers of `c/tn_runtime.h`; a test compares them with the header. */

export const abiVersion = 1;

/** Words of an argument block; `tn_runtime.h` says what each is. */
export const block = {
  status: 0,
  kernel: 1,
  value: 2,
  limit: 3,
  threads: 4,
  flags: 5,
  artifact: 6,
  context: 7,
  weights: 8,
  profile: 9,
  used: 10,
  header: 16,
} as const;

export const callFlags = { allThreads: 1 } as const;

export const maxThreads = 256;

export const errorCodes = {
  ok: 0,
  index: 1,
  dim: 2,
  value: 3,
  memory: 16,
  abi: 17,
  busy: 18,
  system: 19,
  notFound: 20,
} as const;

export type ErrorKind = keyof typeof errorCodes;

/** The word for a code that the runtime returned. */
export function errorKind(code: number): ErrorKind | 'unknown' {
  for (const [kind, value] of Object.entries(errorCodes)) if (value === code) return kind as ErrorKind;
  return 'unknown';
}

/** Words of a packing block. */
export const packBlock = {
  source: 0,
  target: 1,
  element: 2,
  group: 3,
  n: 4,
  k1: 5,
  k0: 6,
  strideN: 7,
  strideK1: 8,
  strideK0: 9,
  form: 10,
  words: 11,
} as const;

/** What packing does to elements. */
export const packForms = { asIs: 0, fromF32: 1, fromF16: 2, int8F32: 3, int8F16: 4, int8Bf16: 5 } as const;

export const isaCodes = { plain: 0, v3: 3, v4: 4, v4x: 5, neon: 16 } as const;
