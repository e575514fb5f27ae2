/** @file Scopes of one file: which declaration each identifier in value position refers to. */

import { child, children, forEachChild, isTypeOnly, maybeChild, type Node, text } from './ast.ts';

export type BindingKind =
  | 'import'
  | 'var'
  | 'let'
  | 'const'
  | 'function'
  | 'class'
  | 'parameter'
  | 'catch'
  | 'compileTime'; // an enum, a namespace, an `import x = …`

export interface Binding {
  readonly name: string;
  readonly kind: BindingKind;
  readonly scope: Scope;
  /** What the declaration gives it as a whole: a function, a class, an initialiser; null for parts of a pattern. */
  readonly value: Node | null;
  /** For an import: where from, and under which name (`*` for the namespace, `default`). */
  readonly imported: { readonly source: string; readonly name: string; readonly typeOnly: boolean } | null;
  readonly references: Reference[];
  /** Assignments and updates that name it directly. */
  readonly writes: Node[];
}

export interface Scope {
  readonly parent: Scope | null;
  readonly kind: 'module' | 'function' | 'block';
  readonly node: Node;
  readonly bindings: Map<string, Binding>;
}

/** An identifier in value position. */
export interface Reference {
  readonly node: Node;
  readonly name: string;
  readonly scope: Scope;
}

export interface Scopes {
  readonly module: Scope;
  readonly references: readonly Reference[];
  /** What an identifier node refers to: null for a global, undefined for a node that is no reference. */
  bindingOf(identifier: Node): Binding | null | undefined;
  /** The scope an identifier reference stands in. */
  scopeOf(identifier: Node): Scope | undefined;
}

/** Looks a name up from a scope outwards. */
export function lookUp(scope: Scope | null, name: string): Binding | null {
  for (let at = scope; at !== null; at = at.parent) {
    const found = at.bindings.get(name);
    if (found) return found;
  }
  return null;
}

function functionScope(scope: Scope): Scope {
  let at = scope;
  while (at.kind === 'block' && at.parent) at = at.parent;
  return at;
}

class Analyzer {
  readonly references: Reference[] = [];
  readonly writes: { readonly target: Node; readonly write: Node; readonly scope: Scope }[] = [];
  readonly module: Scope;

  constructor(program: Node) {
    this.module = { parent: null, kind: 'module', node: program, bindings: new Map() };
    forEachChild(program, (statement) => this.visit(statement, this.module));
  }

  private declare(
    scope: Scope,
    name: string,
    kind: BindingKind,
    value: Node | null,
    imported: Binding['imported'] = null,
  ): void {
    const known = scope.bindings.get(name);
    if (known && (kind === 'var' || kind === 'function')) {
      // Declared again: whatever that gives it, the first value is not the only one.
      known.writes.push(value ?? scope.node);
      return;
    }
    scope.bindings.set(name, { name, kind, scope, value, imported, references: [], writes: [] });
  }

  /** Declares the names of a pattern, and visits what is evaluated inside it (defaults, computed keys). */
  private declarePattern(pattern: Node, scope: Scope, kind: BindingKind, into: Scope, value: Node | null): void {
    switch (pattern.type) {
      case 'Identifier':
        if (text(pattern, 'name') !== 'this') this.declare(into, text(pattern, 'name'), kind, value);
        return;
      case 'AssignmentPattern':
        this.declarePattern(child(pattern, 'left'), scope, kind, into, null);
        this.visit(child(pattern, 'right'), scope);
        return;
      case 'RestElement':
        this.declarePattern(child(pattern, 'argument'), scope, kind, into, null);
        return;
      case 'ArrayPattern':
        for (const element of children(pattern, 'elements')) this.declarePattern(element, scope, kind, into, null);
        return;
      case 'ObjectPattern':
        for (const property of children(pattern, 'properties')) {
          if (property.type === 'Property') {
            if (property.computed === true) this.visit(child(property, 'key'), scope);
            this.declarePattern(child(property, 'value'), scope, kind, into, null);
          } else {
            this.declarePattern(property, scope, kind, into, null);
          }
        }
        return;
      case 'TSParameterProperty':
        this.declarePattern(child(pattern, 'parameter'), scope, kind, into, null);
        return;
      default:
        this.visit(pattern, scope);
    }
  }

  private visitFunction(node: Node, scope: Scope): void {
    const inner: Scope = { parent: scope, kind: 'function', node, bindings: new Map() };
    const id = maybeChild(node, 'id');
    if (id) this.declare(node.type === 'FunctionDeclaration' ? scope : inner, text(id, 'name'), 'function', node);
    for (const parameter of children(node, 'params')) {
      for (const decorator of children(parameter, 'decorators')) this.visit(decorator, scope);
      this.declarePattern(parameter, inner, 'parameter', inner, null);
    }
    const body = child(node, 'body');
    // Parameters and body share a scope here: a body may shadow a parameter only by `var`, which is the same variable.
    if (body.type === 'BlockStatement') forEachChild(body, (statement) => this.visit(statement, inner));
    else this.visit(body, inner);
  }

  private visitClass(node: Node, scope: Scope): void {
    for (const decorator of children(node, 'decorators')) this.visit(decorator, scope);
    const inner: Scope = { parent: scope, kind: 'block', node, bindings: new Map() };
    const id = maybeChild(node, 'id');
    if (id) {
      if (node.type === 'ClassDeclaration') this.declare(scope, text(id, 'name'), 'class', node);
      else this.declare(inner, text(id, 'name'), 'class', node);
    }
    const superClass = maybeChild(node, 'superClass');
    if (superClass) this.visit(superClass, inner);
    forEachChild(child(node, 'body'), (member) => this.visit(member, inner));
  }

  private visitImport(node: Node): void {
    const source = text(child(node, 'source'), 'value');
    const kindOf = (n: Node): boolean => text(n, 'importKind') === 'type' || text(n, 'importKind') === 'typeof';
    for (const specifier of children(node, 'specifiers')) {
      const local = text(child(specifier, 'local'), 'name');
      const imported = maybeChild(specifier, 'imported');
      const name =
        specifier.type === 'ImportNamespaceSpecifier'
          ? '*'
          : imported
            ? text(imported, imported.type === 'Literal' ? 'value' : 'name')
            : 'default';
      const typeOnly = kindOf(node) || kindOf(specifier);
      this.declare(this.module, local, 'import', null, { source, name, typeOnly });
    }
  }

  private visitBlock(node: Node, scope: Scope, kind: Scope['kind'] = 'block'): void {
    const inner: Scope = { parent: scope, kind, node, bindings: new Map() };
    forEachChild(node, (part) => this.visit(part, inner));
  }

  /** Visits a node that is not only a type. */
  visit(node: Node, scope: Scope): void {
    switch (node.type) {
      case 'Literal':
        return;
      case 'Identifier':
      case 'JSXIdentifier':
        this.references.push({ node, name: text(node, 'name'), scope });
        return;
      case 'MemberExpression':
        this.visit(child(node, 'object'), scope);
        if (node.computed === true) this.visit(child(node, 'property'), scope);
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.visitFunction(node, scope);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.visitClass(node, scope);
        return;
      case 'ImportDeclaration':
        this.visitImport(node);
        return;
      case 'ExportNamedDeclaration': {
        // `export { x }` may name a type: not a use of a value.
        const declaration = maybeChild(node, 'declaration');
        if (!declaration) return;
        if (!isTypeOnly(declaration)) this.visit(declaration, scope);
        else if (/^TS(?:Enum|ImportEquals)Declaration$/.test(declaration.type)) {
          this.declare(scope, text(child(declaration, 'id'), 'name'), 'compileTime', null);
        }
        return;
      }
      case 'ExportAllDeclaration':
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
      case 'JSXAttribute':
        if (node.type === 'JSXAttribute' && maybeChild(node, 'value')) this.visit(child(node, 'value'), scope);
        return;
      case 'LabeledStatement':
        this.visit(child(node, 'body'), scope);
        return;
      case 'VariableDeclaration': {
        const kind = text(node, 'kind');
        const bindingKind: BindingKind = kind === 'var' || kind === 'let' ? kind : 'const';
        const into = kind === 'var' ? functionScope(scope) : scope;
        for (const declarator of children(node, 'declarations')) {
          const init = maybeChild(declarator, 'init');
          this.declarePattern(child(declarator, 'id'), scope, bindingKind, into, init);
          if (init) this.visit(init, scope);
        }
        return;
      }
      case 'JSXMemberExpression':
        this.visit(child(node, 'object'), scope);
        return;
      case 'Property':
      case 'MethodDefinition':
        for (const decorator of children(node, 'decorators')) this.visit(decorator, scope);
        if (node.computed === true) this.visit(child(node, 'key'), scope);
        this.visit(child(node, 'value'), scope);
        return;
      case 'PropertyDefinition':
      case 'AccessorProperty': {
        for (const decorator of children(node, 'decorators')) this.visit(decorator, scope);
        if (node.computed === true) this.visit(child(node, 'key'), scope);
        const value = maybeChild(node, 'value');
        // An initialiser runs as a function of its own.
        if (value) this.visit(value, { parent: scope, kind: 'function', node: value, bindings: new Map() });
        return;
      }
      case 'CatchClause': {
        const inner: Scope = { parent: scope, kind: 'block', node, bindings: new Map() };
        const parameter = maybeChild(node, 'param');
        if (parameter) this.declarePattern(parameter, inner, 'catch', inner, null);
        this.visit(child(node, 'body'), inner);
        return;
      }
      case 'BlockStatement':
      case 'ForStatement':
      case 'SwitchStatement':
        this.visitBlock(node, scope);
        return;
      case 'ForInStatement':
      case 'ForOfStatement':
        this.recordWrites(child(node, 'left'), node, scope);
        this.visitBlock(node, scope);
        return;
      case 'StaticBlock':
      case 'TSModuleBlock':
        this.visitBlock(node, scope, 'function');
        return;
      case 'TSModuleDeclaration': {
        const id = child(node, 'id');
        if (id.type === 'Identifier') this.declare(scope, text(id, 'name'), 'compileTime', null);
        this.visit(child(node, 'body'), scope);
        return;
      }
      case 'AssignmentExpression':
        this.recordWrites(child(node, 'left'), node, scope);
        break;
      case 'UpdateExpression':
        this.recordWrites(child(node, 'argument'), node, scope);
        break;
    }
    forEachChild(node, (part) => this.visit(part, scope));
  }

  private recordWrites(target: Node, write: Node, scope: Scope): void {
    if (target.type === 'Identifier') this.writes.push({ target, write, scope });
    else if (target.type === 'ParenthesizedExpression' || target.type.startsWith('TS')) {
      this.recordWrites(child(target, 'expression'), write, scope);
    } else if (target.type.endsWith('Pattern')) {
      // A pattern may bind anything to the names in it.
      const visit = (node: Node): void => {
        if (node.type === 'Identifier') this.writes.push({ target: node, write, scope });
        else forEachChild(node, visit);
      };
      visit(target);
    }
  }
}

/** Resolves every identifier in value position of a program. */
export function analyzeScopes(program: Node): Scopes {
  const analyzer = new Analyzer(program);
  const bindings = new Map<Node, Binding | null>();
  const scopes = new Map<Node, Scope>();
  for (const reference of analyzer.references) {
    const binding = lookUp(reference.scope, reference.name);
    binding?.references.push(reference);
    bindings.set(reference.node, binding);
    scopes.set(reference.node, reference.scope);
  }
  for (const { target, write, scope } of analyzer.writes) {
    lookUp(scope, text(target, 'name'))?.writes.push(write);
  }
  return {
    module: analyzer.module,
    references: analyzer.references,
    bindingOf: (identifier) => bindings.get(identifier),
    scopeOf: (identifier) => scopes.get(identifier),
  };
}
