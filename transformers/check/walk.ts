/** @file The code that a capture of a part runs: its own function, and the project's functions and methods that it calls. */

import { ts } from 'ts-morph';
import type { Rule } from './finding.ts';
import { isIgnored } from './ignored.ts';
import { type Body, functionBehind, hasBody, matcherOf, type Part, parametersOf } from './parts.ts';
import { isProjectFile, type Types, unwrap } from './types.ts';
import { type Argument, type Frame, Values } from './values.ts';

/** Calls of one part that are followed: enough for any model, and an end for recursion that changes its arguments. */
const mostFrames = 2000;

export interface Visit {
  readonly node: ts.Node;
  readonly values: Values;
}

/** Calls back for each node that a capture of the part may run, and for what is known there. */
export function walkPart(part: Part & { readonly fn: Body }, types: Types, visit: (at: Visit) => void): void {
  const pending: Frame[] = [{ fn: part.fn, args: argumentsOf(part, types), self: selfOf(part) }];
  const seen = new Set<string>();
  for (let frame = pending.pop(); frame !== undefined; frame = pending.pop()) {
    const key = keyOf(frame);
    if (seen.has(key) || seen.size >= mostFrames) continue;
    seen.add(key);
    const values = new Values(types, frame);
    const go = (node: ts.Node): void => {
      // An error ends the capture anyway: what its text is made of does not matter.
      if (ts.isThrowStatement(node) || ts.isTypeNode(node) || isIgnored(node)) return;
      visit({ node, values });
      const next = followed(node, values, types);
      if (next) pending.push(next);
      ts.forEachChild(node, go);
    };
    for (const parameter of frame.fn.parameters) if (parameter.initializer) go(parameter.initializer);
    go(frame.fn.body);
  }
}

/** Rules that look at code, applied along the walk. */
export function codeRules(rules: readonly Rule[]): (Rule & { readonly code: NonNullable<Rule['code']> })[] {
  return rules.flatMap((rule) => (rule.code ? [{ ...rule, code: rule.code }] : []));
}

function argumentsOf(part: Part & { readonly fn: Body }, types: Types): Argument[] {
  return parametersOf(part.fn).map((parameter) => ({
    isTensor: false,
    dim: null,
    matcher: matcherOf(part, parameter, types),
    origin: 'argument',
  }));
}

/** A method's `this` is the caller's object, an arrow function's whatever stands around it. */
function selfOf({ fn, decorated }: Part): Frame['self'] {
  return decorated || (fn && !ts.isArrowFunction(fn)) ? 'this' : 'outside';
}

/** The function of the project that a node calls, with what is known of its arguments. */
function followed(node: ts.Node, values: Values, types: Types): Frame | null {
  if (ts.isPropertyAccessExpression(node)) return getterBehind(node, values, types);
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return null;
  const fn = bodyOf(node, types);
  if (!fn || !isProjectFile(fn.getSourceFile()) || values.isInside(fn) || isIgnored(fn)) return null;
  const given = node.arguments ?? [];
  const spread = given.findIndex(ts.isSpreadElement);
  const known = spread < 0 ? given : given.slice(0, spread);
  return { fn, args: known.map((each) => values.describe(each)), self: selfOfCall(node, fn, values) };
}

function getterBehind(node: ts.PropertyAccessExpression, values: Values, types: Types): Frame | null {
  const getter = types.symbolOf(node.name)?.declarations?.find(ts.isGetAccessorDeclaration);
  if (!getter || !hasBody(getter) || !isProjectFile(getter.getSourceFile())) return null;
  return { fn: getter, args: [], self: values.originOf(node.expression) };
}

function bodyOf(node: ts.CallExpression | ts.NewExpression, types: Types): Body | null {
  const declaration = types.checker.getResolvedSignature(node)?.declaration;
  if (declaration && hasBody(declaration)) return declaration;
  if (ts.isNewExpression(node)) return null;
  const callee = unwrap(node.expression);
  return ts.isIdentifier(callee) || ts.isPropertyAccessExpression(callee) ? functionBehind(callee, types) : null;
}

function selfOfCall(node: ts.CallExpression | ts.NewExpression, fn: Body, values: Values): Frame['self'] {
  if (ts.isNewExpression(node)) return 'inside';
  const callee = unwrap(node.expression);
  if (callee.kind === ts.SyntaxKind.SuperKeyword) return values.frame.self;
  if (ts.isPropertyAccessExpression(callee)) return values.originOf(callee.expression);
  // A plain call of an arrow function that stands outside: its `this` is not this one.
  return ts.isArrowFunction(fn) ? 'outside' : 'unknown';
}

function keyOf({ fn, args, self }: Frame): string {
  const facts = args.map(({ isTensor, dim, matcher, origin }) => [
    isTensor,
    origin,
    dim ? [dim.spec.node.pos, dim.isBare] : null,
    matcher ? [matcher.getSourceFile().fileName, matcher.pos] : null,
  ]);
  return JSON.stringify([fn.getSourceFile().fileName, fn.pos, self, facts]);
}
