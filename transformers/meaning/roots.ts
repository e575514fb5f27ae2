/** @file Where a value may come from: the module-level names behind an expression, through the variables of functions. */

import { child, children, forEachChild, isClass, isFunction, type Node, text, unwrap } from '../ast.ts';
import type { Scopes } from '../scope.ts';
import { globalCallee } from '../staticValues.ts';
import { type Root, rootKey } from './facts.ts';
import { lazyTarget, memberName, moduleBinding, type UnitContext } from './references.ts';

/** Functions of JavaScript that change nothing they are given. */
const harmless =
  /^(?:console|Math|JSON|performance)\.|^(?:Number|String|Boolean|BigInt|Symbol|parseInt|parseFloat)(?:\.|$)|^Object\.(?:keys|values|entries|is|hasOwn)$|^Array\.isArray$/;

/** Whether a call is one of a function that is known to change nothing. */
export function isHarmlessCall(node: Node, scopes: Scopes): boolean {
  if (node.type !== 'CallExpression') return false;
  return harmless.test(globalCallee(node, scopes) ?? '');
}

/** Expressions whose value is a primitive (or fresh) whatever they are made of. */
const fresh = /^(?:Binary|Unary|Update)Expression$|Literal$|^(?:This|Meta)|^Super$|^Template|^JSX|^PrivateIdentifier$/;

const shared = new Set(['globalThis', 'window', 'self', 'global']);

export interface Found {
  readonly roots: Map<string, Root>;
  /** It may be what everybody sees: any global but those whose fields mean nothing to a part. */
  global: boolean;
  /** The global object itself, or the prototype of something global. */
  shared: boolean;
}

export class RootFinder {
  private readonly context: UnitContext;
  /** What the variables of a unit's functions are given, by name. */
  private readonly sources = new Map<string, Node[]>();
  private readonly bases: Node[] = [];

  constructor(context: UnitContext) {
    this.context = context;
  }

  /** Notes that the names of a pattern get a value, or parts of it. */
  assign(pattern: Node, value: Node | null): void {
    if (!value) return;
    const node = unwrap(pattern);
    if (node.type === 'Identifier') this.addSource(text(node, 'name'), value);
    else if (node.type === 'MemberExpression') {
      if (unwrap(child(node, 'object')).type === 'ThisExpression') this.assignField(child(node, 'property'), value);
    } else if (node.type === 'Property') this.assign(child(node, 'value'), value);
    else if (node.type === 'AssignmentPattern') this.assign(child(node, 'left'), value);
    else if (node.type.endsWith('Pattern') || node.type === 'RestElement') {
      forEachChild(node, (part) => this.assign(part, value));
    }
  }

  /** Notes what a field of a class's instances is given. */
  assignField(key: Node, value: Node | null): void {
    if (value) this.addSource(fieldName(key), value);
  }

  /** Notes a class that instances get other fields from. */
  inherit(base: Node): void {
    if (!this.isPackageCall({ ...base, type: 'CallExpression', callee: base })) this.bases.push(base);
  }

  /** What fields of instances may hold. */
  fieldRoots(): Root[] {
    const given = [...this.sources].flatMap(([name, values]) => (name.startsWith('this.') ? values : []));
    return [...given, ...this.bases].flatMap((value) => [...this.rootsOf(value).roots.values()]);
  }

  private addSource(name: string, value: Node): void {
    const known = this.sources.get(name);
    if (known) known.push(value);
    else this.sources.set(name, [value]);
  }

  /** Whether a call is one of a function of the package: they change nothing but tensors. */
  isPackageCall(node: Node): boolean {
    if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return false;
    let callee = unwrap(child(node, 'callee'));
    while (callee.type === 'MemberExpression') callee = unwrap(child(callee, 'object'));
    if (callee.type !== 'Identifier') return false;
    const imported = moduleBinding(callee, this.context)?.imported;
    return imported !== undefined && imported !== null && this.context.isPackage(imported.source);
  }

  rootsOf(expression: Node): Found {
    const found: Found = { roots: new Map(), global: false, shared: false };
    this.follow(expression, found, new Set());
    return found;
  }

  private follow(expression: Node, found: Found, seen: Set<Node>): void {
    const node = unwrap(expression);
    if (seen.has(node)) return;
    seen.add(node);
    const add = (root: Root): unknown => found.roots.set(rootKey(root), root);
    if (node.type === 'Identifier') {
      this.identifier(node, found, seen);
      return;
    }
    if (node.type === 'MemberExpression') {
      this.member(node, found, seen);
      return;
    }
    const lazy = lazyTarget(node);
    if (lazy !== null) {
      add({ kind: 'file', specifier: lazy });
      return;
    }
    if (node.type === 'CallExpression') {
      if (this.isPackageCall(node) || isHarmlessCall(node, this.context.scopes)) return;
      this.callee(unwrap(child(node, 'callee')), found, seen);
      for (const argument of children(node, 'arguments')) this.follow(argument, found, seen);
      return;
    }
    if (node.type === 'NewExpression') {
      if (this.isPackageCall(node)) return;
      for (const argument of children(node, 'arguments')) this.follow(argument, found, seen);
      return;
    }
    if (isFunction(node) || isClass(node)) {
      this.code(node, found);
      return;
    }
    if (node.type === 'Property') {
      this.follow(child(node, 'value'), found, seen);
      return;
    }
    if (node.type === 'TaggedTemplateExpression') {
      this.callee(unwrap(child(node, 'tag')), found, seen);
      for (const value of children(child(node, 'quasi'), 'expressions')) this.follow(value, found, seen);
      return;
    }
    if (fresh.test(node.type)) return;
    forEachChild(node, (part) => this.follow(part, found, seen));
  }

  private identifier(node: Node, found: Found, seen: Set<Node>): void {
    const name = text(node, 'name');
    const { scopes } = this.context;
    if (moduleBinding(node, this.context)) {
      const root: Root = { kind: 'value', name, member: null };
      found.roots.set(rootKey(root), root);
      return;
    }
    if (scopes.bindingOf(node) === null) {
      if (name !== 'process' && name !== 'console' && name !== 'undefined') found.global = true;
      if (shared.has(name)) found.shared = true;
      return;
    }
    for (const source of this.sources.get(name) ?? []) this.follow(source, found, seen);
  }

  private member(node: Node, found: Found, seen: Set<Node>): void {
    const object = unwrap(child(node, 'object'));
    const binding = object.type === 'Identifier' ? moduleBinding(object, this.context) : null;
    if (binding?.imported?.name === '*') {
      const root: Root = { kind: 'value', name: binding.name, member: memberName(node) };
      found.roots.set(rootKey(root), root);
      return;
    }
    if (object.type === 'ThisExpression') {
      const given = this.sources.get(fieldName(child(node, 'property')));
      for (const source of given ?? this.bases) this.follow(source, found, seen);
      return;
    }
    this.follow(object, found, seen);
    if (found.global && memberName(node) === 'prototype') found.shared = true;
  }

  /** What a call may return besides its arguments: something of the receiver, or what the function returns. */
  private callee(callee: Node, found: Found, seen: Set<Node>): void {
    const add = (root: Root): unknown => found.roots.set(rootKey(root), root);
    if (callee.type === 'Identifier') {
      const binding = moduleBinding(callee, this.context);
      if (binding) add({ kind: 'result', name: binding.name, member: null });
      else if (this.context.scopes.bindingOf(callee)) this.identifier(callee, found, seen);
      return;
    }
    if (callee.type !== 'MemberExpression') {
      this.follow(callee, found, seen);
      return;
    }
    const object = unwrap(child(callee, 'object'));
    const binding = object.type === 'Identifier' ? moduleBinding(object, this.context) : null;
    if (binding?.imported?.name === '*') {
      add({ kind: 'result', name: binding.name, member: memberName(callee) });
      return;
    }
    // What a global function gives (`Object.assign(a, b)`) is one of its arguments or new.
    if (object.type === 'Identifier' && this.context.scopes.bindingOf(object) === null) return;
    this.follow(object, found, seen);
  }

  /** A function handed on may give away whatever it uses. */
  private code(node: Node, found: Found): void {
    const visit = (part: Node): void => {
      if (part.type === 'Identifier' && moduleBinding(part, this.context)) {
        const root: Root = { kind: 'value', name: text(part, 'name'), member: null };
        found.roots.set(rootKey(root), root);
      }
      forEachChild(part, visit);
    };
    visit(node);
  }
}

/** What fields are noted as among the variables: no variable has such a name. */
function fieldName(key: Node): string {
  return `this.${text(key, 'name') || text(key, 'value')}`;
}
