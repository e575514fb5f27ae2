/** @file `inputMatchers` as they are written: the Dims in them, and what stands under a name or an axis. */

import { ts } from 'ts-morph';
import { isPackageFile, type Types, unwrap } from './types.ts';

/** A Dim, as far as it is written in literals. */
export interface DimSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly multipleOf: number;
  /** Whether all of its options are literals, so that the range is known. */
  readonly known: boolean;
  readonly node: ts.Node;
}

/** The initialiser behind names of constants; the expression itself otherwise. */
export function constantBehind(expression: ts.Expression, types: Types): ts.Expression {
  let inner = unwrap(expression);
  for (let i = 0; i < 8 && ts.isIdentifier(inner); i++) {
    const declaration = types.symbolOf(inner)?.valueDeclaration;
    if (!declaration || !ts.isVariableDeclaration(declaration) || !declaration.initializer) return inner;
    if (!(ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const)) return inner;
    inner = unwrap(declaration.initializer);
  }
  return inner;
}

/** The number that an expression is, when it is written as one. */
export function numberOf(expression: ts.Expression, types: Types): number | null {
  const inner = constantBehind(expression, types);
  if (ts.isNumericLiteral(inner)) return Number(inner.text);
  if (ts.isPrefixUnaryExpression(inner) && inner.operator === ts.SyntaxKind.MinusToken) {
    const value = numberOf(inner.operand, types);
    return value === null ? null : -value;
  }
  if (ts.isIdentifier(inner) && inner.text === 'Infinity') return Infinity;
  return null;
}

/** Whether a function is the package's, by the name that it is exported under. */
export function isPackageFunction(callee: ts.Expression, name: string, types: Types): boolean {
  const inner = unwrap(callee);
  const written = ts.isPropertyAccessExpression(inner) ? inner.name : inner;
  if (!ts.isIdentifier(written)) return false;
  const symbol = types.symbolOf(written);
  if (symbol?.name === name && symbol.declarations?.some((each) => isPackageFile(each.getSourceFile().fileName))) {
    return true;
  }
  return importedFromPackage(written, types) === name;
}

/** The name that an identifier is imported under from the package, by its import statement alone. */
function importedFromPackage(identifier: ts.Identifier, types: Types): string | null {
  const declaration = types.checker.getSymbolAtLocation(identifier)?.declarations?.[0];
  if (!declaration || !ts.isImportSpecifier(declaration)) return null;
  const { moduleSpecifier } = declaration.parent.parent.parent as ts.ImportDeclaration;
  if (!ts.isStringLiteral(moduleSpecifier) || moduleSpecifier.text !== 'torchnative') return null;
  return (declaration.propertyName ?? declaration.name).text;
}

/** The Dim that a matcher is, or null. */
export function dimOfMatcher(matcher: ts.Expression | null, types: Types): DimSpec | null {
  if (!matcher) return null;
  const call = constantBehind(matcher, types);
  if (!ts.isCallExpression(call) || !isPackageFunction(call.expression, 'Dim', types)) return null;
  const [name, options] = call.arguments;
  if (!name || !ts.isStringLiteralLike(name)) return null;
  const written = options ? constantBehind(options, types) : null;
  const range = { min: 1, max: Infinity, multipleOf: 1 };
  let known = written === null || ts.isObjectLiteralExpression(written);
  if (written && ts.isObjectLiteralExpression(written)) {
    for (const property of written.properties) {
      const value = ts.isPropertyAssignment(property) ? numberOf(property.initializer, types) : null;
      const key = property.name && ts.isIdentifier(property.name) ? property.name.text : '';
      if (value === null || !(key in range)) known = false;
      else range[key as keyof typeof range] = value;
    }
  }
  return { name: name.text, ...range, known, node: call };
}

/** What a matcher says of a field, an index or an axis; `*` speaks for those that are not named. */
export function innerMatcher(matcher: ts.Expression | null, key: string, types: Types): ts.Expression | null {
  if (!matcher) return null;
  const map = constantBehind(matcher, types);
  if (ts.isArrayLiteralExpression(map)) return map.elements[Number(key)] ?? null;
  if (!ts.isObjectLiteralExpression(map)) return null;
  return entryOf(map, key) ?? entryOf(map, '*');
}

/** The value of a field of an object literal. */
export function entryOf(map: ts.ObjectLiteralExpression, name: string): ts.Expression | null {
  for (const property of map.properties) {
    if (ts.isPropertyAssignment(property) && keyText(property.name) === name) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property) && property.name.text === name) return property.name;
  }
  return null;
}

/** The text of a key of an object literal; null for a computed one. */
export function keyText(name: ts.PropertyName): string | null {
  if (ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name)) return name.text;
  if (!ts.isComputedPropertyName(name)) return null;
  const inner = unwrap(name.expression);
  if (ts.isStringLiteralLike(inner) || ts.isNumericLiteral(inner)) return inner.text;
  const negative = ts.isPrefixUnaryExpression(inner) && inner.operator === ts.SyntaxKind.MinusToken;
  return negative && ts.isNumericLiteral(inner.operand) ? `-${inner.operand.text}` : null;
}
