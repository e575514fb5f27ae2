/** @file The transformer's core: TypeScript source in, TypeScript source with metadata and symbolic operators out. */

import { basename } from 'node:path';
import { children, forEachChild, isClass, isDirective, isFunction, type Node, startOf } from './ast.ts';
import { moduleValues, type PackageNames } from './closureValues.ts';
import { inDeepStack } from './deepStack.ts';
import { Edits } from './edits.ts';
import { markTargets } from './indexing.ts';
import { mayTransform } from './mayTransform.ts';
import { parseFile } from './meaning/fileFacts.ts';
import { FileMeanings } from './meaning/meaning.ts';
import {
  annotateCompileCache,
  decoratorCall,
  fileHeader,
  type Meanings,
  type MetadataContext,
  methodFunction,
  type PartCall,
  stampClass,
} from './metadata.ts';
import { rewriteOperators } from './operators.ts';
import { defaultSpecifiers, isPackageImport, type PackageSpecifier, packageName } from './ownPackage.ts';
import { packageImports } from './packageImports.ts';
import { type Pragmas, readPragmas } from './pragmas.ts';
import { isReached } from './reach.ts';
import { resolveSpecifier } from './resolve.ts';
import type { Scopes } from './scope.ts';
import { endStatement } from './semicolons.ts';
import { sourceClosure } from './sourceClosure.ts';
import type { SourceMap } from './sourceMap.ts';
import { Temporaries } from './temporaries.ts';
import { isTransformed } from './transformed.ts';

export interface TransformOptions {
  /**
   * Import specifiers that mean this package (their subpaths included), or rules. Default `['torchnative']`. A
   * relative import of the package's own entry file always counts.
   */
  readonly packageSpecifiers?: readonly PackageSpecifier[];
  /** For a packaged program: what the file is called in its metadata, in place of its path on this machine. */
  readonly packagedAs?: string;
}

export interface TransformResult {
  /** Still TypeScript: types and decorators are as they were. */
  readonly code: string;
  /** Exact to the original, which it contains. */
  readonly map: SourceMap;
  /** The files that the result depends on (absolute paths, the file itself included): for tools that watch. */
  readonly dependencies: readonly string[];
  /** The `compileCache(...)` calls in the file, in its order. */
  readonly parts: readonly PartCall[];
}

/**
 * Transforms one file.
 *
 * @param code its source, before types are stripped
 * @param id its absolute path; a query is ignored
 * @returns undefined for a file that stays as it is: one that neither imports the package nor is imported by a file
 *   with parts, that is transformed already, that asks to be left alone (`tn-ignore-file`), or that does not parse
 * @throws Error, with file and line, for a source that is nested too deeply to be read
 */
export function transform(code: string, id: string, options: TransformOptions = {}): TransformResult | undefined {
  const path = id.replace(/[?#].*$/, '');
  try {
    return transformHere(code, path, options);
  } catch (error) {
    if (error instanceof RangeError) return inDeepStack(code, path, options, error);
    throw error;
  }
}

/** As `transform`, within this thread's stack: a RangeError where that is too small. */
export function transformHere(code: string, path: string, options: TransformOptions): TransformResult | undefined {
  if (!mayTransform(code, path, options.packageSpecifiers) || code.includes('const __tnFile = __tn.file('))
    return undefined;
  const given = parseFile(code, path);
  if (!given) return undefined;
  const { parsed, scopes } = given;
  const specifiers = options.packageSpecifiers ?? defaultSpecifiers;
  const [imported] = packageImports(parsed.program, path, specifiers);
  const pragmas = readPragmas(parsed);
  if (pragmas.ignoreFile || (imported === undefined && !isReached(path))) return undefined;
  if (isTransformed(parsed.program, code, (name) => isPackageImport(name, path, specifiers))) return undefined;

  const edits = new Edits(code);
  const names: PackageNames = {
    isPackage: (specifier) => isPackageImport(specifier, path, specifiers),
    isProject: (specifier) => resolveSpecifier(specifier, path).kind === 'files',
  };
  const meanings = new UnitTable(new FileMeanings(path, given));
  const walk = new Walk(edits, { scopes, names, meanings, lines: parsed.lines }, pragmas);
  const header = walk.program(parsed.program);

  const closure = sourceClosure(path, given);
  const facts = {
    ...closure,
    file: options.packagedAs ?? path,
    units: meanings.units,
    values: moduleValues(scopes, names),
  };
  const specifier = imported?.startsWith('.') ? imported : packageName;
  edits.before(header.at, `${fileHeader(specifier, facts)}${header.declaration()} `);
  const text = edits.rendered();
  return {
    code: text.toString(),
    map: text.map(basename(path)),
    dependencies: closure.paths,
    parts: walk.metadata.parts.sort((a, b) => a.line - b.line || a.column - b.column),
  };
}

/** What the parts of a file reach, each unit once. */
class UnitTable implements Meanings {
  readonly units: [name: string, hash: string][] = [];
  private readonly indices = new Map<string, number>();
  private readonly meanings: FileMeanings;

  constructor(meanings: FileMeanings) {
    this.meanings = meanings;
  }

  part(offset: number): { source: string; reach: number[] } {
    const { hash, reached } = this.meanings.at(offset);
    return { source: hash, reach: reached.map(({ file, name, hash: own }) => this.indexOf(`${file}#${name}`, own)) };
  }

  class(offset: number): string {
    return this.meanings.classAt(offset);
  }

  private indexOf(name: string, hash: string): number {
    const key = `${name}\0${hash}`;
    let index = this.indices.get(key);
    if (index === undefined) {
      index = this.units.push([name, hash]) - 1;
      this.indices.set(key, index);
    }
    return index;
  }
}

/** The walk over one program: children before parents, each node edited once. */
class Walk {
  private readonly edits: Edits;
  private readonly scopes: Scopes;
  private readonly pragmas: Pragmas;
  readonly metadata: MetadataContext & { readonly parts: PartCall[] };
  /** Members that are assigned to, called or deleted, rather than read. */
  private readonly targets = new Set<Node>();
  private throws = false;
  private temporaryCount = 0;
  private readonly freshName = (): string => `__tn${++this.temporaryCount}`;

  constructor(edits: Edits, known: Pick<MetadataContext, 'scopes' | 'names' | 'meanings' | 'lines'>, pragmas: Pragmas) {
    this.edits = edits;
    this.scopes = known.scopes;
    this.pragmas = pragmas;
    this.metadata = { ...known, edits, parts: [] };
  }

  /** Walks the program. Returns where the file's header goes, with the module's temporaries. */
  program(program: Node): Temporaries {
    const first = children(program, 'body').find((statement) => !isDirective(statement));
    const header = new Temporaries(first ? startOf(first) : program.end, this.freshName);
    forEachChild(program, (part) => this.visit(part, program, header));
    return header;
  }

  private isIgnored(node: Node): boolean {
    if (this.pragmas.ignoredLines.size === 0) return false;
    const statement =
      /Statement$|Declaration$|^MethodDefinition$|^PropertyDefinition$|^AccessorProperty$|^StaticBlock$/;
    if (!statement.test(node.type)) return false;
    const begin = [node, ...children(node, 'decorators')].map((part) => part.start);
    return this.pragmas.ignoredLines.has(this.metadata.lines.at(Math.min(...begin)));
  }

  /** Walks a block whose variables live as long as the running function. */
  private body(block: Node, brace: number): void {
    const last = children(block, 'body').filter(isDirective).at(-1);
    const temporaries = new Temporaries(last ? last.end : brace + 1, this.freshName);
    this.visitChildren(block, temporaries);
    const declaration = temporaries.declaration();
    if (declaration !== '') this.edits.after(temporaries.at, last ? `;${declaration}` : declaration);
  }

  private visitChildren(node: Node, temporaries: Temporaries | null): void {
    forEachChild(node, (part) => this.visit(part, node, temporaries));
  }

  private visit(node: Node, parent: Node, temporaries: Temporaries | null): void {
    if (this.isIgnored(node)) return;
    switch (node.type) {
      case 'Literal':
        return;
      case 'Identifier':
        // (A parameter may have decorators.)
        this.visitChildren(node, temporaries);
        return;
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'Decorator':
        this.visitDecorator(node, parent, temporaries);
        return;
      case 'StaticBlock':
        this.body(node, this.edits.skipSpace(node.start + 'static'.length));
        return;
      case 'TSModuleBlock':
        this.body(node, node.start);
        return;
      case 'PropertyDefinition':
      case 'AccessorProperty':
        // An initialiser runs by itself, once an instance; a computed name is evaluated with the class.
        forEachChild(node, (part, field) => this.visit(part, node, field === 'value' ? null : temporaries));
        endStatement(node, parent, this.edits);
        return;
    }
    const outer = this.throws;
    this.throws = node.type === 'ThrowStatement' || (outer && !isFunction(node) && !isClass(node));
    if (isFunction(node)) {
      this.visitFunction(node);
    } else {
      markTargets(node, this.targets);
      this.visitChildren(node, temporaries);
      this.rewrite(node, parent, temporaries);
    }
    this.throws = outer;
  }

  private rewrite(node: Node, parent: Node, temporaries: Temporaries | null): void {
    const { edits, scopes, throws } = this;
    rewriteOperators(node, { edits, scopes, parent, temporaries, throws, isTarget: this.targets.has(node) });
    if (node.type === 'CallExpression') annotateCompileCache(node, null, this.metadata);
    if (isClass(node)) stampClass(node, this.metadata);
    endStatement(node, parent, edits);
  }

  private visitFunction(node: Node): void {
    forEachChild(node, (part, field) => {
      if (field === 'body' && part.type === 'BlockStatement') this.body(part, part.start);
      else this.visit(part, node, null);
    });
  }

  private visitDecorator(node: Node, method: Node, temporaries: Temporaries | null): void {
    const call = decoratorCall(node);
    if (call.type !== 'CallExpression') {
      this.visitChildren(node, temporaries);
      return;
    }
    this.visitChildren(call, temporaries);
    annotateCompileCache(call, methodFunction(method), this.metadata);
  }
}
