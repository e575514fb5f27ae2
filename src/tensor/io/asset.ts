/** @file Files that belong to a program: a folder beside its source on Node, part of the executable in a packaged one. */

import { oneLine, TnError } from '../../core/errors.ts';
import { host } from './host.ts';
import { loadSafetensors, type TensorDict } from './safetensors.ts';

/** Where the files of an asset are. A packaged program brings its own. */
export interface AssetFiles {
  /** Every file, as paths with `/` relative to the asset; one file alone is listed by its name. */
  list(): string[];
  /** null: there is no such file. */
  bytes(path: string): Uint8Array | null;
  /** The tensors of a file, or those that Hugging Face's layout finds in the folder (`''`). */
  tensors(path: string): TensorDict;
}

/** A folder of files, or one file, that a program reads. */
export class Asset {
  /** For messages: its path in the project, or the folder as it was named. */
  readonly name: string;
  readonly #files: AssetFiles;

  constructor(name: string, files: AssetFiles) {
    this.name = name;
    this.#files = files;
  }

  /** Every file in it, as paths with `/`, sorted. */
  list(): string[] {
    return this.#files.list();
  }

  /** The bytes of a file. The path may be left out where the asset is one file. */
  bytes(path?: string): Uint8Array {
    const name = path ?? this.#only();
    const bytes = isInside(name) ? this.#files.bytes(name) : null;
    if (bytes) return bytes;
    throw new TnError({
      what: `asset: ${this.name} holds no file ${JSON.stringify(name)}`,
      found: [`it holds ${listed(this.list())}`],
      fix: 'name one of its files, with / between folders',
    });
  }

  /** A file as UTF-8 text. */
  text(path?: string): string {
    return new TextDecoder().decode(this.bytes(path));
  }

  /** A file as JSON. */
  json(path?: string): unknown {
    const text = this.text(path);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new TnError({
        what: `asset: ${this.fileName(path)} is not JSON`,
        found: [oneLine(error)],
        fix: 'the file is damaged: fetch it again',
      });
    }
  }

  /**
   * Tensors by name, mapped, not read: those of a safetensors file, or without a path those of the model in the folder
   * (`model.safetensors`, or several files under `model.safetensors.index.json`).
   */
  tensors(path = ''): TensorDict {
    if (path === '' || isInside(path)) return this.#files.tensors(path);
    throw new TnError({ what: `asset: ${JSON.stringify(path)} leads out of ${this.name}`, fix: 'name a file in it' });
  }

  /** What messages call one of its files: `examples/whisper/model/config.json`. */
  fileName(path?: string): string {
    return path === undefined || this.name.endsWith(`/${path}`) ? this.name : `${this.name.replace(/\/$/, '')}/${path}`;
  }

  #only(): string {
    const all = this.list();
    if (all.length === 1) return all[0];
    throw new TnError({ what: `asset: ${this.name} holds ${all.length} files`, fix: 'say which one is meant' });
  }
}

function isInside(path: string): boolean {
  return path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function listed(files: readonly string[]): string {
  if (files.length === 0) return 'no files';
  const more = files.length > 8 ? `, and ${files.length - 8} more` : '';
  return files.slice(0, 8).join(', ') + more;
}

/**
 * Files that belong to the program: `asset('./model', import.meta.url)`. Both arguments are written like that, since
 * packaging reads them from the source and puts the files into the executable, where the same call finds them.
 *
 * @param path a folder or a file, relative to the file that says it
 * @param base `import.meta.url`
 * @throws TnError when nothing is there
 */
export function asset(path: string, base: string): Asset {
  const url = new URL(path, base).href;
  const embedded = host().embeddedAsset(url);
  if (embedded) return new Asset(embedded.name, embedded.files);
  const place = host().pathOf(url);
  return open(place, projectPath(place), 'it is named relative to the file that calls asset()');
}

/**
 * The same for a folder that is only known when the program runs.
 *
 * @param folder its path
 * @throws TnError when there is no such folder
 */
export function openAsset(folder: string): Asset {
  return open(folder, folder, 'check the path');
}

function open(place: string, name: string, fix: string): Asset {
  const kind = host().kindOf(place);
  if (kind === 'folder') return new Asset(name, new FolderFiles(place));
  if (kind === 'file') return new Asset(name, new SingleFile(place));
  throw new TnError({ what: `asset: ${name} does not exist`, found: [`looked for ${place}`], fix });
}

/** A path as the project's own files are spoken of: relative to the nearest package.json. */
function projectPath(place: string): string {
  const { dirname, join, kindOf } = host();
  for (let folder = dirname(place); ; folder = dirname(folder)) {
    if (kindOf(join(folder, 'package.json')) === 'file') return place.slice(join(folder, '/').length);
    if (dirname(folder) === folder) return place;
  }
}

class FolderFiles implements AssetFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  list(): string[] {
    const files: string[] = [];
    const visit = (prefix: string): void => {
      for (const name of host().list(host().join(this.#folder, prefix))) {
        const path = prefix + name;
        const kind = host().kindOf(host().join(this.#folder, path));
        if (kind === 'folder') visit(`${path}/`);
        else if (kind === 'file') files.push(path);
      }
    };
    visit('');
    return files.sort();
  }

  bytes(path: string): Uint8Array | null {
    const place = host().join(this.#folder, path);
    return host().kindOf(place) === 'file' ? readFile(place) : null;
  }

  tensors(path: string): TensorDict {
    return loadSafetensors(path === '' ? this.#folder : host().join(this.#folder, path));
  }
}

class SingleFile implements AssetFiles {
  readonly #file: string;
  readonly #name: string;

  constructor(file: string) {
    this.#file = file;
    this.#name = file.slice(host().join(host().dirname(file), '/').length);
  }

  list(): string[] {
    return [this.#name];
  }

  bytes(path: string): Uint8Array | null {
    return path === this.#name ? readFile(this.#file) : null;
  }

  tensors(path: string): TensorDict {
    return loadSafetensors(path === '' || path === this.#name ? this.#file : host().join(this.#file, path));
  }
}

function readFile(place: string): Uint8Array {
  try {
    return host().readFile(place);
  } catch (error) {
    throw new TnError({
      what: `asset: ${place} cannot be read`,
      found: [oneLine(error)],
      fix: 'check its permissions',
    });
  }
}
