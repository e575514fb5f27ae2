/** @file Small pieces of C text: strings, dtypes, comments. */

import type { DType } from '../core/dtype.ts';

/** DLPack's code, bits and lanes. */
const dlTypes: Readonly<Record<DType, readonly [code: number, bits: number]>> = {
  float32: [2, 32],
  float16: [2, 16],
  bfloat16: [4, 16],
  float64: [2, 64],
  int64: [0, 64],
  int32: [0, 32],
  uint8: [1, 8],
  int8: [0, 8],
  bool: [6, 8],
};

/** `{2, 32, 1}` */
export function dlType(dtype: DType): string {
  const [code, bits] = dlTypes[dtype];
  return `{${code}, ${bits}, 1}`;
}

/** A string literal; bytes beyond ASCII are escaped, and so is what would end a comment or make a trigraph. */
export function cString(text: string): string {
  const escaped = [...Buffer.from(text)].map((byte) => {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') return `\\${char}`;
    if (char === '\n') return '\\n';
    if (char === '?') return '\\?';
    return byte >= 0x20 && byte < 0x7f ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

/** Text that may stand in a comment. */
export function commentText(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll('/*', '/ *').replace(/\s+/g, ' ');
}

/** An int64_t constant. */
export function int64(value: number): string {
  return Math.abs(value) > 0x7fffffff ? `INT64_C(${value})` : String(value);
}

/** Items of an initializer, wrapped at 120 columns. */
export function wrapped(items: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const item of items) {
    const piece = `${item},`;
    if (line.trim() !== '' && line.length + piece.length + 1 > 120) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${piece} `;
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines;
}
