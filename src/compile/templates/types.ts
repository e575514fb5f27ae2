/**
 * @file What the kernel templates and their caller (the loop-IR emitter) hand each other.
 *
 * A template returns the C text of ONE kernel, specialised on what is static. Everything that is not static comes in as a C
 * expression: it may use the kernel's own arguments (`b`, `d`, `t`) and the locals that `KernelContext.setup` declares.
 */

/** The instruction-set levels of DESIGN §4 "Targets". */
export type IsaName = 'plain' | 'v3' | 'v4' | 'v4x' | 'neon';

/** What a template has to know about a level; `isaFacts` in `isa.ts` is the table. */
export interface IsaFacts {
  readonly name: IsaName;
  /** float32 values in one vector register. */
  readonly lanes: number;
  /** Vector registers the compiler can allocate. */
  readonly registers: number;
  readonly hasFma: boolean;
  /** Hardware float16 <-> float32 conversion. */
  readonly hasF16c: boolean;
  /** Dot products of bfloat16 pairs, summed in float32. */
  readonly hasBf16Dot: boolean;
  /** Dot products of unsigned with signed bytes, summed in int32. */
  readonly hasInt8Dot: boolean;
}

/**
 * Arithmetic of matrix products, convolutions and attention. `bf16`: operands rounded to bfloat16, float32 sums (see
 * `pairs.ts`); a few rows times weights keep float32 rows. `int8`: weights quantised per output channel (`quads.ts`); products without
 * weights as at bf16. Everything else is float32 at any.
 */
export type TemplatePrecision = 'float32' | 'bf16' | 'int8';

/** Floating storage dtypes of template operands. Arithmetic is float32 for all of them. */
export type FloatDtype = 'float32' | 'float16' | 'bfloat16';

/** Functions that `prelude()` can put at the head of a C file; callers list what their own text uses. */
export type PreludeName =
  | 'tn_expf'
  | 'tn_exp2f'
  /** 2^x for x <= 0 (or NaN), 0 below -126.5: cheap, for softmax. */
  | 'tn_exp2_decay'
  /** e^x for x <= 0 (or NaN), 0 below -87.6. */
  | 'tn_exp_decay'
  | 'tn_expm1f'
  | 'tn_logf'
  | 'tn_log2f'
  | 'tn_log10f'
  | 'tn_log1pf'
  | 'tn_tanhf'
  | 'tn_erff'
  | 'tn_sinf'
  | 'tn_cosf'
  | 'tn_sigmoidf'
  | 'tn_siluf'
  | 'tn_powf'
  | 'tn_geluf'
  | 'tn_gelu_tanhf'
  /** `float tn_f16_to_f32(uint16_t)`: exact. */
  | 'tn_f16_to_f32'
  /** `uint16_t tn_f32_to_f16(float)`: to nearest, ties to even. */
  | 'tn_f32_to_f16'
  /** `float tn_bf16_to_f32(uint16_t)`: exact. */
  | 'tn_bf16_to_f32'
  /** `uint16_t tn_f32_to_bf16(float)`: to nearest, ties to even. */
  | 'tn_f32_to_bf16'
  /** `tn_vf`, `tn_load`, `tn_store`, `tn_splat`: one vector register of float32. */
  | 'tn_vf'
  /** `tn_vf tn_fma_element(tn_vf c, const float *a, tn_vf v)`: `c + *a * v`, AVX-512 only. */
  | 'tn_fma_element'
  /** `tn_vf tn_load_f16(const uint16_t *)`. */
  | 'tn_load_f16'
  /** `tn_vf tn_load_bf16(const uint16_t *)`. */
  | 'tn_load_bf16'
  /** `tn_word`, `tn_left`, `tn_round_pairs`, `tn_dot_pairs`: products of bfloat16 pairs, see `pairs.ts`. */
  | 'tn_dot_pairs'
  /** `tn_word`, `tn_left`, `tn_quantise_row`, `tn_dequantise`, `tn_dot_quads`: products of int8 weights, see `quads.ts`. */
  | 'tn_dot_quads';

/** Where a kernel is going to live. */
export interface KernelContext {
  readonly isa: IsaFacts;
  /** Default: float32. */
  readonly precision?: TemplatePrecision;
  /** Name of the C function; also the prefix of its static helpers. */
  readonly functionName: string;
  /** C statements at the head of the kernel: the locals (dims, pointers) that all the expressions handed over may use. */
  readonly setup?: string;
  /** Prelude functions that `setup`, operand and epilogue texts call. */
  readonly uses?: readonly PreludeName[];
  /** One line for the reader of the C: what the kernel computes and the user's source line it came from. */
  readonly comment?: string;
}

/** What a template returns. */
export interface KernelSource {
  readonly functionName: string;
  /**
   * Static helpers and the kernel
   * `void NAME(void *const *b, const int64_t *d, const tn_thread *t)`. No includes, no prelude.
   */
  readonly text: string;
  /** Everything the text needs of `prelude()`, the caller's own `uses` included. */
  readonly uses: readonly PreludeName[];
  /**
   * Bytes of `t->scratch` (64-byte aligned) that each thread needs: a C expression of type int64_t over the names in `setup`;
   * `'0'` when none. Upper bound for every thread, independent of the thread count.
   */
  readonly scratchBytes: string;
}

/** A matrix in memory, columns contiguous. `pointer` may use `batch` (int64_t) where the template says so. */
export interface MatrixOperand {
  /** C expression of type `const float *` or `const uint16_t *` (half and bfloat16): element (0, 0). */
  readonly pointer: string;
  readonly dtype: FloatDtype;
  /** Elements from one row to the next, a C expression. */
  readonly rowStride: string;
}

/** A matrix of any two strides, in elements. `pointer` may use `batch`. */
export interface StridedMatrix extends MatrixOperand {
  readonly columnStride: string;
}

/**
 * C statements that consume one finished row piece: they read `acc[c]` (float, c = 0 … count-1, which is column `col0 + c` of
 * row `row`) and loop over c themselves under `#pragma omp simd`. `acc`, `row`, `col0`, `count`, `batch` are C expressions without
 * side effects; `acc` is a `float *` that may be overwritten. Every element of the output is handed over exactly once.
 */
export type Epilogue = (piece: EpiloguePiece) => string;

export interface EpiloguePiece {
  readonly acc: string;
  readonly row: string;
  readonly col0: string;
  readonly count: string;
  readonly indent: string;
  /** Flattened batch index where the template has one, else `'0'`. */
  readonly batch: string;
}

/** C expressions: addresses that the epilogue accesses at an element, those that run along with the rows. They are prefetched. */
export type Touches = (place: {
  readonly row: string;
  readonly column: string;
  readonly batch: string;
}) => readonly string[];

/**
 * C statements that write one row of the left operand as float32: `target[k]` for k = 0 … K-1 (`target` is a `float *`). Used for
 * fused prologues (layerNorm before a linear) and for implicit im2col.
 */
export type RowProvider = (place: {
  readonly target: string;
  readonly row: string;
  readonly batch: string;
  readonly indent: string;
}) => string;
