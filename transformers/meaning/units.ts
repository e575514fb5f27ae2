/** @file A module taken apart: its top-level declarations and statements, what it imports and what it exports. */

import { child, children, isDirective, maybeChild, type Node, startOf, text, unwrap } from '../ast.ts';
import type { Lines, ParsedFile } from '../parse.ts';
import { readPragmas } from '../pragmas.ts';
import type { Scopes } from '../scope.ts';
import { sha256 } from '../sha256.ts';
import { isConstant } from '../staticValues.ts';
import { canonicalText } from './canonical.ts';
import { Collector } from './collect.ts';
import type { Export, FileFacts, ModuleFacts, Unit } from './facts.ts';
import { moduleBinding, type UnitContext } from './references.ts';

/** The name of a default export that has none. */
const defaultName = '*default*';

/** The names that a pattern declares. */
function patternNames(pattern: Node): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [text(pattern, 'name')];
    case 'AssignmentPattern':
      return patternNames(child(pattern, 'left'));
    case 'RestElement':
      return patternNames(child(pattern, 'argument'));
    case 'ArrayPattern':
      return children(pattern, 'elements').flatMap(patternNames);
    case 'ObjectPattern':
      return children(pattern, 'properties').flatMap((property) =>
        patternNames(property.type === 'Property' ? child(property, 'value') : property),
      );
    default:
      return [];
  }
}

function exportedName(node: Node): string {
  return text(node, node.type === 'Literal' ? 'value' : 'name');
}

class ModuleReader {
  readonly units: Unit[] = [];
  readonly names = new Map<string, number[]>();
  readonly imports = new Map<string, { source: string; name: string }>();
  readonly exports = new Map<string, Export>();
  readonly stars: string[] = [];
  readonly loaded = new Set<string>();
  readonly lazy = new Set<string>();
  readonly bare: string[] = [];
  readonly specifiers = new Set<string>();
  private readonly context: UnitContext;
  private readonly ignoredLines: ReadonlySet<number>;
  private readonly prefix: string;
  private readonly lines: Lines;

  constructor(parsed: ParsedFile, context: UnitContext) {
    this.context = context;
    const pragmas = readPragmas(parsed);
    this.ignoredLines = pragmas.ignoredLines;
    this.lines = parsed.lines;
    this.prefix = pragmas.ignoreFile ? 'ignored file ' : '';
    for (const statement of children(parsed.program, 'body')) this.statement(statement);
  }

  private statement(node: Node): void {
    switch (node.type) {
      case 'ImportDeclaration':
        this.import(node);
        return;
      case 'ExportAllDeclaration': {
        const source = this.source(node);
        if (text(node, 'exportKind') === 'type') return;
        const exported = maybeChild(node, 'exported');
        if (exported) this.exports.set(exportedName(exported), { kind: 'from', source, name: '*' });
        else this.stars.push(source);
        return;
      }
      case 'ExportNamedDeclaration':
        this.exportNamed(node);
        return;
      case 'ExportDefaultDeclaration': {
        const declaration = child(node, 'declaration');
        if (declaration.type.startsWith('TSInterface') || declaration.type === 'TSDeclareFunction') return;
        const id = /^(?:Function|Class)Declaration$/.test(declaration.type) ? maybeChild(declaration, 'id') : null;
        const name = id ? text(id, 'name') : defaultName;
        this.value([name], [declaration], declaration, node);
        this.exports.set('default', { kind: 'local', name });
        return;
      }
      default:
        this.declare(node, node);
    }
  }

  /** Notes a specifier; types alone load nothing. */
  private source(node: Node): string {
    const source = text(child(node, 'source'), 'value');
    this.specifiers.add(source);
    if (text(node, 'importKind') !== 'type' && text(node, 'exportKind') !== 'type') this.loaded.add(source);
    return source;
  }

  private import(node: Node): void {
    const source = this.source(node);
    const specifiers = children(node, 'specifiers');
    if (text(node, 'importKind') === 'type') return;
    if (specifiers.length === 0) this.bare.push(source);
    for (const specifier of specifiers) {
      if (text(specifier, 'importKind') === 'type') continue;
      const imported = maybeChild(specifier, 'imported');
      const isNamespace = specifier.type === 'ImportNamespaceSpecifier';
      const name = isNamespace ? '*' : imported ? exportedName(imported) : 'default';
      this.imports.set(text(child(specifier, 'local'), 'name'), { source, name });
    }
  }

  private exportNamed(node: Node): void {
    const declaration = maybeChild(node, 'declaration');
    if (declaration) {
      for (const name of this.declare(declaration, node)) this.exports.set(name, { kind: 'local', name });
      return;
    }
    const source = maybeChild(node, 'source') ? this.source(node) : null;
    if (text(node, 'exportKind') === 'type') return;
    for (const specifier of children(node, 'specifiers')) {
      if (text(specifier, 'exportKind') === 'type') continue;
      const name = exportedName(child(specifier, 'local'));
      const exported = exportedName(child(specifier, 'exported'));
      this.exports.set(exported, source === null ? { kind: 'local', name } : { kind: 'from', source, name });
    }
  }

  /** Adds what a declaration or statement makes. Returns the names declared. */
  private declare(node: Node, whole: Node): string[] {
    switch (node.type) {
      case 'VariableDeclaration': {
        if (node.declare === true) return [];
        const declarators = children(node, 'declarations');
        return declarators.flatMap((declarator) => {
          const id = child(declarator, 'id');
          const names = patternNames(id);
          const only = declarators.length === 1 ? whole : declarator;
          this.value(names, [declarator], maybeChild(declarator, 'init'), only, text(node, 'kind'), id);
          return names;
        });
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration': {
        if (node.declare === true) return [];
        const names = [text(child(node, 'id'), 'name')];
        this.value(names, [node], node, whole);
        return names;
      }
      case 'TSEnumDeclaration': {
        const names = [text(child(node, 'id'), 'name')];
        this.add(names, [node], whole, (collector) => collector.names(node));
        return names;
      }
      case 'TSModuleDeclaration': {
        const id = child(node, 'id');
        if (node.declare === true || id.type !== 'Identifier') return [];
        this.add([text(id, 'name')], [node], whole, (collector) => collector.statement(child(node, 'body')));
        return [text(id, 'name')];
      }
      case 'TSImportEqualsDeclaration': {
        const reference = child(node, 'moduleReference');
        const local = text(child(node, 'id'), 'name');
        if (reference.type === 'TSExternalModuleReference') {
          const source = text(child(reference, 'expression'), 'value');
          this.specifiers.add(source);
          if (text(node, 'importKind') === 'type') return [];
          this.loaded.add(source);
          this.imports.set(local, { source, name: '*' });
        } else this.add([local], [node], whole, (collector) => collector.names(reference));
        return [local];
      }
      case 'EmptyStatement':
        return [];
      default:
        if (isDirective(node)) return [];
        if (node.declare === true || (node.type.startsWith('TS') && node.type !== 'TSExportAssignment')) return [];
        this.add([], [node], whole, (collector) => collector.statement(node));
        return [];
    }
  }

  /** A declaration that gives its names a value. */
  private value(
    names: readonly string[],
    code: readonly Node[],
    init: Node | null,
    whole: Node,
    kind = '',
    pattern: Node | null = null,
  ): void {
    const inner = init ? unwrap(init) : null;
    const isPrimitive = kind === 'const' && inner !== null && pattern?.type === 'Identifier' && isConstant(inner);
    this.add(
      names,
      code,
      whole,
      (collector) => {
        if (pattern) collector.pattern(pattern, init);
        if (init) collector.kept(init);
      },
      { kind, init: inner, isPrimitive },
    );
  }

  private add(
    names: readonly string[],
    code: readonly Node[],
    whole: Node,
    collect: (collector: Collector) => void,
    { kind = '', init = null as Node | null, isPrimitive = false } = {},
  ): void {
    const collector = new Collector(this.context);
    collect(collector);
    for (const specifier of collector.lazy) {
      this.lazy.add(specifier);
      this.specifiers.add(specifier);
    }
    const line = this.lines.at(whole.start);
    const index = this.units.push({
      names,
      label: names.length > 0 ? names.join(', ').replace(defaultName, 'default') : `line ${line}`,
      line,
      start: startOf(whole),
      end: whole.end,
      hash: sha256(`${this.prefix}${kind} ${canonicalText(code, this.lines, this.ignoredLines)}`),
      reads: [...collector.reads.values()],
      loadReads: [...collector.loadReads.values()],
      lazy: [...collector.lazy],
      evaluates: collector.evaluates,
      runs: collector.runs,
      loadEffects: collector.effects(true),
      bodyEffects: collector.effects(false),
      assigns: [...collector.assigns],
      values: init ? collector.valuesOf(init) : [],
      returns: collector.returns(),
      isPart: init !== null && this.isPart(init),
      isPrimitive,
    });
    for (const name of names) this.names.set(name, [...(this.names.get(name) ?? []), index - 1]);
  }

  private isPart(init: Node): boolean {
    if (init.type !== 'CallExpression') return false;
    const callee = unwrap(child(init, 'callee'));
    const isMember = callee.type === 'MemberExpression';
    const object = isMember ? child(callee, 'object') : callee;
    const imported = object.type === 'Identifier' ? moduleBinding(object, this.context)?.imported : null;
    if (!imported || !this.context.isPackage(imported.source)) return false;
    const name = isMember ? text(child(callee, 'property'), 'name') : imported.name;
    return name === 'compileCache';
  }
}

/** The specifiers of `import('…')` in types, which the tree of values does not hold. */
function typeSpecifiers(code: string): string[] {
  return [...code.matchAll(/\bimport\s*\(\s*(['"])([^'"\n]+)\1/g)].map((match) => match[2] ?? '');
}

/** Takes a module apart. `specifiers` are all that its text names, in types too. */
export function readModule(
  parsed: ParsedFile,
  code: string,
  scopes: Scopes,
  isPackage: (specifier: string) => boolean,
): FileFacts & { readonly module: ModuleFacts } {
  const { program } = parsed;
  const enums = new Set(
    children(program, 'body').flatMap((node) =>
      /^TS(?:Enum|ImportEquals)Declaration$/.test(node.type) ? text(child(node, 'id'), 'name') : [],
    ),
  );
  const reader = new ModuleReader(parsed, { scopes, isPackage, enums });
  const { units, names, imports, exports, stars, bare } = reader;
  const facts = [units.map(({ hash }) => hash), [...imports], [...exports], stars, [...reader.specifiers]];
  const loaded = [...reader.loaded];
  const lazy = [...reader.lazy];
  const specifiers = [...new Set([...reader.specifiers, ...typeSpecifiers(code)])];
  return {
    module: { units, names, imports, exports, stars, bare, loaded, lazy },
    specifiers,
    typeSpecifiers: specifiers.filter((name) => !reader.loaded.has(name) && !reader.lazy.has(name)),
    hash: sha256(JSON.stringify(facts)),
  };
}

/** The unit that holds a place of the file, or -1. */
export function unitAt(module: ModuleFacts, offset: number): number {
  return module.units.findIndex((unit) => unit.start <= offset && offset < unit.end);
}
