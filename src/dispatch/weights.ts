/** @file Parameters and constants to the addresses that native code reads, wherever their bytes come from. */

import type { WeightLayout, WeightSlot } from '../compile/compile.ts';
import { bytesOf, type DType, dtypes } from '../core/dtype.ts';
import { invariant } from '../core/errors.ts';
import { copyElements, isContiguous, type StridedView } from '../core/view.ts';
import { addressOf, keepAlive } from '../runtime/ffi.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import { type AlignedMemory, allocateAligned, type PanelSource, packPanels, panelBytes } from '../runtime/pack.ts';
import { WeightTable } from '../runtime/program.ts';

/** Address of a view's first element. */
export function viewAddress(view: StridedView): number {
  const { storage } = view;
  if (storage.address === 0) storage.address = addressOf(storage.buffer) + storage.byteOffset;
  return storage.address + view.offset * bytesOf(view.dtype);
}

/** One instance's weights for one program. */
export interface Binding {
  readonly parameters: readonly StridedView[];
  /** Of the storages, when this was made: an in-place write makes it stale. */
  readonly versions: readonly number[];
  readonly table: WeightTable;
}

/** `written` parameters change by the program itself; their versions do not count. */
export function fitsBinding(
  binding: Binding,
  parameters: readonly StridedView[],
  written: ReadonlySet<number>,
): boolean {
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i];
    if (binding.parameters[i] !== parameter) return false;
    if (binding.versions[i] !== parameter.storage.version && !written.has(i)) return false;
  }
  return true;
}

export interface BoundWeight {
  readonly address: number;
  /** What must live as long as the address is used. */
  readonly keep: unknown;
}

/** Finds or makes the bytes of a program's weight slots. */
export interface WeightSource {
  /** `index` is the slot's place in the program's weights. */
  find(slot: WeightSlot, parameters: readonly StridedView[], index: number): BoundWeight;
}

export function bindWeights(
  source: WeightSource,
  slots: readonly WeightSlot[],
  parameters: readonly StridedView[],
): Binding {
  const weights = slots.map((slot, index) => source.find(slot, parameters, index));
  return {
    parameters: [...parameters],
    versions: parameters.map((parameter) => parameter.storage.version),
    table: new WeightTable(
      weights.map(({ address }) => address),
      [...weights.map(({ keep }) => keep), ...parameters],
    ),
  };
}

/** A tensor in row-major order: its own memory, or a copy of one that has gaps. */
export function rowsOf(view: StridedView, written: boolean): BoundWeight {
  invariant(!written || isContiguous(view), () => 'a written parameter is not contiguous');
  const rows = isContiguous(view) ? view : copyElements(view);
  return { address: viewAddress(rows), keep: rows };
}

export type PanelLayout = WeightLayout & { readonly kind: 'panels16' };

/** A tensor's panels, in memory of their own. */
export function packView(runtime: NativeRuntime, view: StridedView, layout: PanelLayout): AlignedMemory {
  const rows = isContiguous(view) ? view : copyElements(view);
  const source = panelSource(layout, view.dtype);
  const memory = allocateAligned(panelBytes(source));
  packPanels(runtime, source, viewAddress(rows) + layout.offset * source.elementBytes, memory.address);
  keepAlive(rows);
  return memory;
}

export function panelSource(layout: PanelLayout, dtype: DType): PanelSource {
  const { element, ...places } = layout;
  const elementBytes = bytesOf(dtype) as 1 | 2 | 4;
  if (element === undefined) return { elementBytes, group: 1, ...places };
  invariant(dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16', () => `${element} panels of ${dtype}`);
  if (element === 'int8') return { elementBytes, quantisedFrom: dtype, group: 4, ...places };
  // bfloat16 weights are taken as they are.
  const rounding = dtype === 'bfloat16' ? {} : { roundedFrom: dtype };
  return { elementBytes, ...rounding, group: 2, ...places };
}

/** What a layout is called where blocks of weights are kept: in the cache and in packages. */
export function layoutName(layout: WeightLayout, dtype: DType): string {
  if (layout.kind === 'rows') return 'rows';
  const { element, n, k1, k0, offset, strideN, strideK1, strideK0 } = layout;
  const elements = element === undefined ? dtype : `${element}-of-${dtype}`;
  return `panels16-${elements}-${n}x${k1}x${k0}-${offset}-${strideN}-${strideK1}-${strideK0}`;
}

/** The layout that `layoutName` has written; null when the text is none. The dtype of rows is not said. */
export function parseLayoutName(text: string): { readonly layout: WeightLayout; readonly dtype: DType | null } | null {
  if (text === 'rows') return { layout: { kind: 'rows' }, dtype: null };
  const parts = /^panels16-(?:(bf16|int8)-of-)?([a-z0-9]+)-(\d+)x(\d+)x(\d+)-(\d+)-(\d+)-(\d+)-(\d+)$/.exec(text);
  const dtype = dtypes.find((name) => name === parts?.[2]);
  if (!parts || !dtype) return null;
  const [n, k1, k0, offset, strideN, strideK1, strideK0] = parts.slice(3).map(Number);
  const element = (['bf16', 'int8'] as const).find((name) => name === parts[1]);
  return {
    layout: { kind: 'panels16', ...(element && { element }), n, k1, k0, offset, strideN, strideK1, strideK0 },
    dtype,
  };
}
