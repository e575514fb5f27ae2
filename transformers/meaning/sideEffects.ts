/** @file What loading a file may change elsewhere: top-level code that patches what other code uses. */

import type { Effects, Root, Unit } from './facts.ts';
import { rootKey } from './facts.ts';
import type { GraphNode, ProgramGraph, SourceFile, UnitNode } from './graph.ts';

/** What a unit may change when its file is loaded. */
export interface LoadEffect {
  readonly node: UnitNode;
  readonly changed: ReadonlySet<GraphNode>;
  /** It changes what everybody sees, or what cannot be told. */
  readonly everything: boolean;
}

/** Effects of the files of a program, told once each. */
export class SideEffects {
  private readonly graph: ProgramGraph;
  private readonly known = new Map<UnitNode, LoadEffect | null>();

  constructor(graph: ProgramGraph) {
    this.graph = graph;
  }

  /** The units among these files whose loading changes something, in the order in which that happens. */
  among(files: readonly SourceFile[]): LoadEffect[] {
    return files.flatMap((file) => file.units.flatMap((node) => this.of(node) ?? []));
  }

  private of(node: UnitNode): LoadEffect | null {
    let effect = this.known.get(node);
    if (effect === undefined) {
      effect = this.look(node);
      this.known.set(node, effect);
    }
    return effect;
  }

  private look(node: UnitNode): LoadEffect | null {
    const { unit, file } = node;
    const changed = new Set<GraphNode>();
    let everything = this.add(changed, file, unit.loadEffects) || (unit.evaluates && unit.runs);
    if (unit.runs) {
      for (const inner of this.mayRun(node)) {
        if (this.add(changed, inner.file, inner.unit.bodyEffects) || inner.unit.evaluates) everything = true;
      }
    }
    return changed.size > 0 || everything ? { node, changed, everything } : null;
  }

  /** The units whose functions may be called by code that runs when a unit is loaded; parts change nothing unknown. */
  private mayRun(node: UnitNode): Set<UnitNode> {
    const found = new Set<UnitNode>();
    const pending: GraphNode[] = node.unit.loadReads.flatMap((read) => [...this.graph.behindRead(node.file, read)]);
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (at.kind === 'whole') pending.push(...at.file.units);
      if (at.kind !== 'unit' || at.unit.isPart || found.has(at)) continue;
      found.add(at);
      for (const edge of this.graph.edgesOf(at)) pending.push(...edge.to);
    }
    found.delete(node);
    return found;
  }

  private add(changed: Set<GraphNode>, file: SourceFile, effects: Effects): boolean {
    const seen = new Set<string>();
    for (const root of effects.roots) this.expand(changed, file, root, seen);
    return effects.everything;
  }

  /** Everything that a changed value may be, or may hold. */
  private expand(changed: Set<GraphNode>, file: SourceFile, root: Root, seen: Set<string>): void {
    const key = `${file.path}\0${rootKey(root)}`;
    if (seen.has(key)) return;
    seen.add(key);
    const targets =
      root.kind === 'file'
        ? this.graph.behindImport(file, root.specifier, '*')
        : this.graph.behindRead(file, { name: root.name, member: root.member });
    for (const target of targets) {
      if (target.kind === 'whole') for (const inner of this.wholeUnits(target.file)) changed.add(inner);
      if (target.kind !== 'unit') continue;
      if (root.kind !== 'result' && !target.unit.isPrimitive) changed.add(target);
      if (!(target.unit.isPart && root.kind === 'result')) {
        for (const inner of heldBy(target.unit)) this.expand(changed, target.file, inner, seen);
      }
    }
  }

  /** The units of a file and of what it exports from others. */
  private wholeUnits(file: SourceFile): Set<UnitNode> {
    const units = new Set<UnitNode>(file.units);
    const pending = [file];
    const seen = new Set(pending);
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (const edge of this.graph.edgesOf(at.whole)) {
        for (const node of edge.to) {
          if (node.kind === 'unit') units.add(node);
          if (node.kind === 'whole' && !seen.has(node.file)) {
            seen.add(node.file);
            pending.push(node.file);
          }
        }
      }
    }
    return units;
  }
}

function heldBy(unit: Unit): readonly Root[] {
  return [...unit.values, ...unit.returns];
}
