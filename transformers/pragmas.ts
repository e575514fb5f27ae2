/** @file The comments that keep the transformer's hands off: `tn-ignore` (the next statement) and `tn-ignore-file`. */

import type { ParsedFile } from './parse.ts';

export interface Pragmas {
  /** The whole file is left as it is. */
  readonly ignoreFile: boolean;
  /** Lines on which a statement or class member that begins there is left as it is. */
  readonly ignoredLines: ReadonlySet<number>;
}

/** Reads the pragmas of a file. Text may follow the word, as a reason. */
export function readPragmas({ comments, lines }: Pick<ParsedFile, 'comments' | 'lines'>): Pragmas {
  const ignoredLines = new Set<number>();
  let ignoreFile = false;
  for (const comment of comments) {
    const word = /^[\s*]*(tn-ignore(?:-file)?)(?![\w-])/.exec(comment.value)?.[1];
    if (word === 'tn-ignore-file') ignoreFile = true;
    if (word === 'tn-ignore') ignoredLines.add(lines.at(comment.end) + 1);
  }
  return { ignoreFile, ignoredLines };
}
