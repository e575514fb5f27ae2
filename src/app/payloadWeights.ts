/** @file Weights of a packaged part: blocks of the payload, bound without being touched; what is not in it is packed at run time. */

import type { WeightSlot } from '../compile/compile.ts';
import { bytesOf } from '../core/dtype.ts';
import type { Storage } from '../core/storage.ts';
import { isContiguous, type StridedView } from '../core/view.ts';
import {
  type BoundWeight,
  layoutName,
  type PanelLayout,
  packView,
  rowsOf,
  type WeightSource,
} from '../dispatch/weights.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import type { Payload } from './payload.ts';

/** `slots` say for each weight of the part which block the capturing instance's bytes are in. */
export function payloadWeights(
  payload: Payload,
  runtime: NativeRuntime,
  slots: readonly { readonly block: number }[],
): WeightSource {
  return {
    find(slot, parameters, index) {
      const { source, layout, written } = slot;
      // Constants belong to the code: there is one set of them.
      if (source.kind === 'constant') return blockAt(payload, slots[index].block, 0);
      const view = parameters[source.index];
      if (layout.kind === 'rows') return (written ? null : storedRows(payload, view)) ?? rowsOf(view, written);
      return storedPanels(payload, view, slot) ?? packedNow(runtime, view, layout);
    },
  };
}

function blockAt(payload: Payload, index: number, offset: number): BoundWeight {
  return { address: payload.address(index) + offset, keep: payload.bytes(index) };
}

/** The content that a storage still has. */
function contentOf(storage: Storage): string | null {
  return storage.version === 0 ? storage.content : null;
}

function storedRows(payload: Payload, view: StridedView): BoundWeight | null {
  const content = contentOf(view.storage);
  if (content === null || !isContiguous(view)) return null;
  const index = payload.find(`${content}/rows`);
  return index < 0 ? null : blockAt(payload, index, view.offset * bytesOf(view.dtype));
}

function storedPanels(payload: Payload, view: StridedView, { layout }: WeightSlot): BoundWeight | null {
  const { storage, dtype } = view;
  const content = contentOf(storage);
  const isWhole = view.offset === 0 && isContiguous(view) && view.count * bytesOf(dtype) === storage.byteLength;
  if (content === null || !isWhole) return null;
  const index = payload.find(`${content}/${layoutName(layout, dtype)}`);
  return index < 0 ? null : blockAt(payload, index, 0);
}

/** Panels made by this program, for as long as the storage keeps its contents: parts that read a weight alike share them. */
const made = new WeakMap<Storage, { readonly version: number; readonly panels: Map<string, BoundWeight> }>();

function packedNow(runtime: NativeRuntime, view: StridedView, layout: PanelLayout): BoundWeight {
  const { storage } = view;
  let known = made.get(storage);
  if (known?.version !== storage.version) {
    known = { version: storage.version, panels: new Map() };
    made.set(storage, known);
  }
  const key = `${layoutName(layout, view.dtype)} of ${view.sizes} by ${view.strides} at ${view.offset}`;
  let packed = known.panels.get(key);
  if (!packed) {
    const { address, bytes } = packView(runtime, view, layout);
    packed = { address, keep: bytes };
    known.panels.set(key, packed);
  }
  return packed;
}
