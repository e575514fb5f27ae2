/** @file Float64 references and data for the template tests. */
import { floats, halves } from './harness.ts';

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** float32 bits of a number rounded to float32. */
export function bitsOf(x: number): number {
  scratch[0] = x;
  return scratchBits[0]!;
}

/** The float32 of these bits. */
export function fromBits(u: number): number {
  scratchBits[0] = u;
  return scratch[0]!;
}

/** binary16 bits to a number, by the definition. */
export function halfToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** A number to binary16 bits, nearest even, through exact arithmetic on doubles. */
export function numberToHalf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return sign | 0x7c00;
  if (a === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(a)));
  const unit = 2 ** (exponent - 10);
  const q = a / unit;
  let n = Math.floor(q);
  if (q - n > 0.5 || (q - n === 0.5 && n % 2 === 1)) n++;
  return sign | (exponent === -14 ? n : ((exponent + 15) << 10) + (n - 1024));
}

/** The upper half of float32, nearest even. */
export function numberToBfloat(x: number): number {
  const u = bitsOf(x);
  if (Number.isNaN(x)) return 0x7fc0;
  const low = u & 0xffff;
  const high = u >>> 16;
  return (high + (low > 0x8000 || (low === 0x8000 && high & 1) ? 1 : 0)) & 0xffff;
}

export function bfloatToNumber(h: number): number {
  return fromBits((h << 16) >>> 0);
}

export type Stored = 'float32' | 'float16' | 'bfloat16';

/** Stores float data as the dtype; `values` is what the stored elements are worth. */
export function store(data: Float32Array, dtype: Stored): { stored: Float32Array | Uint16Array; values: Float32Array } {
  if (dtype === 'float32') return { stored: data, values: data };
  const stored = halves(data.length);
  const values = floats(data.length);
  for (let i = 0; i < data.length; i++) {
    stored[i] = dtype === 'float16' ? numberToHalf(data[i]!) : numberToBfloat(data[i]!);
    values[i] = dtype === 'float16' ? halfToNumber(stored[i]!) : bfloatToNumber(stored[i]!);
  }
  return { stored, values };
}

/** `[N/16][K][16]` panels of b[k * N + n]. */
export function panels<T extends Float32Array | Uint16Array>(b: T, K: number, N: number): T {
  const count = Math.ceil(N / 16);
  const out = (b instanceof Float32Array ? floats(count * K * 16) : halves(count * K * 16)) as T;
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++) out[(Math.floor(n / 16) * K + k) * 16 + (n % 16)] = b[k * N + n]!;
  return out;
}

/** Greatest |got - want| over the greatest |want|, infinite on a NaN that is not wanted. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let worst = 0;
  let scale = 1e-30;
  for (let i = 0; i < want.length; i++) {
    if (Object.is(got[i], want[i])) continue;
    const error = Math.abs(got[i]! - want[i]!);
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
    if (Number.isFinite(want[i]!)) scale = Math.max(scale, Math.abs(want[i]!));
  }
  return worst / scale;
}

/** Raw bits of a buffer, to compare runs. */
export function bytesOf(buffer: Float32Array | Uint16Array): Buffer {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Each element rounded to bfloat16. */
export function bfloats(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const out = floats(values.length);
  for (let i = 0; i < out.length; i++) out[i] = bfloatToNumber(numberToBfloat(values[i]!));
  return out;
}

/** `[N/16][ceil(K/2)][16]` panels of bfloat16 pairs of b[k * N + n], the even element in the lower half. */
export function pairPanels(b: Float32Array, K: number, N: number): Uint32Array<ArrayBuffer> {
  const pairs = Math.ceil(K / 2);
  const memory = floats(Math.ceil(N / 16) * pairs * 16);
  const out = new Uint32Array(memory.buffer, memory.byteOffset, memory.length);
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++) {
      const at = (Math.floor(n / 16) * pairs + (k >> 1)) * 16 + (n % 16);
      out[at] = (out[at]! | (numberToBfloat(b[k * N + n]!) << (16 * (k % 2)))) >>> 0;
    }
  return out;
}

/** The nearest whole number, ties to even. */
function toEven(x: number): number {
  const whole = Math.round(x);
  return whole - x === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
}

/** What quantising the columns of b[k * N + n] to int8 gives: panels `[N/16]([ceil(K/4)][16][4] bytes, 16 scales)`, and the values they stand for. */
export function quadPanels(b: Float32Array, K: number, N: number): { panels: Uint32Array; values: Float32Array } {
  const quads = Math.ceil(K / 4);
  const stride = quads * 16 + 16;
  const memory = floats(Math.ceil(N / 16) * stride);
  const panels = new Uint32Array(memory.buffer, memory.byteOffset, memory.length);
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.length * 4);
  const values = floats(K * N);
  for (let panel = 0; panel < Math.ceil(N / 16); panel++) {
    const start = panel * stride * 4;
    bytes.fill(128, start, start + quads * 64);
    for (let c = 0; c < 16 && panel * 16 + c < N; c++) {
      const n = panel * 16 + c;
      let top = 0;
      for (let k = 0; k < K; k++) top = Math.max(top, Math.abs(b[k * N + n]!));
      const scale = Math.fround(top / 127);
      memory[panel * stride + quads * 16 + c] = scale;
      for (let k = 0; k < K; k++) {
        const q = top === 0 ? 0 : toEven(Math.fround(b[k * N + n]! * Math.fround(127 / top)));
        bytes[start + (k >> 2) * 64 + c * 4 + (k % 4)] = q + 128;
        values[k * N + n] = q * scale;
      }
    }
  }
  return { panels, values };
}

/** Each row of a[m * stride + k], k < K, as it is quantised to -127 … 127. */
export function quantisedRows(a: Float32Array, M: number, K: number, stride: number): Float32Array<ArrayBuffer> {
  const out = floats(a.length);
  for (let m = 0; m < M; m++) {
    let top = 0;
    for (let k = 0; k < K; k++) top = Math.max(top, Math.abs(a[m * stride + k]!));
    for (let k = 0; k < K; k++) {
      const q = top === 0 ? 0 : toEven(Math.fround(a[m * stride + k]! * Math.fround(127 / top)));
      out[m * stride + k] = q * Math.fround(top / 127);
    }
  }
  return out;
}
