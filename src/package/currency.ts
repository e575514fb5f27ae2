/** @file Whether a record is of the sources as they are now, wherever its file has been moved to. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Project, RecordRef } from '../../cache/index.ts';
import { type PartMeaning, partsOfFile } from '../../transformers/meaning/parts.ts';
import { sourceKeyOf } from '../dispatch/sourceKey.ts';

export type SourceState =
  | { readonly state: 'current' }
  /** Of the same sources, by another version of torchnative: whole in itself, though a program would capture it again. */
  | { readonly state: 'older' }
  | { readonly state: 'stale'; readonly reason: string };

/** Files that are looked through for a part whose own file is gone. */
const MAX_SEARCHED = 20_000;

/** Compares records with their sources; files are read once. */
export class Currency {
  private readonly parts = new Map<string, readonly PartMeaning[]>();
  private readonly scripts = new Map<string, readonly string[]>();

  /** Records that came without sources are taken as they are. */
  judge(project: Project | null, { manifest }: RecordRef): SourceState {
    if (!project) return { state: 'current' };
    const { source, sourceKey } = manifest;
    const file = join(project.root, source.file);
    const found = this.partsNow(project, manifest);
    if (found.length === 0) {
      const isThere = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
      return { state: 'stale', reason: isThere ? `${source.file} has no such part` : `${source.file} is gone` };
    }
    if (found.some(({ meaning }) => sourceKeyOf(meaning.hash) === sourceKey)) return { state: 'current' };
    if (found.some(({ meaning }) => meaning.hash === source.meaning)) return { state: 'older' };
    return { state: 'stale', reason: whatChanged(source, found[0]) };
  }

  /** The parts that a record may be of, as the sources are now; wherever they stand when its own file has none. */
  partsNow(project: Project, { source, part }: RecordRef['manifest']): readonly PartMeaning[] {
    const known = this.named(join(project.root, source.file), part);
    return known.length > 0 ? known : this.elsewhere(project.root, part);
  }

  /** The parts of a file that a name may mean. */
  private named(file: string, name: string): PartMeaning[] {
    let parts = this.parts.get(file);
    if (!parts) {
      parts = partsOfFile(file);
      this.parts.set(file, parts);
    }
    const exact = parts.filter((part) => part.name === name);
    return exact.length > 0 ? exact : parts.filter((part) => part.name === null);
  }

  private elsewhere(root: string, name: string): PartMeaning[] {
    let scripts = this.scripts.get(root);
    if (!scripts) {
      scripts = [...scriptsUnder(root)];
      this.scripts.set(root, scripts);
    }
    return scripts.flatMap((file) => this.named(file, name).filter((part) => part.name === name));
  }
}

function* scriptsUnder(root: string): Generator<string> {
  const pending = [root];
  let count = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const item of readdirSync(folder, { withFileTypes: true })) {
      if (item.name.startsWith('.') || item.name === 'node_modules') continue;
      const path = join(folder, item.name);
      if (item.isDirectory()) pending.push(path);
      else if (/\.[cm]?[jt]sx?$/.test(item.name) && ++count <= MAX_SEARCHED) {
        if (readFileSync(path, 'utf8').includes('compileCache')) yield path;
      }
    }
  }
}

function whatChanged(source: RecordRef['manifest']['source'], { meaning }: PartMeaning): string {
  const before = new Map(source.units ?? []);
  const after = new Map(meaning.reached.map(({ file, name, hash }) => [`${file}#${name}`, hash]));
  const places = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));
  const named = places.map((key) => {
    const [file, name] = key.split('#');
    return `${name} (${file})`;
  });
  if (named.length > 0) {
    const more = named.length > 3 ? ` and ${named.length - 3} more` : '';
    return `${named.slice(0, 3).join(', ')}${more} changed since it was captured`;
  }
  const other = meaning.packages.find(([name, version]) => source.packages[name] !== version);
  if (other) return `the package ${other[0]} has another version than when it was captured`;
  return `what ${source.file} loads changed since it was captured`;
}
