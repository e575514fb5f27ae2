/** @file Names of a part's results, from the structure of what its function returned. */

import type { Graph, ResultTree } from '../graph/graph.ts';

/**
 * A name for each output of the graph: the fields of records on the way to it (`kv.keys`, `kv.0`), `out` for a tensor that
 * is the result itself, `out0`, `out1` … for items of an array. A tensor that is returned twice has its first place's name.
 */
export function resultNames({ outputs, result }: Pick<Graph, 'outputs' | 'result'>): string[] {
  const names = new Map<number, string>();
  const visit = (tree: ResultTree, path: string): void => {
    switch (tree.kind) {
      case 'output':
        if (!names.has(tree.index)) names.set(tree.index, path || 'out');
        return;
      case 'array':
        tree.items.forEach((item, i) => {
          visit(item, path === '' ? `out${i}` : `${path}.${i}`);
        });
        return;
      case 'record':
        for (const [name, field] of tree.fields) visit(field, path === '' ? name : `${path}.${name}`);
        return;
      case 'alias':
      case 'size':
      case 'literal':
    }
  };
  visit(result, '');
  return outputs.map((_, i) => names.get(i) ?? (outputs.length === 1 ? 'out' : `out${i}`));
}
