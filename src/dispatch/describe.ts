/** @file What the command line tells of a record beyond its manifest: the graph, the compiled plan, the artifact's key. */

import type { RecordRef, Store } from '../../cache/index.ts';
import { compileGraph, type PlannedTraffic } from '../compile/compile.ts';
import { oneLine, TnError } from '../core/errors.ts';
import { printGraph } from '../graph/printer.ts';
import { decodeModel } from '../onnx/reader.ts';
import { add, type Expr, evaluate, exprToString, int } from '../symbolic/expr.ts';
import { artifactKey, nativeTarget } from './compileEntry.ts';

/** Bytes that a kernel moves: as an expression over the dims, and with the dims of the sample. */
export interface KernelTraffic {
  readonly bytes: string;
  readonly atSample: number;
}

export interface KernelDescription {
  readonly name: string;
  readonly reads: KernelTraffic;
  readonly writes: KernelTraffic;
}

export interface EntryDescription {
  /** The graph as the printer shows it. */
  readonly graphText: string;
  readonly kernels: readonly KernelDescription[];
  /** The generated C, a file a kernel and the program last. */
  readonly code: readonly { readonly name: string; readonly source: string }[];
}

/** The key of the artifact that this machine, compiler and precision would use, or why there can be none. */
export type ArtifactKey = { readonly key: string } | { readonly reason: string };

/** Graph and plan of a record; the plan is empty where the graph has an op without a compiled form. Throws TnError for a damaged record. */
export function describeEntry(store: Store, record: RecordRef): EntryDescription {
  const bytes = store.readOnnx(record);
  if (!bytes.ok) throw new TnError({ what: bytes.problem.message, fix: bytes.problem.fix });
  const graph = decodeModel(bytes.value);
  const graphText = printGraph(graph);
  try {
    const { isa, precision } = nativeTarget({});
    const traffic = (items: readonly PlannedTraffic[]): KernelTraffic => {
      const bytesMoved = items.reduce<Expr>((sum, item) => add(sum, item.bytes), int(0));
      return { bytes: exprToString(bytesMoved), atSample: evaluate(bytesMoved, graph.env.samples) };
    };
    const { kernels, files } = compileGraph(graph, { isa, precision });
    return {
      graphText,
      kernels: kernels.map(({ name, reads, writes }) => ({ name, reads: traffic(reads), writes: traffic(writes) })),
      code: files,
    };
  } catch (error) {
    if (!(error instanceof TnError)) throw error;
    return { graphText, kernels: [], code: [] };
  }
}

export function artifactKeyOf(_store: Store, record: RecordRef): ArtifactKey {
  try {
    return { key: artifactKey(record.manifest, nativeTarget({})) };
  } catch (error) {
    return { reason: oneLine(error) };
  }
}
