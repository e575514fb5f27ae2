/** @file C identifiers: readable, never a keyword, never one of ours. */

const keywords = new Set(
  `auto break case char const continue default do double else enum extern float for goto if inline int long register
  restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof main
  b d t batch acc row col count c begin end errno NULL`.split(/\s+/),
);

/** Names that kernels make up themselves: loop variables, temporaries, buffers. */
const ours = /^(?:[ijkvwxyz]\d*|r\d+|from\d*|to\d*|out\d*|tk_.*|tn_.*|_.*|[A-Z_0-9]+)$/;

/** `this.layers.0.fc1.weight` as `layers_0_fc1_weight`. */
export function identifier(text: string): string {
  const plain = text
    .replace(/^this\./, '')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const name = /^[A-Za-z]/.test(plain) ? plain : `v_${plain}`;
  return keywords.has(name) || ours.test(name) ? `${name}_` : name;
}

/** Hands out names, each once. */
export class NameTable {
  private readonly used = new Set<string>();

  take(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.used.has(name); n++) name = `${wanted}_${n}`;
    this.used.add(name);
    return name;
  }
}

/** 53 bits of text, as 10 base-36 digits at most: tells kernels of one program apart (no cryptographic use). */
export function shortHash(text: string): string {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 2654435761);
    high = Math.imul(high ^ unit, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return (4294967296 * (2097151 & high) + (low >>> 0)).toString(36).padStart(8, '0').slice(-8);
}
