/** @file The meanings of a file's parts and classes: what their source keys are made of, and what they reach. */

import { relative, sep } from 'node:path';
import { packageRootOf } from '../resolve.ts';
import { sha256 } from '../sha256.ts';
import type { GivenFile } from './fileFacts.ts';
import { ProgramGraph, type SourceFile, type UnitNode, type WholeNode } from './graph.ts';
import { hashOf, type PackageList, packageList } from './hash.ts';
import { type Reach, reachOf } from './reach.ts';
import { SideEffects } from './sideEffects.ts';
import { unitAt } from './units.ts';

/** A function, class, constant or statement that a meaning depends on. */
export interface ReachedUnit {
  /** Relative to the package root of the file that was asked about. */
  readonly file: string;
  /** Its name, or `line N` for a statement. */
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  /** 12 hex digits of the hash of its own code. */
  readonly hash: string;
}

export interface Meaning {
  /** sha256 (hex): the same as long as nothing that is reached means something else. No path is in it. */
  readonly hash: string;
  /** Everything reached, the unit itself first. */
  readonly reached: readonly ReachedUnit[];
  /** Packages by name and version, sorted by name. */
  readonly packages: PackageList;
}

/** What the meanings of one file's parts and classes are. */
export class FileMeanings {
  private readonly graph = new ProgramGraph();
  private readonly file: SourceFile;
  private readonly sideEffects: SideEffects;
  private readonly root: string;
  private readonly known = new Map<UnitNode | WholeNode, Meaning>();
  private readonly classes = new Map<UnitNode | WholeNode, number>();

  /** @param given the file's content where the caller has it: it need not be on disk then */
  constructor(path: string, given?: GivenFile) {
    this.file = this.graph.file(path, given);
    this.sideEffects = new SideEffects(this.graph);
    this.root = packageRootOf(this.file.path);
  }

  /** The meaning of the top-level declaration or statement that a place of the file stands in. */
  at(offset: number): Meaning {
    const node = this.nodeAt(offset);
    let meaning = this.known.get(node);
    if (!meaning) {
      const reach = reachOf(node, this.graph, this.sideEffects);
      const packages = packageList(reach, this.graph);
      let reached: readonly ReachedUnit[] | null = null;
      const describe = (): readonly ReachedUnit[] => this.describe(reach);
      meaning = {
        hash: hashOf(reach, this.graph, packages),
        // (Of classes nobody asks for it.)
        get reached() {
          reached ??= describe();
          return reached;
        },
        packages,
      };
      this.known.set(node, meaning);
    }
    return meaning;
  }

  /** The hash of a class; each one is asked for once, in their order, which tells those of one unit apart. */
  classAt(offset: number): string {
    const node = this.nodeAt(offset);
    const index = this.classes.get(node) ?? 0;
    this.classes.set(node, index + 1);
    const { hash } = this.at(offset);
    return index === 0 ? hash : sha256(`${hash} class ${index}`);
  }

  /** The unit that a place stands in; the whole file where there is none. */
  private nodeAt(offset: number): UnitNode | WholeNode {
    const { module, units, whole } = this.file;
    return (module ? units[unitAt(module, offset)] : undefined) ?? whole;
  }

  private describe(reach: Reach): ReachedUnit[] {
    const list: ReachedUnit[] = [];
    for (const node of reach.nodes.keys()) {
      if (node.kind !== 'unit') continue;
      const { label, line, hash } = node.unit;
      const path = relative(this.root, node.file.path);
      const file = sep === '/' ? path : path.split(sep).join('/');
      list.push({ file, name: label, line, hash: hash.slice(0, 12) });
    }
    return list;
  }
}
