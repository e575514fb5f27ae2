/** @file What tensor files and assets need of the machine, inside a packaged program. */

import { TnError } from '../core/errors.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import type { AssetFiles } from '../tensor/io/asset.ts';
import type { Host } from '../tensor/io/host.ts';
import type { TensorDict } from '../tensor/io/safetensors.ts';
import type { EngineHost } from './host.ts';
import { dirname, join } from './node/path.ts';
import { fileURLToPath } from './node/url.ts';
import type { Payload } from './payload.ts';
import { storedTensor, type TensorEntry } from './storedTensors.ts';

/** An asset in `assets.json` of the payload; its files are the blocks `asset/<name>/<path>`. */
export interface AssetJson {
  /** Its path in the project. */
  readonly name: string;
  readonly files: readonly { readonly path: string }[];
  /** By path of the tensor file; '' for those of the folder as a whole. */
  readonly tensors: Readonly<Record<string, readonly TensorEntry[]>>;
}

/** Where the program's own files seem to be. */
const programUrl = 'file:///app/';

const typeMask = 0o170000;
const folderType = 0o040000;

export function appHost(host: EngineHost, payload: Payload, runtime: () => NativeRuntime): Host {
  let assets: readonly AssetJson[] | null = null;
  const described = (name: string): AssetJson | null => {
    assets ??= payload.find('assets.json') < 0 ? [] : (payload.json('assets.json') as readonly AssetJson[]);
    return assets.find((asset) => asset.name === name) ?? null;
  };
  return {
    mapFile(path) {
      const buffer = host.mapFile(path);
      return { buffer, byteLength: buffer.byteLength };
    },
    readFile: (path) => new Uint8Array(host.readFile(path)),
    writeFile: (path, chunks) => writeWhole(host, path, chunks),
    kindOf(path) {
      const stat = host.stat(path, true);
      return stat === null ? null : (stat.mode & typeMask) === folderType ? 'folder' : 'file';
    },
    list: (folder) => host.readdir(folder),
    join,
    dirname,
    pathOf: fileURLToPath,
    embeddedAsset(url) {
      if (!url.startsWith(programUrl)) return null;
      const name = decodeURIComponent(url.slice(programUrl.length)).replace(/\/$/, '');
      const asset = described(name);
      return asset && { name, files: new EmbeddedFiles(payload, runtime, asset) };
    },
  };
}

/** Beside the file first, then renamed: no reader sees half of it. */
function writeWhole(host: EngineHost, path: string, chunks: readonly Uint8Array[]): void {
  const random = [...new Uint8Array(host.random(6))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const temporary = `${path}.${random}.tmp`;
  const write = ({ buffer, byteOffset, byteLength }: Uint8Array, flags: string): void =>
    host.writeFile(temporary, buffer as ArrayBuffer, byteOffset, byteLength, flags, 0o666);
  try {
    write(new Uint8Array(0), 'wx');
    for (const chunk of chunks) write(chunk, 'a');
    host.rename(temporary, path);
  } catch (error) {
    if (host.stat(temporary, false)) host.unlink(temporary);
    throw error;
  }
}

class EmbeddedFiles implements AssetFiles {
  private readonly payload: Payload;
  private readonly runtime: () => NativeRuntime;
  private readonly asset: AssetJson;

  constructor(payload: Payload, runtime: () => NativeRuntime, asset: AssetJson) {
    this.payload = payload;
    this.runtime = runtime;
    this.asset = asset;
  }

  list(): string[] {
    return this.asset.files.map(({ path }) => path);
  }

  bytes(path: string): Uint8Array | null {
    const index = this.payload.find(`asset/${this.asset.name}/${path}`);
    // The payload's memory is read-only: whoever asked may write into what it got.
    return index < 0 ? null : new Uint8Array(this.payload.bytes(index).slice(0));
  }

  tensors(path: string): TensorDict {
    const { name, tensors } = this.asset;
    if (!Object.hasOwn(tensors, path)) {
      const files = Object.keys(tensors).filter((file) => file !== '');
      throw new TnError({
        what: `asset: ${name} holds no tensors${path === '' ? '' : ` in ${JSON.stringify(path)}`}`,
        found: [files.length > 0 ? `tensor files: ${files.join(', ')}` : 'it holds no tensor file'],
      });
    }
    return Object.fromEntries(
      tensors[path].map((entry) => [entry.name, storedTensor(this.payload, this.runtime, entry)]),
    );
  }
}
