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
  /** The parts that may be called, and what each one changes. */
  readonly parts: readonly { readonly part: UnitNode; readonly changed: ReadonlySet<GraphNode> }[];
}

/** Effects of the files of a program, told once each. */
export class SideEffects {
  private readonly graph: ProgramGraph;
  private readonly known = new Map<UnitNode, LoadEffect | null>();
  private readonly lists = new Map<readonly SourceFile[], LoadEffect[]>();
  private readonly partChanges = new Map<UnitNode, ReadonlySet<GraphNode>>();

  constructor(graph: ProgramGraph) {
    this.graph = graph;
  }

  /** The units among these files whose loading changes something, in the order in which that happens. */
  among(files: readonly SourceFile[]): readonly LoadEffect[] {
    let list = this.lists.get(files);
    if (!list) {
      list = files.flatMap((file) => file.units.flatMap((node) => this.of(node) ?? []));
      this.lists.set(files, list);
    }
    return list;
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
    const parts: LoadEffect['parts'][number][] = [];
    if (unit.runs) {
      const start = unit.loadReads.flatMap((read) => [...this.graph.behindRead(file, read)]);
      const called = this.mayRun(start);
      for (const inner of called) {
        if (inner === node) continue;
        if (inner.unit.isPart) parts.push({ part: inner, changed: this.changedByPart(inner) });
        else if (this.add(changed, inner.file, inner.unit.bodyEffects) || inner.unit.evaluates) everything = true;
      }
    }
    return changed.size > 0 || everything || parts.some((part) => part.changed.size > 0)
      ? { node, changed, everything, parts }
      : null;
  }

  /** What calls of a part may change. */
  private changedByPart(part: UnitNode): ReadonlySet<GraphNode> {
    let changed = this.partChanges.get(part);
    if (!changed) {
      const found = new Set<GraphNode>();
      this.partChanges.set(part, found);
      for (const inner of this.mayRun([part], part)) this.add(found, inner.file, inner.unit.bodyEffects);
      changed = found;
    }
    return changed;
  }

  /** The units whose functions may be called by code that uses some nodes. What other parts do is told apart. */
  private mayRun(start: readonly GraphNode[], own: UnitNode | null = null): Set<UnitNode> {
    const found = new Set<GraphNode>();
    const pending = [...start];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      if (at.kind === 'unit' && at.unit.isPart && at !== own) continue;
      for (const edge of this.graph.edgesOf(at)) pending.push(...edge.to);
    }
    return new Set([...found].filter((node): node is UnitNode => node.kind === 'unit'));
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
      if (target.kind === 'outside' && root.kind === 'value') changed.add(target);
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
