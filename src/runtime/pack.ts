/** @file Weight matrices into the panels that kernels stream (`tn_pack.c`), and aligned memory to keep them in. */

import { invariant } from '../core/errors.ts';
import { packBlock, packForms } from './abi.ts';
import type { NativeFunction } from './ffi.ts';
import { addressOf, keepAlive } from './ffi.ts';
import type { NativeRuntime } from './nativeRuntime.ts';
import { Words } from './words.ts';

/**
 * A matrix of N columns (output features) and K = k1*k0 rows; element (n, i1*k0 + i0) stands at
 * `n*strideN + i1*strideK1 + i0*strideK0` (elements). A [N, K] matrix: k1 1, k0 K, strideN K, strideK0 1; its transpose
 * [K, N]: strideN 1, strideK0 N; a convolution's [N, C, W] with W outermost in K: k1 W, k0 C, strides C*W, 1, W.
 */
export interface PanelSource {
  /** Of the source's elements. */
  readonly elementBytes: 1 | 2 | 4;
  /** The panels hold bfloat16, rounded from elements of this dtype. */
  readonly roundedFrom?: 'float32' | 'float16';
  /** The panels hold bytes and a scale a column, quantised from elements of this dtype; group 4. Neither: the elements as they are. */
  readonly quantisedFrom?: 'float32' | 'float16' | 'bfloat16';
  /** Rows that stand together per column: 1 for float32 and float16, 2 for bfloat16 pairs, 4 for int8. */
  readonly group: 1 | 2 | 4;
  readonly n: number;
  readonly k1: number;
  readonly k0: number;
  readonly strideN: number;
  readonly strideK1: number;
  readonly strideK0: number;
}

/** Size of the panels `[ceil(N/16)][ceil(K/group)][16][group]`, bytes; quantised ones have 16 float32 behind each. */
export function panelBytes(source: PanelSource): number {
  const k = Math.ceil((source.k1 * source.k0) / source.group) * source.group;
  const panels = Math.ceil(source.n / 16);
  if (source.quantisedFrom) return panels * (16 * k + 64);
  return panels * 16 * k * (source.roundedFrom ? 2 : source.elementBytes);
}

/** Packs on the pool's threads. Both addresses are the caller's to keep valid; the target has `panelBytes` bytes. */
export function packPanels(runtime: NativeRuntime, source: PanelSource, from: number, to: number): void {
  move(runtime.functions.packPanels, source, from, to);
}

/** The way back of panels that hold elements as they are: panels at `from` to the elements, wherever `source` says that they stand, at `to`. */
export function unpackPanels(runtime: NativeRuntime, source: PanelSource, from: number, to: number): void {
  move(runtime.functions.unpackPanels, source, from, to);
}

function move(native: NativeFunction, source: PanelSource, from: number, to: number): void {
  const words = packWords(source, from, to);
  const code = native(words.address);
  keepAlive(words);
  invariant(code === 0, () => `panels were refused: ${JSON.stringify(source)}`);
}

const rounding = { float32: packForms.fromF32, float16: packForms.fromF16 } as const;
const quantising = { float32: packForms.int8F32, float16: packForms.int8F16, bfloat16: packForms.int8Bf16 } as const;

function formOf({ roundedFrom, quantisedFrom }: PanelSource): number {
  if (quantisedFrom) return quantising[quantisedFrom];
  return roundedFrom ? rounding[roundedFrom] : packForms.asIs;
}

function packWords(source: PanelSource, from: number, to: number): Words {
  const words = new Words(packBlock.words);
  words.set(packBlock.source, from);
  words.set(packBlock.target, to);
  words.set(packBlock.element, source.elementBytes);
  words.set(packBlock.form, formOf(source));
  words.set(packBlock.group, source.group);
  words.set(packBlock.n, source.n);
  words.set(packBlock.k1, source.k1);
  words.set(packBlock.k0, source.k0);
  words.set(packBlock.strideN, source.strideN);
  words.set(packBlock.strideK1, source.strideK1);
  words.set(packBlock.strideK0, source.strideK0);
  return words;
}

export interface AlignedMemory {
  /** Exactly `bytes` long. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A multiple of 64. */
  readonly address: number;
}

/** Zero-filled memory that starts on a cache line, as packed panels must. */
export function allocateAligned(bytes: number): AlignedMemory {
  const buffer = new ArrayBuffer(bytes + 64);
  const start = addressOf(buffer);
  const skip = (64 - (start % 64)) % 64;
  return { bytes: new Uint8Array(buffer, skip, bytes), address: start + skip };
}
