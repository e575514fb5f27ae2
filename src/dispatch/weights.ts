/** @file Parameters to the addresses that native code reads: where they lie, or packed panels mapped from the cache. */

import type { Store } from '../../cache/index.ts';
import type { WeightLayout, WeightSlot } from '../compile/compile.ts';
import { bytesOf } from '../core/dtype.ts';
import { invariant } from '../core/errors.ts';
import { Storage } from '../core/storage.ts';
import { contiguousStrides, copyElements, isContiguous, StridedView } from '../core/view.ts';
import { addressOf } from '../runtime/ffi.ts';
import { mapFile } from '../runtime/mapping.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import { allocateAligned, type PanelSource, packPanels, panelBytes } from '../runtime/pack.ts';
import { WeightTable } from '../runtime/program.ts';
import { debug } from './mode.ts';
import { blobOf } from './records.ts';

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

export function bindWeights(
  store: Store,
  runtime: NativeRuntime,
  slots: readonly WeightSlot[],
  parameters: readonly StridedView[],
  constants: readonly StridedView[],
): Binding {
  const keep: unknown[] = [];
  const addresses = slots.map((slot) => {
    const view = (slot.source.kind === 'parameter' ? parameters : constants)[slot.source.index];
    if (slot.layout.kind === 'rows') {
      invariant(!slot.written || isContiguous(view), () => 'a written parameter is not contiguous');
      const rows = isContiguous(view) ? view : copyElements(view);
      keep.push(rows);
      return viewAddress(rows);
    }
    const packed = packedWeight(store, runtime, view, slot.layout);
    keep.push(packed.keep);
    return packed.address;
  });
  return {
    parameters: [...parameters],
    versions: parameters.map((parameter) => parameter.storage.version),
    table: new WeightTable(addresses, [...keep, ...parameters]),
  };
}

interface PackedWeight {
  readonly address: number;
  readonly keep: unknown;
}

/** Mappings of this process by file name: every part that uses a weight in a layout shares one. */
const mapped = new Map<string, PackedWeight>();

function packedWeight(
  store: Store,
  runtime: NativeRuntime,
  view: StridedView,
  layout: WeightLayout & { kind: 'panels16' },
): PackedWeight {
  const blob = blobOf(store, view).sha256;
  const name = layoutName(layout, view);
  const key = `${blob}-${name}`;
  const known = mapped.get(key);
  if (known) return known;
  let packed = mapPacked(store, blob, name);
  if (!packed) {
    const { bytes, address } = pack(runtime, view, layout);
    const published = store.publishPacked(blob, name, bytes);
    // Without room on disk the panels stay in memory.
    packed = (published.ok && mapPacked(store, blob, name)) || { address, keep: bytes };
    if (!published.ok) debug(1, () => `packed weights stay in memory: ${published.problem.message}`);
  }
  mapped.set(key, packed);
  return packed;
}

function mapPacked(store: Store, blob: string, name: string): PackedWeight | null {
  const found = store.findPacked(blob, name);
  if ('miss' in found) return null;
  const file = mapFile(found.path);
  // Kernels read panels by the cache line: bytes that were read, not mapped, may lie anywhere.
  if (file.address % 64 !== 0) return null;
  return { address: file.address, keep: file.buffer };
}

function pack(runtime: NativeRuntime, view: StridedView, layout: WeightLayout & { kind: 'panels16' }) {
  const rows = isContiguous(view) ? view : copyElements(view);
  const elementBytes = bytesOf(view.dtype) as 1 | 2 | 4;
  const source: PanelSource = { elementBytes, group: 1, ...layout };
  const memory = allocateAligned(panelBytes(source));
  packPanels(runtime, source, viewAddress(rows) + layout.offset * elementBytes, memory.address);
  return memory;
}

function layoutName(
  { n, k1, k0, offset, strideN, strideK1, strideK0 }: WeightLayout & { kind: 'panels16' },
  view: StridedView,
): string {
  return `panels16-${view.dtype}-${n}x${k1}x${k0}-${offset}-${strideN}-${strideK1}-${strideK0}`;
}

/** A weight of a record, mapped from its blob. */
export function blobView(
  store: Store,
  root: string,
  blob: string,
  dtype: StridedView['dtype'],
  sizes: readonly number[],
): StridedView {
  const path = store.blobPath(root, blob);
  const file = mapFile(path);
  const storage = new Storage(file.buffer, 0, file.byteLength, { path, offset: 0, length: file.byteLength });
  return new StridedView(storage, dtype, sizes, contiguousStrides(sizes), 0);
}
