/** @file Native matrix products for the eager ops, handed down from above when a C compiler is there. */

/** What heavy eager kernels (matmul, linear, conv1d, attention) ask before they multiply in JavaScript. */
export interface NativeProvider {
  /**
   * `a` [m, k] row-major times `b`, float32 accumulation; `b` is [k, n], or [n, k] when `transposed`.
   * `b` may be float16 or bfloat16 bit patterns (`bDType`). Gives [m, n], or null when it cannot help (no compiler, too
   * small to pay): the typed-array kernel runs then.
   */
  matmul(
    m: number,
    n: number,
    k: number,
    a: Float32Array,
    b: Float32Array | Uint16Array,
    bDType: 'float32' | 'float16' | 'bfloat16',
    transposed: boolean,
  ): Float32Array | null;
}

export let nativeProvider: NativeProvider | null = null;

export function setNativeProvider(provider: NativeProvider | null): void {
  nativeProvider = provider;
}
