/** @file Comparisons that hold for some values of a Dim and not for others: one capture cannot serve them all. */

import { ts } from 'ts-morph';
import { type DimSpec, numberOf } from '../dims.ts';
import type { Look, Rule } from '../finding.ts';
import { unwrap } from '../types.ts';

type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';

const comparisons = new Map<ts.SyntaxKind, Comparison>([
  [ts.SyntaxKind.LessThanToken, '<'],
  [ts.SyntaxKind.LessThanEqualsToken, '<='],
  [ts.SyntaxKind.GreaterThanToken, '>'],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>='],
  [ts.SyntaxKind.EqualsEqualsToken, '=='],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '=='],
  [ts.SyntaxKind.ExclamationEqualsToken, '!='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '!='],
]);
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

export const narrowedDim: Rule = {
  name: 'narrowed-dim',
  summary: 'A condition holds for some values of a Dim only: the dim cannot stay symbolic.',
  remedy:
    'give the Dim a range (min, max, multipleOf) that decides it, or stack a second compileCache for the other case',
  code(node, look) {
    if (ts.isForStatement(node)) loop(node, look);
    else if (ts.isBinaryExpression(node)) compare(node, look);
    else if (ts.isSwitchStatement(node)) cases(node, look);
  },
};

function compare(node: ts.BinaryExpression, look: Look): void {
  const operator = comparisons.get(node.operatorToken.kind);
  if (!operator || (ts.isForStatement(node.parent) && node.parent.condition === node)) return;
  const { types, values } = look;
  for (const [side, other, how] of [
    [node.left, node.right, operator],
    [node.right, node.left, mirrored[operator]],
  ] as const) {
    const value = numberOf(other, types);
    if (value === null) continue;
    const dim = values.dimOf(side);
    const undecided = dim?.isBare ? dim.spec.known && !isDecided(dim.spec, how, value) : divides(side, value, look);
    if (undecided) told(node, look, values.dimOf(side)?.spec ?? dim?.spec);
  }
}

function told(node: ts.Node, look: Look, spec: DimSpec | undefined): void {
  if (!spec) return;
  look.report(node, `\`${node.getText()}\` holds for some values of Dim("${spec.name}") only${rangeText(spec)}`);
}

function rangeText({ min, max }: DimSpec): string {
  return ` (${min}..${max === Infinity ? '' : max})`;
}

/** `n % 4 === 0` of a dim that need not be a multiple of 4. */
function divides(side: ts.Expression, value: number, { types, values }: Look): boolean {
  const inner = unwrap(side);
  if (!ts.isBinaryExpression(inner) || inner.operatorToken.kind !== ts.SyntaxKind.PercentToken) return false;
  const divisor = numberOf(inner.right, types);
  const dim = values.dimOf(inner.left);
  if (divisor === null || !dim?.isBare || !dim.spec.known || !(divisor > 0)) return false;
  const { spec } = dim;
  if (spec.multipleOf % divisor === 0 || value >= divisor || value < 0) return false;
  return sizesOf(spec).first < sizesOf(spec).last;
}

/** The least and the greatest value that a Dim may have. */
function sizesOf({ min, max, multipleOf }: DimSpec): { readonly first: number; readonly last: number } {
  return { first: Math.ceil(min / multipleOf) * multipleOf, last: Math.floor(max / multipleOf) * multipleOf };
}

/** Whether a comparison has the same result for every value of a Dim. */
function isDecided(spec: DimSpec, operator: Comparison, value: number): boolean {
  const { first, last } = sizesOf(spec);
  switch (operator) {
    case '<':
    case '>=':
      return last < value || first >= value;
    case '<=':
    case '>':
      return last <= value || first > value;
    case '==':
    case '!=':
      return value < first || value > last || value % spec.multipleOf !== 0 || first === last;
  }
}

/** `for (let i = 0; i < n; i++)`: as many turns as the sample has. */
function loop(node: ts.ForStatement, look: Look): void {
  const condition = node.condition && unwrap(node.condition);
  if (!condition || !ts.isBinaryExpression(condition) || !comparisons.has(condition.operatorToken.kind)) return;
  for (const side of [condition.left, condition.right]) {
    const dim = look.values.dimOf(side);
    if (!dim?.spec.known) continue;
    const { first, last } = sizesOf(dim.spec);
    if (first === last) continue;
    const message = `a loop of \`${unwrap(side).getText()}\` turns, of Dim("${dim.spec.name}"), has those of the first call`;
    look.report(condition, message, 'compute all of them at once, with tensor operations, or loop outside the part');
  }
}

function cases(node: ts.SwitchStatement, look: Look): void {
  const dim = look.values.dimOf(node.expression);
  if (!dim?.isBare || !dim.spec.known) return;
  for (const clause of node.caseBlock.clauses) {
    const value = ts.isCaseClause(clause) ? numberOf(clause.expression, look.types) : null;
    if (value === null || isDecided(dim.spec, '==', value)) continue;
    look.report(node.expression, `\`switch\` on Dim("${dim.spec.name}"), of which case ${value} is one value only`);
    return;
  }
}
