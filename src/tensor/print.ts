/** @file Tensors as text in PyTorch's style: aligned columns, four digits, long axes summarised. */

import { isFloat } from '../core/dtype.ts';
import { StridedView } from '../core/view.ts';
import { readElements } from '../ops/kernels.ts';

export interface PrintOptions {
  /** Digits after the point. */
  readonly precision?: number;
  /** Elements above which axes are shortened. */
  readonly threshold?: number;
  /** Items shown at each end of a shortened axis. */
  readonly edgeItems?: number;
  /** Characters a line. */
  readonly lineWidth?: number;
}

type Format = (value: number | bigint) => string;

export function tensorToString(view: StridedView, options: PrintOptions = {}): string {
  const { precision = 4, threshold = 1000, edgeItems = 3, lineWidth = 80 } = options;
  const prefix = 'tensor(';
  const summarise = view.count > threshold;
  const suffixes: string[] = [];
  if (view.count === 0 && view.sizes.length !== 1) suffixes.push(`size=[${view.sizes.join(', ')}]`);
  if (!['float32', 'int64', 'bool'].includes(view.dtype) || (view.count === 0 && view.dtype !== 'float32')) {
    suffixes.push(`dtype=${view.dtype}`);
  }
  let body = '[]';
  if (view.count > 0) {
    const shown = summarise ? edges(view, edgeItems) : [view];
    const format = formatFor(view, shown, precision);
    body = render(view, format, prefix.length, { summarise, edgeItems, lineWidth });
  }
  return `${prefix}${[body, ...suffixes].join(', ')})`;
}

/** The corners that a summary shows, as views. */
function edges(view: StridedView, edgeItems: number): StridedView[] {
  let parts = [view];
  view.sizes.forEach((size, axis) => {
    if (size <= 2 * edgeItems) return;
    parts = parts.flatMap((part) => [cut(part, axis, 0, edgeItems), cut(part, axis, size - edgeItems, edgeItems)]);
  });
  return parts;
}

function cut(view: StridedView, axis: number, start: number, length: number): StridedView {
  const sizes = view.sizes.map((size, i) => (i === axis ? length : size));
  return new StridedView(view.storage, view.dtype, sizes, view.strides, view.offset + start * view.strides[axis]);
}

function pick(view: StridedView, index: number): StridedView {
  return new StridedView(
    view.storage,
    view.dtype,
    view.sizes.slice(1),
    view.strides.slice(1),
    view.offset + index * view.strides[0],
  );
}

/** One way to write all shown elements. Widths come from the finite ones that are not 0, as PyTorch takes them. */
function formatFor(view: StridedView, shown: readonly StridedView[], precision: number): Format {
  const values = shown.flatMap((part) => Array.from(readElements(part) as ArrayLike<number | bigint>));
  const float = isFloat(view.dtype);
  const measured = float ? values.filter((value) => Number.isFinite(value) && value !== 0) : values;
  let text: Format = String;
  if (view.dtype === 'bool') text = (value) => (value ? 'True' : 'False');
  else if (float) text = floatFormat(measured as number[], precision);
  const width = measured.reduce<number>((most, value) => Math.max(most, text(value).length), 1);
  return (value) => text(value).padStart(width);
}

function floatFormat(measured: readonly number[], precision: number): Format {
  const magnitudes = measured.map(Math.abs);
  const max = magnitudes.reduce((a, b) => Math.max(a, b), 0);
  const min = magnitudes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const whole = measured.every(Number.isInteger);
  const exponents = measured.length > 0 && (max / min > 1000 || max > 1e8 || (!whole && min < 1e-4));
  return (value) => {
    const x = value as number;
    if (Number.isNaN(x)) return 'nan';
    if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
    if (exponents) return scientific(x, precision);
    const sign = Object.is(x, -0) ? '-' : '';
    return sign + (whole ? `${x.toFixed(0)}.` : x.toFixed(precision));
  };
}

/** `1.0000e-05`, exponents of at least two digits. */
function scientific(value: number, precision: number): string {
  const [digits, exponent] = (
    Object.is(value, -0) ? `-${(0).toExponential(precision)}` : value.toExponential(precision)
  ).split('e');
  const sign = exponent[0] === '-' ? '-' : '+';
  return `${digits}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}

interface Layout {
  readonly summarise: boolean;
  readonly edgeItems: number;
  readonly lineWidth: number;
}

function render(view: StridedView, format: Format, indent: number, layout: Layout): string {
  const rank = view.sizes.length;
  if (rank === 0) return format(readElements(view)[0]);
  const size = view.sizes[0];
  const short = layout.summarise && size > 2 * layout.edgeItems;
  const indices = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  const head = indices(0, short ? layout.edgeItems : size);
  const tail = short ? indices(size - layout.edgeItems, size) : [];
  if (rank === 1) {
    const items = (at: readonly number[]): string[] => at.map((i) => format(readElements(pick(view, i))[0]));
    const all = [...items(head), ...(short ? [' ...'] : []), ...items(tail)];
    const width = all[0].length + 2;
    const perLine = Math.max(1, Math.floor((layout.lineWidth - indent) / width));
    const lines: string[] = [];
    for (let i = 0; i < all.length; i += perLine) lines.push(all.slice(i, i + perLine).join(', '));
    return `[${lines.join(`,\n${' '.repeat(indent + 1)}`)}]`;
  }
  const block = (i: number): string => render(pick(view, i), format, indent + 1, layout);
  const blocks = [...head.map(block), ...(short ? ['...'] : []), ...tail.map(block)];
  return `[${blocks.join(`,${'\n'.repeat(rank - 1)}${' '.repeat(indent + 1)}`)}]`;
}
