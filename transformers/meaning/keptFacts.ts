/** @file Facts of files that outlive the process: after an edit of one file the others of its program are not read again. */

import { transformerIdentity } from '../identity.ts';
import { readKept, writeKept } from '../keptFiles.ts';
import { sha256 } from '../sha256.ts';
import type { FileFacts, ModuleFacts } from './facts.ts';
import { keepFactsIn } from './fileFacts.ts';

type Entries<M> = M extends ReadonlyMap<infer K, infer V> ? readonly (readonly [K, V])[] : M;

/** Maps are written as their entries. */
interface WrittenFacts extends Omit<FileFacts, 'module'> {
  readonly module: { readonly [field in keyof ModuleFacts]: Entries<ModuleFacts[field]> } | null;
}

interface Entry {
  readonly state: string;
  readonly facts: WrittenFacts;
}

function written({ module, ...rest }: FileFacts): WrittenFacts {
  if (!module) return { ...rest, module };
  const { names, imports, exports } = module;
  return { ...rest, module: { ...module, names: [...names], imports: [...imports], exports: [...exports] } };
}

function read({ module, ...rest }: WrittenFacts): FileFacts {
  if (!module) return { ...rest, module };
  const [names, imports, exports] = [new Map(module.names), new Map(module.imports), new Map(module.exports)];
  return { ...rest, module: { ...module, names, imports, exports } };
}

/** One file a source, whatever its content: edits leave nothing behind. */
function nameOf(path: string): string {
  return `facts-${sha256(path).slice(0, 40)}`;
}

function stateOf(path: string, content: string): string | null {
  const identity = transformerIdentity();
  return identity === null ? null : sha256(JSON.stringify([identity, path, content]));
}

/** From now on, facts of files on disk are kept. */
export function keepFacts(): void {
  keepFactsIn({
    get(path, content) {
      const entry = readKept(nameOf(path)) as Entry | null;
      return entry && entry.state === stateOf(path, content) ? read(entry.facts) : null;
    },
    put(path, content, facts) {
      const state = stateOf(path, content);
      if (state !== null) writeKept(nameOf(path), { state, facts: written(facts) } satisfies Entry);
    },
  });
}
