/** @file The instruction-set levels as the templates see them. */
import type { IsaFacts, IsaName } from './types.ts';

/** Facts per level: x86-64 baseline (SSE2), AVX2+FMA+F16C, AVX-512, the same with BF16 and VNNI, 64-bit Arm. */
export const isaFacts: Readonly<Record<IsaName, IsaFacts>> = {
  plain: {
    name: 'plain',
    lanes: 4,
    registers: 16,
    hasFma: false,
    hasF16c: false,
    hasBf16Dot: false,
    hasInt8Dot: false,
  },
  v3: { name: 'v3', lanes: 8, registers: 16, hasFma: true, hasF16c: true, hasBf16Dot: false, hasInt8Dot: false },
  v4: { name: 'v4', lanes: 16, registers: 32, hasFma: true, hasF16c: true, hasBf16Dot: false, hasInt8Dot: false },
  v4x: { name: 'v4x', lanes: 16, registers: 32, hasFma: true, hasF16c: true, hasBf16Dot: true, hasInt8Dot: true },
  neon: { name: 'neon', lanes: 4, registers: 32, hasFma: true, hasF16c: true, hasBf16Dot: false, hasInt8Dot: false },
};
