/** @file `// tn-ignore` and `tn-ignore-file`, as the transformer reads them. */

import { ts } from 'ts-morph';

interface Ignored {
  readonly isWhole: boolean;
  readonly lines: ReadonlySet<number>;
}

const known = new WeakMap<ts.SourceFile, Ignored>();

/** The pragmas of a file; lines are from 0, those that follow a pragma's comment. */
function ignoredIn(file: ts.SourceFile): Ignored {
  const found = known.get(file);
  if (found) return found;
  const lines = new Set<number>();
  let isWhole = false;
  if (file.text.includes('tn-ignore')) {
    for (const { pos, end } of commentsOf(file)) {
      const text = file.text.slice(pos + 2, end);
      const word = /^[\s*]*(tn-ignore(?:-file)?)(?![\w-])/.exec(text)?.[1];
      if (word === 'tn-ignore-file') isWhole = true;
      if (word === 'tn-ignore') lines.add(file.getLineAndCharacterOfPosition(end).line + 1);
    }
  }
  const ignored = { isWhole, lines };
  known.set(file, ignored);
  return ignored;
}

/** Every comment of a file: those in front of tokens and behind them. */
function commentsOf(file: ts.SourceFile): ts.TextRange[] {
  const found = new Map<number, ts.TextRange>();
  const visit = (node: ts.Node): void => {
    const parts = node.getChildren(file);
    if (parts.length === 0) {
      const here = [
        ...(ts.getLeadingCommentRanges(file.text, node.pos) ?? []),
        ...(ts.getTrailingCommentRanges(file.text, node.end) ?? []),
      ];
      for (const range of here) found.set(range.pos, range);
    }
    parts.forEach(visit);
  };
  visit(file);
  return [...found.values()];
}

/** Whether the whole file asks to be left alone. */
export function isIgnoredFile(file: ts.SourceFile): boolean {
  return ignoredIn(file).isWhole;
}

/** Whether a statement or class member begins on a line that a pragma is about. */
export function isIgnored(node: ts.Node): boolean {
  if (!ts.isStatement(node) && !ts.isClassElement(node)) return false;
  const file = node.getSourceFile();
  const { isWhole, lines } = ignoredIn(file);
  return isWhole || (lines.size > 0 && lines.has(file.getLineAndCharacterOfPosition(node.getStart(file)).line));
}
