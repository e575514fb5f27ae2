/**
 * @file Code that needs no lines: the engine is told to keep none for its functions, nor the names of their variables.
 * A third of what a program of little code of its own would weigh otherwise.
 */

import { child, forEachChild, type Node } from '../../../transformers/ast.ts';

/** A text that goes into the script. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** QuickJS's own directive; it holds for functions inside, too. Others take it for what it is, a text. */
const directive = '"use strip";';

/** What tells the engine so, for each outermost function of a statement; in order. */
export function withoutTrace(statement: Node): Insertion[] {
  const found: Insertion[] = [];
  const open: Node[] = [statement];
  for (let node = open.pop(); node; node = open.pop()) {
    if (!/^(?:Arrow)?Function(?:Expression|Declaration)$/.test(node.type)) {
      forEachChild(node, (inner) => void open.push(inner));
      continue;
    }
    const body = child(node, 'body');
    if (body.type === 'BlockStatement') {
      found.push({ at: body.start + 1, text: directive });
    } else {
      found.push({ at: body.start, text: `{${directive}return ` }, { at: body.end, text: '}' });
    }
  }
  return found.sort((a, b) => a.at - b.at);
}
