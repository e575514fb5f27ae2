/** @file The parts of a file: its `compileCache` calls, and the function that each is about. */

import { ts } from 'ts-morph';
import { constantBehind, entryOf, isPackageFunction, keyText } from './dims.ts';
import { isPackageFile, type Types, unwrap } from './types.ts';

export interface Part {
  readonly call: ts.CallExpression;
  /** Null when it is not written as a literal. */
  readonly name: string | null;
  /** What is captured; null when it cannot be seen. */
  readonly fn: Body | null;
  /** The function as the wrapper is given it. */
  readonly written: ts.Expression | null;
  /** What the decorator stands on. */
  readonly decorated: ts.Node | null;
  readonly matchers: ts.Expression | null;
  /** Whether the transformer sees that this is a `compileCache`: it looks at imports alone. */
  readonly isPlain: boolean;
}

/** A function with a body. */
export type Body = ts.FunctionLikeDeclaration & { readonly body: ts.ConciseBody };

export function hasBody(node: ts.Node | undefined): node is Body {
  return node !== undefined && ts.isFunctionLike(node) && (node as Partial<Body>).body !== undefined;
}

/** Every `compileCache(...)` of a file, in its order. */
export function partsOf(file: ts.SourceFile, types: Types): Part[] {
  const parts: Part[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && mayBePart(node) && isCompileCache(node.expression, types)) {
      parts.push(describe(node, types));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return parts;
}

/** Asked of every call, before any type is: a part begins with its name. */
function mayBePart({ arguments: [first] }: ts.CallExpression): boolean {
  if (!first) return false;
  return ts.isStringLiteralLike(first) || ts.isSpreadElement(first) || ts.isIdentifier(first);
}

/** Whether a callee is `compileCache`, under whatever name it has come there. */
function isCompileCache(callee: ts.Expression, types: Types): boolean {
  if (isPackageFunction(callee, 'compileCache', types)) return true;
  const { symbol } = types.at(callee);
  const [declared] = symbol?.declarations ?? [];
  return symbol?.name === 'CompileCache' && declared !== undefined && isPackageFile(declared.getSourceFile().fileName);
}

/** Whether a callee is imported from the package by the statement of its own file. */
function isImported(callee: ts.Expression, types: Types): boolean {
  const inner = unwrap(callee);
  const name = ts.isPropertyAccessExpression(inner) ? inner.expression : inner;
  if (!ts.isIdentifier(name)) return false;
  const [declaration] = types.checker.getSymbolAtLocation(name)?.declarations ?? [];
  if (!declaration) return false;
  const statement = ts.findAncestor(declaration, ts.isImportDeclaration);
  if (!statement || !ts.isStringLiteral(statement.moduleSpecifier)) return false;
  const target = types.checker.getSymbolAtLocation(statement.moduleSpecifier)?.declarations?.[0];
  const isNamed = statement.moduleSpecifier.text.split('/')[0] === 'torchnative';
  return isNamed || (target !== undefined && isPackageFile(target.getSourceFile().fileName));
}

function describe(call: ts.CallExpression, types: Types): Part {
  const [first, second, third] = call.arguments;
  const decorator = decoratorOf(call);
  const options = second && ts.isObjectLiteralExpression(constantBehind(second, types)) ? second : null;
  const written = decorator ? null : (third ?? (options ? null : (second ?? null)));
  const decorated = decorator?.parent ?? null;
  return {
    call,
    name: first && ts.isStringLiteralLike(first) ? first.text : null,
    fn: decorated ? (hasBody(decorated) ? decorated : null) : written && functionBehind(written, types),
    written,
    decorated,
    matchers: options && matchersIn(options, types),
    isPlain: isImported(call.expression, types),
  };
}

function decoratorOf(call: ts.CallExpression): ts.Decorator | null {
  let node: ts.Node = call;
  while (ts.isParenthesizedExpression(node.parent)) node = node.parent;
  return ts.isDecorator(node.parent) ? node.parent : null;
}

function matchersIn(options: ts.Expression, types: Types): ts.Expression | null {
  const literal = constantBehind(options, types);
  if (!ts.isObjectLiteralExpression(literal)) return null;
  for (const property of literal.properties) {
    if (property.name && keyText(property.name) !== 'inputMatchers') continue;
    if (ts.isPropertyAssignment(property)) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property)) return property.name;
  }
  return null;
}

/** The function that an expression is: written there, or a name that always means one. */
export function functionBehind(expression: ts.Expression, types: Types): Body | null {
  const inner = constantBehind(expression, types);
  if (hasBody(inner)) return inner;
  if (ts.isCallExpression(inner) && mayBePart(inner) && isCompileCache(inner.expression, types)) {
    return describe(inner, types).fn;
  }
  if (!ts.isIdentifier(inner) && !ts.isPropertyAccessExpression(inner)) return null;
  const symbol = types.symbolOf(ts.isIdentifier(inner) ? inner : inner.name);
  const declaration = symbol?.declarations?.find(hasBody);
  return declaration ?? null;
}

/** The parameters that arguments are given to. */
export function parametersOf(fn: Body): ts.ParameterDeclaration[] {
  return fn.parameters.filter(({ name }) => !(ts.isIdentifier(name) && name.text === 'this'));
}

/** Whether a function takes one object that it destructures: `inputMatchers` speak of its fields then. */
export function takesFields(fn: Body): boolean {
  const [only, ...more] = parametersOf(fn);
  return only !== undefined && more.length === 0 && !ts.isIdentifier(only.name) && !only.dotDotDotToken;
}

/** What `inputMatchers` says of a parameter; nothing is told of what a rest parameter takes. */
export function matcherOf(
  { fn, matchers }: Part,
  parameter: ts.ParameterDeclaration,
  types: Types,
): ts.Expression | null {
  if (!fn || !matchers || parameter.dotDotDotToken) return null;
  const written = constantBehind(matchers, types);
  if (ts.isArrayLiteralExpression(written)) return written.elements[parametersOf(fn).indexOf(parameter)] ?? null;
  if (!ts.isObjectLiteralExpression(written)) return null;
  if (takesFields(fn)) return written;
  return ts.isIdentifier(parameter.name) ? entryOf(written, parameter.name.text) : null;
}
