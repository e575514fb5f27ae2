/**
 * @file The C of a record's graph for each instruction level. Lowering a large graph takes a quarter of a second a level,
 * so what came out is kept in the cache, by content.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../cache/files.ts';
import type { RecordRef, Store } from '../../cache/index.ts';
import { sha256Hex } from '../../cache/layout.ts';
import { COMPILE_LAYERS, hashLayers } from '../../cache/ownSources.ts';
import { type CFile, compileGraph, type Target } from '../compile/compile.ts';
import type { Isa } from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import { type AbiJson, abiToJson } from '../dispatch/abiJson.ts';
import type { Precision } from '../dispatch/mode.ts';
import type { Graph } from '../graph/graph.ts';
import { exprToString } from '../symbolic/expr.ts';

/** A graph at one level, as plain data. */
export interface LoweredPart {
  readonly files: readonly CFile[];
  readonly abi: AbiJson;
  /** Bytes of the arena, over the dims. */
  readonly arena: string;
  /** See `CompiledPart.work`. */
  readonly work: string;
  readonly kernels: readonly { readonly name: string; readonly lines: string }[];
}

const formatVersion = 2;

/**
 * A level that gives the same code as another one: 'v4x' differs from 'v4' in instructions that float32 code does not
 * use. Packages hold such code once.
 */
export function codeLevel(isa: Isa, precision: Precision): Isa {
  return isa === 'v4x' && precision === 'float32' ? 'v4' : isa;
}

/** @throws TnError when the graph holds an operation without a compiled form. */
export function lowerRecord(store: Store, record: RecordRef, graph: Graph, target: Target): LoweredPart {
  const { graphHash } = record.manifest;
  const { isa, precision } = target;
  const key = sha256Hex('lowered', String(formatVersion), graphHash, hashLayers(COMPILE_LAYERS), isa, precision);
  const folder = store.ownFolder('objects');
  const path = folder.ok ? join(folder.value, `${key.slice(0, 32)}.json`) : null;
  const known = path === null ? null : readLowered(path, key);
  if (known) return known;
  const lowered = lower(record, graph, target);
  if (path !== null) {
    try {
      replaceFile(path, JSON.stringify({ key, ...lowered }), { durable: false, mode: 0o600 });
    } catch {
      // A full or read-only disk: it is made again next time.
    }
  }
  return lowered;
}

function lower(record: RecordRef, graph: Graph, target: Target): LoweredPart {
  try {
    const { files, abi, arena, work, kernels } = compileGraph(graph, target);
    return {
      files,
      abi: abiToJson(abi),
      arena: exprToString(arena),
      work: exprToString(work),
      kernels: kernels.map(({ name, lines }) => ({ name, lines })),
    };
  } catch (error) {
    if (!(error instanceof TnError)) throw error;
    throw new TnError({
      what: `part "${record.part}" cannot be compiled for level ${target.isa}: ${error.parts.what}`,
      found: error.parts.found ?? [],
      fix: error.parts.fix ?? null,
    });
  }
}

function readLowered(path: string, key: string): LoweredPart | null {
  if (!existsSync(path)) return null;
  try {
    const { key: found, ...lowered } = JSON.parse(readFileSync(path, 'utf8')) as LoweredPart & { key: string };
    return found === key ? lowered : null;
  } catch {
    return null;
  }
}
