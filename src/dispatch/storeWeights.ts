/** @file Weights on Node: where they lie, or packed panels mapped from the cache, one mapping for all parts of a process. */

import type { Store } from '../../cache/index.ts';
import { Storage } from '../core/storage.ts';
import { contiguousStrides, StridedView } from '../core/view.ts';
import { mapFile, mapForNative } from '../runtime/mapping.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import { debug } from './mode.ts';
import { blobOf } from './records.ts';
import { type BoundWeight, layoutName, type PanelLayout, packView, rowsOf, type WeightSource } from './weights.ts';

/** `constants` of the graph are asked for when a slot needs them. */
export function storeWeights(
  store: Store,
  runtime: NativeRuntime,
  constants: () => readonly StridedView[],
): WeightSource {
  return {
    find({ source, layout, written }, parameters) {
      const view = (source.kind === 'parameter' ? parameters : constants())[source.index];
      return layout.kind === 'rows' ? rowsOf(view, written) : packedWeight(store, runtime, view, layout);
    },
  };
}

/** Mappings of this process by file name: every part that uses a weight in a layout shares one. */
const mapped = new Map<string, BoundWeight>();

function packedWeight(store: Store, runtime: NativeRuntime, view: StridedView, layout: PanelLayout): BoundWeight {
  const blob = blobOf(store, view).sha256;
  const name = layoutName(layout, view.dtype);
  const key = `${blob}-${name}`;
  const known = mapped.get(key);
  if (known) return known;
  let packed = mapPacked(store, blob, name);
  if (!packed) {
    const { bytes, address } = packView(runtime, view, layout);
    const published = store.publishPacked(blob, name, bytes);
    // Without room on disk the panels stay in memory.
    packed = (published.ok && mapPacked(store, blob, name)) || { address, keep: bytes };
    if (!published.ok) debug(1, () => `packed weights stay in memory: ${published.problem.message}`);
  }
  mapped.set(key, packed);
  return packed;
}

function mapPacked(store: Store, blob: string, name: string): BoundWeight | null {
  const found = store.findPacked(blob, name);
  if ('miss' in found) return null;
  return mapForNative(found.path);
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
