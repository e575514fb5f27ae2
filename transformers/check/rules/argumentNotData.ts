/** @file Arguments and fields of `this` that are no data: functions, maps, typed arrays. */

import { ts } from 'ts-morph';
import type { Look, Rule } from '../finding.ts';
import { isProjectFile } from '../types.ts';

const noData = new Set([
  ...['Map', 'Set', 'WeakMap', 'WeakSet', 'Promise', 'DataView', 'Buffer'],
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
]);

/** How deep fields of fields are looked at. */
const deepest = 3;

export const argumentNotData: Rule = {
  name: 'argument-not-data',
  summary:
    'An argument, or a field in reach of `this`, is a function or holds what cannot be compared from call to call.',
  remedy: 'pass tensors, arrays, records, class instances, numbers and strings',
  part(look) {
    const { fn, decorated } = look.part;
    if (!fn) return;
    for (const parameter of fn.parameters) {
      const name = parameter.name.getText();
      const type = look.types.at(parameter);
      const isOptional = parameter.questionToken !== undefined || parameter.initializer !== undefined;
      const found = isOptional ? null : (problemOf(type, look) ?? fieldProblem(type, look));
      if (found) look.report(parameter.name, `\`${name}${found.path}\` is ${found.what}`, found.remedy);
    }
    if (!decorated || !ts.isClassLike(decorated.parent) || isStatic(decorated)) return;
    const self = fieldProblem(look.types.at(decorated.parent), look);
    if (self?.field) look.report(self.field, `\`this${self.path}\` is ${self.what}`, self.remedy);
  },
};

interface Problem {
  readonly path: string;
  readonly what: string;
  readonly remedy: string;
  readonly field?: ts.Node;
}

function isStatic(member: ts.Node): boolean {
  return (ts.getCombinedModifierFlags(member as ts.Declaration) & ts.ModifierFlags.Static) !== 0;
}

function problemOf(type: ts.Type, { types }: Look): Problem | null {
  if (types.isNullable(type) || types.isTensor(type)) return null;
  if (types.isFunction(type)) return { path: '', what: 'a function', remedy: 'pass data, or make it a method' };
  const name = types.globalClass(type);
  if (name === null || !noData.has(name)) return null;
  return { path: '', what: `a ${name}`, remedy: 'pass tensors, arrays, records or class instances' };
}

/** The first field, in any depth, that is no data. */
function fieldProblem(type: ts.Type, look: Look, depth = 0, seen: Set<ts.Type> = new Set()): Problem | null {
  const { types } = look;
  if (depth >= deepest || seen.has(type) || type.isUnion() || types.isTensor(type)) return null;
  if (!(type.flags & ts.TypeFlags.Object) || types.globalClass(type) !== null) return null;
  seen.add(type);
  for (const field of types.fieldsOf(type)) {
    const declaration = field.valueDeclaration;
    if (!declaration || !isProjectFile(declaration.getSourceFile())) continue;
    if (field.flags & ts.SymbolFlags.Optional) continue;
    const inner = types.checker.getTypeOfSymbolAtLocation(field, declaration);
    const found = problemOf(inner, look) ?? fieldProblem(inner, look, depth + 1, seen);
    if (found) return { ...found, path: `.${field.name}${found.path}`, field: found.field ?? declaration };
  }
  return null;
}
