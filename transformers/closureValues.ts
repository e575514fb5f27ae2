/** @file The values that a function or a file takes from around it, handed over as a thunk that never throws. */

import { child, forEachChild, isClass, isFunction, type Node, text, unwrap } from './ast.ts';
import { type Binding, lookUp, type Scope, type Scopes } from './scope.ts';

/** Which imports and calls are the package's own. */
export interface PackageNames {
  /** Whether an import specifier means the package. */
  isPackage(specifier: string): boolean;
  /** Whether an import specifier means a file of the project. */
  isProject(specifier: string): boolean;
}

/** Whether a call is one of the package's `compileCache`, under whatever local name. */
export function isCompileCacheCall(node: Node, scopes: Scopes, names: PackageNames): boolean {
  if (node.type !== 'CallExpression') return false;
  const callee = unwrap(child(node, 'callee'));
  if (callee.type === 'Identifier') {
    const imported = scopes.bindingOf(callee)?.imported;
    return imported?.name === 'compileCache' && names.isPackage(imported.source);
  }
  if (callee.type !== 'MemberExpression' || callee.computed === true) return false;
  const object = child(callee, 'object');
  if (object.type !== 'Identifier' || text(child(callee, 'property'), 'name') !== 'compileCache') return false;
  const imported = scopes.bindingOf(object)?.imported;
  return imported?.name === '*' && names.isPackage(imported.source);
}

/** Whether a binding can hold anything but code: code is in the source key already. */
function holdsValue(binding: Binding, scopes: Scopes, names: PackageNames): boolean {
  switch (binding.kind) {
    case 'function':
    case 'class':
    case 'compileTime':
      return false;
    case 'import': {
      const imported = binding.imported;
      if (!imported || imported.typeOnly || !names.isProject(imported.source)) return false;
      // A name that is never used as a value may be a type, which is gone at run time.
      return binding.references.length > 0;
    }
    default: {
      if (!binding.value || (binding.kind !== 'const' && binding.writes.length > 0)) return true;
      const value = unwrap(binding.value);
      return !isFunction(value) && !isClass(value) && !isCompileCacheCall(value, scopes, names);
    }
  }
}

/** Whether code that runs later, in a function or a class, uses a binding: what only top-level statements use cannot matter to it. */
function isUsedInside(binding: Binding): boolean {
  return binding.references.some((reference) => {
    let scope: Scope | null = reference.scope;
    while (scope && scope.kind === 'block') scope = scope.parent;
    return scope?.kind === 'function';
  });
}

/** The module-level variables and imported values that functions and classes of a file use, by name. */
export function moduleValues(scopes: Scopes, names: PackageNames): string[] {
  return [...scopes.module.bindings.values()]
    .filter((binding) => isUsedInside(binding) && holdsValue(binding, scopes, names))
    .map((binding) => binding.name);
}

function within(node: Node, outer: Node): boolean {
  return node.start >= outer.start && node.end <= outer.end;
}

/** The code behind a binding, when it is a function or class of this file that is never replaced. */
function codeOf(binding: Binding): Node | null {
  if (!binding.value || binding.writes.length > 0) return null;
  const value = unwrap(binding.value);
  return isFunction(value) || isClass(value) ? value : null;
}

/** Whether `this` inside a function means what it means outside: arrow functions, all the way. */
function usesOuterThis(fn: Node): boolean {
  if (fn.type !== 'ArrowFunctionExpression') return false;
  let found = false;
  const visit = (node: Node): void => {
    if (node.type === 'ThisExpression') found = true;
    if ((isFunction(node) && node.type !== 'ArrowFunctionExpression') || isClass(node)) return;
    forEachChild(node, visit);
  };
  visit(fn);
  return found;
}

/**
 * The names that a function takes from around it and that hold values, as seen from `from`: free identifiers of its
 * body and, through them, of the functions and classes of this file that it calls.
 */
export function closureNames(fn: Node, from: Scope, scopes: Scopes, names: PackageNames): string[] {
  const found = new Set<string>();
  const seen = new Set<Binding>();
  const pending: Node[] = [fn];
  if (usesOuterThis(fn)) found.add('this');
  for (let code = pending.pop(); code !== undefined; code = pending.pop()) {
    for (const reference of scopes.references) {
      if (!within(reference.node, code)) continue;
      const binding = lookUp(reference.scope, reference.name);
      if (!binding || seen.has(binding)) continue;
      // Declared inside the function, or inside the helper that is looked at: not taken from around it.
      const { kind, node } = binding.scope;
      if (kind !== 'module' && (within(node, fn) || within(node, code))) continue;
      seen.add(binding);
      const inner = codeOf(binding);
      if (inner) pending.push(inner);
      // A name that means something else at the place of the call cannot be read there.
      if (holdsValue(binding, scopes, names) && lookUp(from, binding.name) === binding) found.add(binding.name);
    }
  }
  return [...found];
}

/**
 * The text of a thunk that gives the values of `names` as a plain object. A name that cannot be read (yet) is left
 * out: variables before their declaration, `this` before `super()`.
 */
export function valuesThunk(names: readonly string[]): string {
  if (names.length === 0) return '() => ({})';
  const all = names.map((name) => (name === 'this' ? 'this: this' : name)).join(', ');
  const each = names.map((name) => `try { __tnValues[${JSON.stringify(name)}] = ${name}; } catch {}`).join(' ');
  return `() => { try { return { ${all} }; } catch { const __tnValues = {}; ${each} return __tnValues; } }`;
}
