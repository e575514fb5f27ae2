/** @file Puts together the head of a generated C file: only the helper functions it uses, each after what it needs itself. */
import { bf16ToF32, bitCasts, f16ToF32, f32ToBf16, f32ToF16 } from './convert.ts';
import { mathPieces } from './math.ts';
import { pairProducts } from './pairs.ts';
import { quadProducts } from './quads.ts';
import type { IsaFacts, KernelSource, PreludeName } from './types.ts';
import { fmaElement, loadBf16, loadF16, vectorTypes } from './vectors.ts';

/** One piece of C text and the pieces it needs before it. */
export interface PreludePiece {
  readonly needs: readonly string[];
  readonly text: string | ((isa: IsaFacts) => string);
}

const pieces: ReadonlyMap<string, PreludePiece> = new Map<string, PreludePiece>([
  ['bits', { needs: [], text: bitCasts }],
  ['tn_f16_to_f32', { needs: ['bits'], text: f16ToF32 }],
  ['tn_f32_to_f16', { needs: ['bits'], text: f32ToF16 }],
  ['tn_bf16_to_f32', { needs: ['bits'], text: bf16ToF32 }],
  ['tn_f32_to_bf16', { needs: ['bits'], text: f32ToBf16 }],
  ['tn_vf', { needs: [], text: vectorTypes }],
  ['tn_fma_element', { needs: ['tn_vf'], text: fmaElement }],
  ['tn_load_f16', { needs: ['tn_vf'], text: loadF16 }],
  ['tn_load_bf16', { needs: ['tn_vf'], text: loadBf16 }],
  ['tn_dot_pairs', { needs: ['tn_vf', 'tn_f32_to_bf16', 'tn_bf16_to_f32'], text: pairProducts }],
  ['tn_dot_quads', { needs: ['tn_vf'], text: quadProducts }],
  ...mathPieces,
]);

/**
 * C text that defines the functions of `names` for the level, dependencies first, each once. Goes after `#include "tn_runtime.h"`
 * (or anything that gives `stdint.h`); the order of `names` does not matter.
 */
export function prelude(names: Iterable<PreludeName>, isa: IsaFacts): string {
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const need of pieceOf(name).needs) want(need);
  };
  for (const name of names) want(name);
  let text = '';
  for (const [name, piece] of pieces) {
    if (wanted.has(name)) text += (typeof piece.text === 'string' ? piece.text : piece.text(isa)) + '\n';
  }
  return text;
}

function pieceOf(name: string): PreludePiece {
  const piece = pieces.get(name);
  if (piece === undefined) throw new Error(`prelude: no C helper named ${name}`);
  return piece;
}

/** A whole C file of some kernels: include, prelude, kernels. */
export function renderKernelFile(kernels: readonly KernelSource[], isa: IsaFacts): string {
  const uses = new Set(kernels.flatMap((kernel) => kernel.uses));
  return ['#include "tn_runtime.h"', '', prelude(uses, isa) + kernels.map((kernel) => kernel.text).join('\n')].join(
    '\n',
  );
}
