/** @file The units of a program and what each of them uses, across files. */

import { realPath } from '../observed.ts';
import { resolveSpecifier, type Target } from '../resolve.ts';
import type { FileFacts, ModuleFacts, Read, Unit } from './facts.ts';
import { factsOfCode, factsOfFile, type GivenFile } from './fileFacts.ts';

export interface SourceFile {
  readonly path: string;
  readonly facts: FileFacts;
  readonly module: ModuleFacts | null;
  /** Its units as nodes; empty for what is no module. */
  readonly units: readonly UnitNode[];
  readonly whole: WholeNode;
}

/** A top-level declaration or statement of a file. */
export interface UnitNode {
  readonly kind: 'unit';
  readonly file: SourceFile;
  readonly unit: Unit;
}

/** A whole file, when it cannot be told what of it is used. */
export interface WholeNode {
  readonly kind: 'whole';
  readonly file: SourceFile;
}

/** What lies outside the project's modules: a package's version, the content of a JSON file. */
export interface OutsideNode {
  readonly kind: 'outside';
  readonly text: string;
}

export type GraphNode = UnitNode | WholeNode | OutsideNode;

/** What a node uses under a name. */
export interface Edge {
  readonly name: string;
  readonly to: readonly GraphNode[];
}

/** Units that do something when their file is loaded, or to the variables of their module. */
export interface Actors {
  /** Their functions assign to variables of their module. */
  readonly assigners: readonly UnitNode[];
  /** They call functions when their file is loaded: by file, in their order. */
  readonly runners: readonly (readonly UnitNode[])[];
}

/** A program as it is on disk now: made for one question, since files change. */
export class ProgramGraph {
  private readonly files = new Map<string, SourceFile>();
  private readonly targets = new Map<string, Target>();
  private readonly outside = new Map<string, OutsideNode>();
  private readonly edges = new Map<GraphNode, readonly Edge[]>();
  private readonly acting = new Map<readonly SourceFile[], Actors>();
  private readonly orders = new Map<SourceFile, readonly SourceFile[]>();

  /** A file; `given` where its content is not (or need not be) read from disk. */
  file(path: string, given?: GivenFile): SourceFile {
    const real = realPath(path);
    const known = this.files.get(real);
    if (known) return known;
    const facts = given ? factsOfCode(real, given) : factsOfFile(real);
    const units: UnitNode[] = [];
    const whole = { kind: 'whole' } as { kind: 'whole'; file: SourceFile };
    const file: SourceFile = { path: real, facts, module: facts.module, units, whole };
    whole.file = file;
    for (const unit of facts.module?.units ?? []) units.push({ kind: 'unit', file, unit });
    this.files.set(real, file);
    return file;
  }

  /** Where a specifier leads. */
  target(file: SourceFile, specifier: string): Target {
    const key = `${file.path}\0${specifier}`;
    let target = this.targets.get(key);
    if (!target) {
      target = resolveSpecifier(specifier, file.path);
      this.targets.set(key, target);
    }
    return target;
  }

  /** The modules that a specifier may lead to: declaration files only where there is nothing else. */
  filesBehind(file: SourceFile, specifier: string): readonly SourceFile[] {
    const target = this.target(file, specifier);
    if (target.kind !== 'files') return [];
    const code = target.paths.filter((path) => !/\.d\.[cm]?ts$/.test(path));
    return (code.length > 0 ? code : target.paths).map((path) => this.file(path));
  }

  /** Every file that is loaded with this one, in the order in which they are evaluated; itself last. */
  evaluationOrder(start: SourceFile): readonly SourceFile[] {
    const known = this.orders.get(start);
    if (known) return known;
    const order: SourceFile[] = [];
    const seen = new Set<SourceFile>([start]);
    const stack: { readonly file: SourceFile; readonly next: SourceFile[] }[] = [];
    const push = (file: SourceFile): void => {
      const specifiers = file.module ? [...file.module.loaded, ...file.module.lazy] : [];
      stack.push({ file, next: specifiers.flatMap((specifier) => this.filesBehind(file, specifier)).reverse() });
    };
    push(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.next.pop();
      if (!next) {
        order.push(top.file);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        push(next);
      }
    }
    this.orders.set(start, order);
    return order;
  }

  /** The units among these files that matter to others by what they do, found once. */
  actors(files: readonly SourceFile[]): Actors {
    let actors = this.acting.get(files);
    if (!actors) {
      actors = {
        assigners: files.flatMap((file) => file.units.filter(({ unit }) => unit.assigns.length > 0)),
        runners: files.map((file) => file.units.filter(({ unit }) => unit.runs)),
      };
      this.acting.set(files, actors);
    }
    return actors;
  }

  /** What a node uses, in the order in which its code names it. */
  edgesOf(node: GraphNode): readonly Edge[] {
    let edges = this.edges.get(node);
    if (!edges) {
      edges = node.kind === 'unit' ? this.unitEdges(node) : node.kind === 'whole' ? this.wholeEdges(node.file) : [];
      this.edges.set(node, edges);
    }
    return edges;
  }

  private unitEdges({ file, unit }: UnitNode): Edge[] {
    const edges = unit.reads.map((read) => ({ name: readText(read), to: this.behindRead(file, read) }));
    for (const specifier of unit.lazy) edges.push({ name: '', to: this.behindImport(file, specifier, '*') });
    return edges;
  }

  private wholeEdges(file: SourceFile): Edge[] {
    const { module } = file;
    if (!module) return [{ name: 'content', to: [this.contentOf(file)] }];
    const edges: Edge[] = file.units.map((unit) => ({ name: 'unit', to: [unit] }));
    for (const [name, target] of [...module.exports].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const to =
        target.kind === 'local'
          ? this.behindRead(file, { name: target.name, member: null })
          : this.behindImport(file, target.source, target.name);
      edges.push({ name: `export ${name}`, to });
    }
    for (const source of module.stars) edges.push({ name: 'export *', to: this.behindImport(file, source, '*') });
    return edges;
  }

  /** What a module-level name of a file means. */
  behindRead(file: SourceFile, { name, member }: Read): readonly GraphNode[] {
    const { module } = file;
    const imported = module?.imports.get(name);
    if (imported) {
      const wanted = imported.name === '*' ? (member ?? '*') : imported.name;
      return this.behindImport(file, imported.source, wanted);
    }
    const units = module?.names.get(name);
    if (units) return units.map((index) => file.units[index] as UnitNode);
    // A `var` inside a statement.
    return file.units.filter(({ unit }) => unit.names.length === 0);
  }

  /** What a name imported from a specifier means: everything there when it cannot be found. */
  behindImport(file: SourceFile, specifier: string, name: string): readonly GraphNode[] {
    const target = this.target(file, specifier);
    if (target.kind === 'package') return [this.outsideNode(`${target.name}@${target.version} ${name}`)];
    const files = this.filesBehind(file, specifier);
    if (files.length === 0) return [this.outsideNode('missing')];
    const found = files.flatMap((other) => this.behindExport(other, name, new Set()));
    return found.length > 0 ? [...new Set(found)] : files.map(({ whole }) => whole);
  }

  private behindExport(file: SourceFile, name: string, seen: Set<string>): GraphNode[] {
    const key = `${file.path}\0${name}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const { module } = file;
    if (!module) return [this.contentOf(file)];
    if (name === '*') return [file.whole];
    const own = module.exports.get(name);
    if (own?.kind === 'local') return this.behindLocal(file, own.name, seen);
    if (own) return this.through(file, own.source, own.name, seen);
    return name === 'default' ? [] : module.stars.flatMap((source) => this.through(file, source, name, seen));
  }

  private behindLocal(file: SourceFile, name: string, seen: Set<string>): GraphNode[] {
    const imported = file.module?.imports.get(name);
    if (imported) return this.through(file, imported.source, imported.name, seen);
    return [...this.behindRead(file, { name, member: null })];
  }

  private through(file: SourceFile, source: string, name: string, seen: Set<string>): GraphNode[] {
    const target = this.target(file, source);
    if (target.kind === 'package') return [this.outsideNode(`${target.name}@${target.version} ${name}`)];
    return this.filesBehind(file, source).flatMap((other) => this.behindExport(other, name, seen));
  }

  private contentOf(file: SourceFile): OutsideNode {
    return this.outsideNode(`content ${file.facts.hash}`);
  }

  private outsideNode(text: string): OutsideNode {
    let node = this.outside.get(text);
    if (!node) {
      node = { kind: 'outside', text };
      this.outside.set(text, node);
    }
    return node;
  }
}

export function readText({ name, member }: Read): string {
  return member === null ? name : `${name}.${member}`;
}
