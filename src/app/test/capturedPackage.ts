/** @file What a packager puts into a program, made of this process's records: descriptions, weight blocks, the addresses of loaded code. */

import { sha256OfBytes } from '../../../cache/layout.ts';
import { bytesOf, type DType } from '../../core/dtype.ts';
import { product, type StridedView } from '../../core/view.ts';
import { type ArtifactDetails, artifactKey, graphOf, nativeTarget } from '../../dispatch/compileEntry.ts';
import { processRuntime } from '../../dispatch/processRuntime.ts';
import { processStore } from '../../dispatch/processStore.ts';
import { blobView } from '../../dispatch/storeWeights.ts';
import { layoutName, packView } from '../../dispatch/weights.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AssetJson } from '../files.ts';
import type { PartJson } from '../packagedParts.ts';
import type { TestBlock } from './testHost.ts';

export interface CapturedPackage {
  readonly blocks: TestBlock[];
  readonly codes: readonly number[];
  /** Path of the runtime's library. */
  readonly library: string;
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export class PackageMaker {
  private readonly blocks: TestBlock[] = [];
  private readonly parts: PartJson[] = [];
  private readonly codes: number[] = [];
  private readonly assets: AssetJson[] = [];

  /** Every record of a part. */
  part(name: string): void {
    const store = processStore();
    for (const record of store.readManifests(store.projectFor(import.meta.filename).recordRoot, name).records) {
      const { manifest } = record;
      const artifact = store.findArtifact(artifactKey(manifest, nativeTarget({})));
      if ('miss' in artifact) throw new Error(`${name} was not compiled: ${artifact.miss}`);
      const { abi } = artifact.info.details as ArtifactDetails;
      const call = manifest.call as PartJson['call'];
      const { constants } = graphOf(store, record);
      const slots = abi.weights.map(({ source, layout, written }) => {
        if (written) return { block: -1 };
        let view: StridedView;
        if (source.kind === 'constant') view = constants[source.index].data;
        else {
          const { blob, dtype, shape } = manifest.weights[0].params[call.parameterPaths[source.index]];
          view = blobView(store, record.root, blob, dtype as DType, shape);
        }
        return { block: this.weight(view, layout) };
      });
      this.codes.push(processRuntime().openArtifact(artifact.files['program.so']).address);
      const { part, entry, dims, guards, closure } = manifest;
      this.parts.push({ name: `${part}_${entry}`, part, entry, call, dims, guards, closure, abi, slots });
    }
  }

  /** A folder with a text file and tensors; those that no part has packed are stored as rows. */
  asset(name: string, files: Readonly<Record<string, string>>, tensors: Readonly<Record<string, Tensor>>): void {
    for (const [path, text] of Object.entries(files)) {
      this.add({ name: `asset/${name}/${path}`, kind: 3, bytes: new TextEncoder().encode(text) });
    }
    const listed = Object.entries(tensors).map(([tensorName, view]) => {
      const blob = contentOf(view);
      if (!this.blocks.some((block) => block.name.startsWith(`${blob}/`))) this.weight(view, { kind: 'rows' });
      return { name: tensorName, dtype: view.dtype, shape: view.sizes, blob };
    });
    const paths = Object.keys(files).map((path) => ({ path }));
    this.assets.push({ name, files: paths, tensors: { '': listed, 'model.safetensors': listed } });
  }

  finish(): CapturedPackage {
    const texts: TestBlock[] = [
      { name: 'package.json', kind: 2, bytes: encode({ format: 1, precision: 'float32', parts: this.parts }) },
      { name: 'assets.json', kind: 2, bytes: encode(this.assets) },
    ];
    return { blocks: [...this.blocks, ...texts], codes: this.codes, library: processRuntime().libraryPath };
  }

  private weight(view: StridedView, layout: Parameters<typeof layoutName>[0]): number {
    const name = `${contentOf(view)}/${layoutName(layout, view.dtype)}`;
    const known = this.blocks.findIndex((block) => block.name === name);
    if (known >= 0) return known;
    const bytes = layout.kind === 'rows' ? rowBytes(view) : packView(processRuntime(), view, layout).bytes;
    return this.add({ name, kind: 1, bytes });
  }

  private add(block: TestBlock): number {
    return this.blocks.push(block) - 1;
  }
}

function rowBytes(view: StridedView): Uint8Array {
  const size = bytesOf(view.dtype);
  return view.storage.bytes().slice(view.offset * size, (view.offset + product(view.sizes)) * size);
}

const contentOf = (view: StridedView): string => sha256OfBytes(rowBytes(view));
