/**
 * @file Where a program's script gets a line break, so that a line number of its engine says which expression it was. The
 * engine notes for each operation the line of the last token that was read, and no columns.
 */

import { child, children, forEachChild, maybeChild, type Node, unwrap } from '../../../transformers/ast.ts';

/** A line of the script. */
export interface LineBreak {
  /** Offset of its first character. */
  readonly at: number;
  /** Offset of what the line stands for. */
  readonly of: number;
}

/** Names that mean something else in front of a line break, or after one. */
const contextual = new Set(['async', 'get', 'let', 'of', 'set', 'static', 'yield']);

/** The breaks of a statement, in order: names, properties, calls and `new` get a line each. */
export function lineBreaks(code: string, statement: Node): LineBreak[] {
  const found = new Map<number, number>();
  const add = (at: number, of: number): void => {
    const place = movable(code, at);
    if (!found.has(place)) found.set(place, of);
  };
  // By hand: a sum of thousands of terms is thousands of nodes deep.
  const open: Node[] = [statement];
  for (let node = open.pop(); node; node = open.pop()) {
    addOwn(code, node, add);
    open.push(...evaluated(node));
  }
  return [...found].map(([at, of]) => ({ at, of })).sort((a, b) => a.at - b.at);
}

function addOwn(code: string, node: Node, add: (at: number, of: number) => void): void {
  switch (node.type) {
    case 'Identifier':
      if (!contextual.has(code.slice(node.start, node.end))) add(node.start, node.start);
      break;
    case 'NewExpression':
      add(node.start, node.start);
      add(lastToken(code, node), node.start);
      break;
    case 'CallExpression':
      add(node.end - 1, placeOfCallee(child(node, 'callee')));
      break;
    case 'MemberExpression':
      if (node.computed === true) add(node.end - 1, child(node, 'object').end);
      else add(child(node, 'object').end, child(node, 'property').start);
      break;
  }
}

/** Where the last token of a `new` begins, or all of it where that is a plain name. */
function lastToken(code: string, node: Node): number {
  const callee = child(node, 'callee');
  const hasArguments = code[node.end - 1] === ')';
  if (!hasArguments && callee.type === 'MemberExpression' && callee.computed !== true)
    return child(callee, 'object').end;
  return hasArguments || code[node.end - 1] === ']' ? node.end - 1 : node.start;
}

/** Where other engines say that a call is. */
function placeOfCallee(callee: Node): number {
  const inner = unwrap(callee);
  // `(0, module.name)(…)` of a name that was imported.
  if (inner.type === 'SequenceExpression') return placeOfCallee(children(inner, 'expressions').at(-1) ?? inner);
  return inner.type === 'MemberExpression' && inner.computed !== true ? child(inner, 'property').start : callee.start;
}

/** The nodes under a node that are evaluated: no names of declarations, properties, labels. */
function evaluated(node: Node): Node[] {
  switch (node.type) {
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return [];
    case 'LabeledStatement':
      return [child(node, 'body')];
    case 'VariableDeclarator':
      return [...patternParts(child(node, 'id')), ...some(node, 'init')];
    case 'AssignmentExpression':
      return [...patternParts(child(node, 'left')), child(node, 'right')];
    case 'ForInStatement':
    case 'ForOfStatement':
      return [...patternParts(child(node, 'left')), child(node, 'right'), child(node, 'body')];
    case 'CatchClause':
      return [...some(node, 'param').flatMap((param) => patternParts(param)), child(node, 'body')];
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return [...children(node, 'params').flatMap((parameter) => patternParts(parameter)), child(node, 'body')];
    case 'ClassDeclaration':
    case 'ClassExpression':
      return [...some(node, 'superClass'), child(node, 'body')];
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return [...computedKey(node), ...some(node, 'value')];
    case 'NewExpression': {
      // `new` and the name are one place.
      const callee = child(node, 'callee');
      return [...(callee.type === 'Identifier' ? [] : [callee]), ...children(node, 'arguments')];
    }
    case 'MemberExpression':
      return [child(node, 'object'), ...(node.computed === true ? [child(node, 'property')] : [])];
    default:
      return allChildren(node);
  }
}

/** What a pattern evaluates: defaults, computed keys, and what it assigns to where that is no name. */
function patternParts(pattern: Node): Node[] {
  switch (pattern.type) {
    case 'Identifier':
      return [];
    case 'AssignmentPattern':
      return [...patternParts(child(pattern, 'left')), child(pattern, 'right')];
    case 'RestElement':
      return patternParts(child(pattern, 'argument'));
    case 'ArrayPattern':
      return children(pattern, 'elements').flatMap((element) => patternParts(element));
    case 'ObjectPattern':
      return children(pattern, 'properties').flatMap((property) =>
        property.type === 'RestElement'
          ? patternParts(property)
          : [...computedKey(property), ...patternParts(child(property, 'value'))],
      );
    default:
      return [pattern];
  }
}

function computedKey(node: Node): Node[] {
  return node.computed === true ? some(node, 'key') : [];
}

function some(node: Node, field: string): Node[] {
  const found = maybeChild(node, field);
  return found ? [found] : [];
}

function allChildren(node: Node): Node[] {
  const found: Node[] = [];
  forEachChild(node, (inner) => void found.push(inner));
  return found;
}

/** No line may end after these words; the break goes before them. */
const restricted = /(?<![\w$.#\u0080-\uffff])(?:return|throw|yield|break|continue|async) *$/;

function movable(code: string, at: number): number {
  for (let place = at; ; ) {
    const word = restricted.exec(code.slice(Math.max(0, place - 12), place));
    if (!word) return place;
    place -= word[0].length;
  }
}
