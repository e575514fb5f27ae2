/**
 * @file What the files of a program link to, kept on disk: one file for a program, by the path of the file that was met
 * first. A second process asks for the stamp of each file and reads none but that first one.
 */

import { transformerIdentity } from './identity.ts';
import { readKept, writeKept } from './keptFiles.ts';
import { learnLinks, linksMade, type SeenLinks, seenLinks } from './links.ts';
import { hashesMade, learnContent, settledContent } from './observed.ts';
import { sha256 } from './sha256.ts';

/** A file's content: it is not read again while its stamp is the same. */
type KeptContent = readonly [path: string, stamp: string, hash: string];

interface Entry {
  readonly state: string;
  readonly contents: readonly KeptContent[];
  readonly files: readonly SeenLinks[];
}

/** Programs of fewer files are read as quickly. */
const fewestFiles = 5;

function nameOf(entry: string): string {
  return `links-${sha256(entry).slice(0, 40)}`;
}

function stateOf(entry: string): string | null {
  const identity = transformerIdentity();
  return identity === null ? null : sha256(JSON.stringify([identity, entry]));
}

/**
 * Follows the imports of a program with what is kept of it, and keeps what was found.
 *
 * @param entry the file that was met first
 * @param follow gives the files that it looked at
 */
export function withKeptLinks(entry: string, follow: () => Iterable<string>): void {
  const state = stateOf(entry);
  const found = state === null ? null : (readKept(nameOf(entry)) as Entry | null);
  const kept = found?.state === state ? found : null;
  for (const [path, stamp, hash] of kept?.contents ?? []) learnContent(path, { stamp, hash, isSettled: true });
  learnLinks(kept?.files ?? []);
  const before = [linksMade(), hashesMade()];
  const paths = follow();
  const isNews = linksMade() !== before[0] || hashesMade() !== before[1];
  if (state === null || (kept && !isNews)) return;
  const files = seenLinks(paths);
  if (files.length < fewestFiles) return;
  writeKept(nameOf(entry), { state, contents: contentsBehind(files), files } satisfies Entry);
}

/** Files whose contents are behind the links, but for those written so lately that a later write may look the same. */
function contentsBehind(files: readonly SeenLinks[]): KeptContent[] {
  const contents = new Map<string, KeptContent>();
  for (const { seen } of files) {
    for (const [question] of seen) {
      if (!question.startsWith('content ')) continue;
      const path = question.slice('content '.length);
      const content = contents.has(path) ? null : settledContent(path);
      if (content) contents.set(path, [path, content.stamp, content.hash]);
    }
  }
  return [...contents.values()];
}
