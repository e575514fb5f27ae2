/**
 * @file The weight blocks of a package: every content in every layout that some part reads, once over all parts.
 *
 * Blocks are files of the cache: the record's blobs as they are, and packed panels, which calls in this process share.
 */

import type { RecordRef, Store } from '../../cache/index.ts';
import { sha256OfBytes } from '../../cache/layout.ts';
import type { WeightLayout } from '../compile/compile.ts';
import { bytesOf, type DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { copyElements, product, type StridedView } from '../core/view.ts';
import { CacheFailure } from '../dispatch/cacheFailure.ts';
import { processRuntime } from '../dispatch/processRuntime.ts';
import { blobView } from '../dispatch/storeWeights.ts';
import { layoutName, type PanelLayout, packView } from '../dispatch/weights.ts';
import type { BlockBytes } from './payload.ts';

/** A weight in one layout. */
export interface WeightBlock {
  /** `<sha256 of the rows>/<layout>`. */
  readonly name: string;
  readonly blob: string;
  /** `rows`, or the panels' name. */
  readonly layout: string;
  readonly dtype: DType;
  readonly bytes: number;
  readonly content: BlockBytes;
}

/** A weight of a record: its rows are a blob beside it. */
export interface StoredWeight {
  readonly record: RecordRef;
  readonly blob: string;
  readonly dtype: DType;
  readonly sizes: readonly number[];
}

/** Where the rows of a weight are. */
export type WeightSource = StoredWeight | { readonly constant: StridedView };

/** Collects blocks; equal content in an equal layout is one. */
export class WeightBlocks {
  readonly blocks: WeightBlock[] = [];
  private readonly indices = new Map<string, number>();
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** Index of the block. @throws TnError when the weights are missing or damaged, or cannot be packed. */
  add(source: WeightSource, layout: WeightLayout): number {
    const { blob, dtype } = this.identify(source);
    const layoutText = layoutName(layout, dtype);
    const name = `${blob}/${layoutText}`;
    const known = this.indices.get(name);
    if (known !== undefined) return known;
    const content = layout.kind === 'rows' ? this.rows(source, blob) : this.panels(source, blob, layout, layoutText);
    const bytes = content instanceof Uint8Array ? content.byteLength : content.length;
    this.blocks.push({ name, blob, layout: layoutText, dtype, bytes, content });
    this.indices.set(name, this.blocks.length - 1);
    return this.blocks.length - 1;
  }

  private identify(source: WeightSource): { readonly blob: string; readonly dtype: DType } {
    if ('constant' in source)
      return { blob: sha256OfBytes(bytesOfView(source.constant)), dtype: source.constant.dtype };
    return source;
  }

  private rows(source: WeightSource, blob: string): BlockBytes {
    if ('constant' in source) return bytesOfView(source.constant);
    this.check(source.record, blob);
    const length = product(source.sizes) * bytesOf(source.dtype);
    return { file: this.store.blobPath(source.record.root, blob), offset: 0, length };
  }

  private panels(source: WeightSource, blob: string, layout: PanelLayout, name: string): BlockBytes {
    const found = this.store.findPacked(blob, name);
    if ('path' in found) return { file: found.path, offset: 0, length: found.bytes };
    const { bytes } = packView(processRuntime(), this.view(source, blob), layout);
    const published = this.store.publishPacked(blob, name, bytes);
    // Without room in the cache the panels come from memory.
    return published.ok ? { file: published.value, offset: 0, length: bytes.byteLength } : bytes;
  }

  private view(source: WeightSource, blob: string): StridedView {
    if ('constant' in source) return source.constant;
    const { record, dtype, sizes } = source;
    this.check(record, blob);
    if (product(sizes) === 0) throw new TnError({ what: `a weight of "${record.part}" has no elements` });
    return blobView(this.store, record.root, blob, dtype, sizes);
  }

  private check({ root }: RecordRef, blob: string): void {
    const wrong = this.store.checkBlob(root, blob);
    if (wrong) throw new CacheFailure(wrong);
  }
}

/** Row-major bytes, exactly. */
export function bytesOfView(view: StridedView): Uint8Array {
  return copyElements(view).storage.bytes();
}
