/** @file What the code of one unit reads, calls and may change. */

import {
  child,
  children,
  forEachChild,
  isClass,
  isFunction,
  isTypeOnly,
  maybeChild,
  type Node,
  text,
  unwrap,
} from '../ast.ts';
import type { Effects, Read, Root } from './facts.ts';
import { lazyTarget, memberName, moduleBinding, type UnitContext } from './references.ts';
import { isHarmlessCall, RootFinder } from './roots.ts';

interface Change {
  readonly expression: Node;
  readonly isCallArgument: boolean;
  readonly isReceiver: boolean;
  readonly load: boolean;
}

/** Walks a unit once, and answers afterwards. */
export class Collector {
  readonly reads = new Map<string, Read>();
  readonly loadReads = new Map<string, Read>();
  readonly lazy = new Set<string>();
  readonly assigns = new Set<string>();
  evaluates = false;
  runs = false;
  private readonly changes: Change[] = [];
  private readonly returned: Node[] = [];
  private readonly finder: RootFinder;
  private readonly context: UnitContext;

  constructor(context: UnitContext) {
    this.context = context;
    this.finder = new RootFinder(context);
  }

  /** A statement: whatever functions stand in it may run when the file is loaded. */
  statement(node: Node): void {
    // (Without a call, too: a member may have a getter.)
    this.runs = true;
    this.visit(node, true);
  }

  /** A declared value: functions and methods in it are kept, not run. */
  kept(node: Node): void {
    const inner = unwrap(node);
    if (isFunction(inner)) this.function(inner, false);
    else if (isClass(inner)) this.class(inner, true, false);
    else if (inner.type === 'ArrayExpression') for (const item of children(inner, 'elements')) this.kept(item);
    else if (inner.type === 'ObjectExpression') {
      for (const property of children(inner, 'properties')) {
        if (property.type !== 'Property') this.kept(property);
        else {
          if (property.computed === true) this.visit(child(property, 'key'), true);
          this.kept(child(property, 'value'));
        }
      }
    } else if (this.finder.isPackageCall(inner)) {
      this.visit(child(inner, 'callee'), true);
      for (const argument of children(inner, 'arguments')) this.kept(argument);
    } else this.visit(node, true);
  }

  /** The pattern that a declared value is taken apart by. */
  pattern(node: Node, value: Node | null): void {
    this.finder.assign(node, value);
    this.visitPattern(node, true);
  }

  /** An enum's initialisers name their values without being code. */
  names(node: Node): void {
    const visit = (part: Node): void => {
      const name = part.type === 'Identifier' ? text(part, 'name') : '';
      const { scopes, enums } = this.context;
      if (scopes.module.bindings.has(name) || enums.has(name)) this.read({ name, member: null }, true);
      for (const field in part) {
        const value = part[field];
        for (const item of Array.isArray(value) ? value : [value]) {
          if (typeof item === 'object' && item !== null && typeof (item as Node).type === 'string') visit(item as Node);
        }
      }
    };
    visit(node);
  }

  effects(load: boolean): Effects {
    const roots = new Map<string, Root>();
    let everything = false;
    for (const change of this.changes) {
      if (change.load !== load) continue;
      const found = this.finder.rootsOf(change.expression);
      for (const [key, root] of found.roots) roots.set(key, root);
      if (change.isReceiver) continue;
      everything ||= change.isCallArgument ? found.shared : found.global;
    }
    return { roots: [...roots.values()], everything };
  }

  /** What calls of the unit's functions may return. */
  returns(): Root[] {
    return this.returned.flatMap((node) => [...this.finder.rootsOf(node).roots.values()]);
  }

  /** What a declared value may hold. */
  valuesOf(node: Node): Root[] {
    if (isFunction(node)) return [];
    if (isClass(node)) return this.finder.fieldRoots();
    return [...this.finder.rootsOf(node).roots.values()];
  }

  private read(read: Read, load: boolean): void {
    const key = `${read.name} ${read.member ?? ''}`;
    this.reads.set(key, this.reads.get(key) ?? read);
    if (load) this.loadReads.set(key, read);
  }

  private visit(node: Node, load: boolean): void {
    switch (node.type) {
      case 'Literal':
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.function(node, load);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.class(node, load, load);
        return;
      case 'Identifier':
      case 'JSXIdentifier':
        if (moduleBinding(node, this.context)) this.read({ name: text(node, 'name'), member: null }, load);
        return;
      case 'MemberExpression': {
        const object = unwrap(child(node, 'object'));
        const binding = object.type === 'Identifier' ? moduleBinding(object, this.context) : null;
        if (binding?.imported?.name === '*') this.read({ name: binding.name, member: memberName(node) }, load);
        else this.visit(object, load);
        if (node.computed === true) this.visit(child(node, 'property'), load);
        return;
      }
      case 'VariableDeclarator':
        this.finder.assign(child(node, 'id'), maybeChild(node, 'init'));
        this.visitPattern(child(node, 'id'), load);
        if (maybeChild(node, 'init')) this.visit(child(node, 'init'), load);
        return;
      case 'AssignmentExpression':
        this.finder.assign(child(node, 'left'), child(node, 'right'));
        this.target(child(node, 'left'), load);
        break;
      case 'ForInStatement':
      case 'ForOfStatement': {
        const left = child(node, 'left');
        const declared = left.type === 'VariableDeclaration' ? children(left, 'declarations')[0] : undefined;
        this.finder.assign(declared ? child(declared, 'id') : left, child(node, 'right'));
        if (!declared) this.target(left, load);
        break;
      }
      case 'UpdateExpression': {
        // (A counter is a number before and after: numbers are compared by value.)
        const argument = unwrap(child(node, 'argument'));
        if (argument.type !== 'Identifier') this.change(argument, load);
        break;
      }
      case 'UnaryExpression':
        if (text(node, 'operator') === 'delete') this.change(child(node, 'argument'), load);
        break;
      case 'ReturnStatement':
        if (maybeChild(node, 'argument')) this.returned.push(child(node, 'argument'));
        break;
      case 'CallExpression':
      case 'ImportExpression': {
        const lazy = lazyTarget(node);
        if (lazy !== null) this.lazy.add(lazy);
        if (node.type === 'CallExpression') this.call(node, load);
        break;
      }
      case 'NewExpression':
      case 'TaggedTemplateExpression':
        this.call(node, load);
        break;
      case 'TSModuleBlock':
      case 'BlockStatement':
        this.enums(node); // no code for the generic walk
        break;
      case 'TSEnumDeclaration':
        this.names(node);
        return;
    }
    forEachChild(node, (part) => this.visit(part, load));
  }

  private enums(block: Node): void {
    for (const statement of children(block, 'body')) {
      const declaration = maybeChild(statement, 'declaration') ?? statement;
      if (declaration.type === 'TSEnumDeclaration') this.names(declaration);
    }
  }

  private visitPattern(node: Node, load: boolean): void {
    if (node.type === 'Identifier') return;
    if (node.type === 'AssignmentPattern') {
      this.finder.assign(child(node, 'left'), child(node, 'right'));
      this.visitPattern(child(node, 'left'), load);
      this.visit(child(node, 'right'), load);
    } else if (node.type === 'Property') {
      if (node.computed === true) this.visit(child(node, 'key'), load);
      this.visitPattern(child(node, 'value'), load);
    } else if (node.type === 'TSParameterProperty') {
      const parameter = child(node, 'parameter');
      if (parameter.type === 'AssignmentPattern')
        this.finder.assignField(child(parameter, 'left'), child(parameter, 'right'));
      this.visitPattern(parameter, load);
    } else if (node.type.endsWith('Pattern') || node.type === 'RestElement') {
      forEachChild(node, (part, field) => {
        if (field === 'decorators') this.visit(part, load);
        else this.visitPattern(part, load);
      });
    } else this.visit(node, load);
  }

  private function(node: Node, load: boolean): void {
    for (const parameter of children(node, 'params')) {
      for (const decorator of children(parameter, 'decorators')) this.visit(decorator, load);
      this.visitPattern(parameter, load);
    }
    const body = child(node, 'body');
    if (body.type !== 'BlockStatement') this.returned.push(body);
    this.visit(body, load);
  }

  /** @param inner whether its methods may run when the file is loaded */
  private class(node: Node, load: boolean, inner: boolean): void {
    for (const decorator of children(node, 'decorators')) this.decorator(decorator, load);
    const base = maybeChild(node, 'superClass');
    if (base) {
      this.finder.inherit(base);
      this.visit(base, load);
    }
    for (const member of children(child(node, 'body'), 'body')) {
      for (const decorator of children(member, 'decorators')) this.decorator(decorator, load);
      if (member.type === 'MethodDefinition') {
        if (isTypeOnly(member)) continue;
        if (member.computed === true) this.visit(child(member, 'key'), load);
        const method = child(member, 'value');
        for (const parameter of children(method, 'params')) {
          for (const decorator of children(parameter, 'decorators')) this.decorator(decorator, load);
          this.visitPattern(parameter, inner);
        }
        this.visit(child(method, 'body'), inner);
      } else if (member.type === 'StaticBlock') {
        forEachChild(member, (part) => this.visit(part, load));
      } else if (/Property$|^PropertyDefinition$/.test(member.type) && !isTypeOnly(member)) {
        if (member.computed === true) this.visit(child(member, 'key'), load);
        const value = maybeChild(member, 'value');
        this.finder.assignField(child(member, 'key'), value);
        if (value && member.static === true && load) this.kept(value);
        else if (value) this.visit(value, inner);
      }
    }
  }

  /** A decorator is called with what it stands at. */
  private decorator(node: Node, load: boolean): void {
    if (!this.finder.isPackageCall(unwrap(child(node, 'expression'))) && load) this.runs = true;
    this.visit(child(node, 'expression'), load);
  }

  private call(node: Node, load: boolean): void {
    const callee = unwrap(child(node, node.type === 'TaggedTemplateExpression' ? 'tag' : 'callee'));
    const { scopes } = this.context;
    if (callee.type === 'Identifier' && !scopes.bindingOf(callee)) {
      const name = text(callee, 'name');
      if (name === 'eval' || name === 'Function') this.evaluates = true;
    }
    if (isHarmlessCall(node, scopes)) return;
    if (load) this.runs = true;
    if (this.finder.isPackageCall(node)) return;
    if (callee.type === 'MemberExpression') {
      this.changes.push({ expression: child(callee, 'object'), isCallArgument: false, isReceiver: true, load });
      // `a.f = …; a.b()` may do anything to what `a` holds, and so may a computed method: the receiver stands for both.
    }
    const given =
      node.type === 'TaggedTemplateExpression'
        ? children(child(node, 'quasi'), 'expressions')
        : children(node, 'arguments');
    for (const expression of given) this.changes.push({ expression, isCallArgument: true, isReceiver: false, load });
  }

  private change(expression: Node, load: boolean): void {
    this.changes.push({ expression, isCallArgument: false, isReceiver: false, load });
  }

  /** What an assignment changes: a name itself, or the object that a member belongs to. */
  private target(written: Node, load: boolean): void {
    const node = unwrap(written);
    if (node.type === 'Identifier') {
      const binding = moduleBinding(node, this.context);
      if (binding) {
        this.assigns.add(binding.name);
        this.change(node, load);
      } else if (!this.context.scopes.bindingOf(node)) this.change(node, load);
    } else if (node.type === 'MemberExpression') this.change(child(node, 'object'), load);
    else if (node.type === 'AssignmentPattern') this.target(child(node, 'left'), load);
    else if (node.type === 'Property') this.target(child(node, 'value'), load);
    else if (node.type.endsWith('Pattern') || node.type === 'RestElement') {
      forEachChild(node, (part) => this.target(part, load));
    }
  }
}
