/**
 * @file The assets of a program as payload blocks: files deflated, tensors as the weight blocks that its parts read. A
 * tensor that no part reads whole gets a block of its own, so that the program can read it.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../cache/index.ts';
import type { AssetJson } from '../app/files.ts';
import { wholeForm } from '../app/payload.ts';
import { blobOf } from '../dispatch/records.ts';
import { installNodeHost } from '../runtime/nodeHost.ts';
import { openAsset } from '../tensor/io/asset.ts';
import type { TensorDict } from '../tensor/io/safetensors.ts';
import type { BundledAsset } from './bundle/bundle.ts';
import type { Block } from './payload.ts';
import type { WeightBlock } from './weights.ts';

export interface PackedAssets {
  /** What the payload holds for them, behind the weight blocks of the parts. */
  readonly blocks: readonly Block[];
  /** `assets.json`. */
  readonly described: readonly AssetJson[];
}

/** Files of Hugging Face's layout, whose tensors stand for them. */
const tensorFile = /\.safetensors(?:\.index\.json)?$/;
const wholeFolder = ['model.safetensors', 'model.safetensors.index.json'];

/** @throws TnError when a file cannot be read. */
export function packAssets(
  store: Store,
  assets: readonly BundledAsset[],
  weights: readonly WeightBlock[],
): PackedAssets {
  installNodeHost();
  const packing = new Packing(store, weights);
  const described = assets.map((asset) => packing.add(asset));
  return { blocks: packing.blocks, described };
}

class Packing {
  readonly blocks: Block[] = [];
  private readonly store: Store;
  /** Layouts in which each content is stored. */
  private readonly forms = new Map<string, { readonly index: number; readonly layout: string }[]>();

  constructor(store: Store, weights: readonly WeightBlock[]) {
    this.store = store;
    weights.forEach(({ blob, layout }, index) => {
      this.note(blob, layout, index);
    });
  }

  add({ name, folder, file }: BundledAsset): AssetJson {
    const asset = openAsset(folder);
    const paths = asset.list();
    const files = paths.filter((path) => !tensorFile.test(path));
    for (const path of files) {
      const bytes = readFileSync(file ? folder : join(folder, path));
      this.blocks.push({ name: `asset/${name}/${path}`, kind: 'asset', bytes, encoding: 'deflate' });
    }
    const tensorPaths = paths.filter((path) => path.endsWith('.safetensors'));
    if (!file && wholeFolder.some((path) => paths.includes(path))) tensorPaths.push('');
    if (file && tensorPaths.length > 0) tensorPaths.push('');
    const tensors = Object.fromEntries(tensorPaths.map((path) => [path, this.list(asset.tensors(path))]));
    return { name, files: files.map((path) => ({ path })), tensors };
  }

  private list(tensors: TensorDict): AssetJson['tensors'][string] {
    return Object.entries(tensors).map(([name, tensor]) => {
      const blob = blobOf(this.store, tensor);
      if (!wholeForm(this.forms.get(blob.sha256) ?? [], tensor.count)) {
        const bytes = 'bytes' in blob ? blob.bytes : { file: blob.file, offset: blob.offset, length: blob.length };
        this.blocks.push({ name: `${blob.sha256}/rows`, kind: 'weight', bytes });
        this.note(blob.sha256, 'rows', -1);
      }
      return { name, dtype: tensor.dtype, shape: [...tensor.sizes], blob: blob.sha256 };
    });
  }

  private note(blob: string, layout: string, index: number): void {
    const known = this.forms.get(blob);
    if (known) known.push({ index, layout });
    else this.forms.set(blob, [{ index, layout }]);
  }
}
