/**
 * @file Tile and blocking choices of the templates, all in one place, with their reasons.
 *
 * Sizes of the caches are those of current server and desktop cores (32-48 KB L1, 1 MB or more L2); nothing breaks when they are
 * smaller, it only gets slower.
 */
import type { IsaFacts } from './types.ts';

/** Columns of one weight panel: `[N/16][K][16]` on every level, so one packed file serves all of them (DESIGN §4 "Targets"). */
export const panelColumns = 16;

export interface GemmTile {
  /** Rows of the accumulator tile. */
  readonly rows: number;
  /** Panels side by side in the tile. */
  readonly panels: number;
}

/**
 * Accumulators fill the register file: rows × panels × 16 / lanes of them, and what is left holds the B vectors and one broadcast.
 * - AVX-512, 32 registers: 8×48 = 24 accumulators + 3 B; the broadcast of A is folded into the FMA.
 * - AVX2, 16 registers: 6×16 = 12 + 2 B + 1 broadcast.
 * - SSE, 16 registers of 4: 3×16 = 12, the products need a register each; there is no broadcast load, so few rows are best.
 * - NEON, 32 registers of 4: 6×16 = 24 + 4 B + 1 broadcast, an element of which the FMA takes.
 */
export function gemmTile(isa: IsaFacts): GemmTile {
  switch (isa.name) {
    case 'v4':
    case 'v4x':
      return { rows: 8, panels: 3 };
    case 'v3':
    case 'neon':
      return { rows: 6, panels: 1 };
    case 'plain':
      return { rows: 3, panels: 1 };
  }
}

/**
 * Rows of the tile whose element of A is an operand of the multiply-add itself (AVX-512's embedded broadcast); that of the other rows
 * is broadcast to a register first. Left alone, compilers do the latter for all. Half and half is 3 % faster on Zen 4 than none: fewer
 * instructions and registers in flight. All of them would be a load for each multiply-add, too many where there are two of both a cycle.
 */
export function foldedRows(isa: IsaFacts, rows: number): number {
  return isa.lanes === 16 ? Math.floor(rows / 2) : 0;
}

/**
 * Steps of depth that one chain of float32 multiply-adds runs over before its sum is put aside: rounding errors grow with the
 * chain's length, and putting a tile aside costs 1 % of a chunk. A multiple of nothing in particular; must not depend on the level.
 */
export const depthChunk = 256;

/**
 * The same for pairs of bfloat16, 1024 steps of depth: the chain's error (at most 1e-5, mostly below 1e-6) drowns in that of the
 * operands (2e-3), and a tile put aside costs twice as much beside multiply-adds that are twice as fast.
 */
export const pairChunk = 512;

/** The same for widened int8, 512 steps of depth: sums of products of whole numbers, exact for the first thousand. Sums in int32 need none. */
export const quadChunk = 128;

/**
 * With at most so many rows the weights are read once and the kernel is bound by memory: one panel at a time then, a single
 * sequential stream, which the hardware prefetcher follows best.
 */
export const narrowRows = 24;

/** Rows are taken in blocks whose left operand stays in L2 beside a panel group: about this many bytes of float32. */
const rowBlockBytes = 400 * 1024;
const rowBlockMax = 192;
const rowBlockMin = 24;

/**
 * Rows a block, a multiple of 24 (so of every tile height but 16), for left operands of so many bytes an element. With symbolic
 * depth: 96, right for depths up to 1024.
 */
export function gemmRowBlock(depth: number | undefined, bytes = 4): number {
  if (depth === undefined) return 96;
  const fitting = Math.floor(rowBlockBytes / (bytes * Math.max(1, depth)) / 24) * 24;
  return Math.min(rowBlockMax, Math.max(rowBlockMin, fitting));
}

/** Rows a block when a provider writes them to scratch and depth is symbolic: few, since scratch grows with depth. */
export const providerRowBlockSymbolic = 24;

/** Panels packed at a time when the right operand is an activation: bounds scratch, amortises a row conversion over 384 columns. */
export const packedPanelsAtOnce = 24;

/**
 * Accumulators over K of one matrix-vector panel, per level and row count: enough independent chains (about 8) to hide the FMA
 * latency, without spilling.
 */
export function gemvUnroll(isa: IsaFacts, rows: number): number {
  const vectors = (rows * panelColumns) / isa.lanes;
  const wanted = Math.max(1, Math.floor(8 / vectors));
  return isa.lanes === 16 ? Math.max(wanted, rows === 1 ? 8 : 4) : wanted;
}

/** Pairs of rows at a time of a matrix-vector panel of bfloat16: each has two accumulators, for its even and odd elements. */
export function gemvPairUnroll(isa: IsaFacts, rows: number): number {
  return Math.max(1, gemvUnroll(isa, rows) / 2);
}

/** Rows that `gemv` takes; above, `gemm` reads the weights as few times. */
export const gemvMaxRows = 4;

/** Attention's tile: six query rows so that their scores of a whole key block fit in L1 beside the streams of K and V. */
export function attentionTile(isa: IsaFacts): GemmTile {
  return isa.lanes === 16 ? { rows: 6, panels: 4 } : gemmTile(isa);
}

/** Keys whose scores are held at a time: 6 rows × 1536 × 4 bytes = 36 KB. Longer rows are done in blocks (online softmax). */
export const attentionKeyBlock = 1536;

/** Row tiles that share one key block while it is in L2, where there is more than one block. */
export const attentionTilesPerBlock = 16;

/** With at most so many queries K and V are read as they are, row by row; packing them would cost more than it saves. */
export const attentionRowQueries = 4;
