/** @file The hash of a unit's meaning: its code, that of everything it reaches, and the versions of packages. No path goes in. */

import { sha256 } from '../sha256.ts';
import type { GraphNode, ProgramGraph, SourceFile } from './graph.ts';
import type { Reach } from './reach.ts';

/** Packages by name and version, sorted by name. */
export type PackageList = readonly (readonly [name: string, version: string])[];

/** sha256 (hex) over everything reached: each node by what it says and by where each of its names leads. */
export function hashOf(reach: Reach, graph: ProgramGraph, packages: PackageList): string {
  const { nodes } = reach;
  const lines: string[] = [];
  for (const node of nodes.keys()) {
    const edges = graph.edgesOf(node).map(({ name, to }) => `${name}>${to.map((other) => nodes.get(other)).join('|')}`);
    lines.push(`${textOf(node)} ${edges.join(' ')}`);
  }
  lines.push(`effects ${reach.effects.map((node) => nodes.get(node)).join(' ')}`);
  lines.push(...loadOrders(reach, graph), ...packages.map(([name, version]) => `package ${name}@${version}`));
  return sha256(`torchnative meaning 1\n${lines.join('\n')}`);
}

function textOf(node: GraphNode): string {
  if (node.kind === 'unit') return node.unit.hash;
  return node.kind === 'whole' ? 'file' : node.text;
}

/** Calls at the top level of one file happen in their order. */
function loadOrders({ nodes, files }: Reach, graph: ProgramGraph): string[] {
  return graph
    .actors(files)
    .runners.map((units) => units.flatMap((node) => nodes.get(node) ?? []))
    .filter((order) => order.length > 0)
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))
    .map((order) => `order ${order.join(' ')}`);
}

/** Packages that the files of what is reached import, and those that any file loads for their effects. */
export function packageList(reach: Reach, graph: ProgramGraph): PackageList {
  const found = new Map<string, [string, string]>();
  const look = (file: SourceFile, specifiers: readonly string[]): void => {
    for (const specifier of specifiers) {
      const target = graph.target(file, specifier);
      if (target.kind === 'package') found.set(`${target.name}\0${target.version}`, [target.name, target.version]);
    }
  };
  for (const file of contributors(reach)) look(file, [...(file.module?.loaded ?? []), ...(file.module?.lazy ?? [])]);
  for (const file of reach.files) look(file, file.module?.bare ?? []);
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

function contributors({ nodes }: Reach): Set<SourceFile> {
  const files = new Set<SourceFile>();
  for (const node of nodes.keys()) if (node.kind !== 'outside') files.add(node.file);
  return files;
}
