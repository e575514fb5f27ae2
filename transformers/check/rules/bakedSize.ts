/** @file `x.sizes`: the sizes of the sample, as plain numbers. */

import { ts } from 'ts-morph';
import { constantBehind, dimOfMatcher } from '../dims.ts';
import type { Look, Rule } from '../finding.ts';

export const bakedSize: Rule = {
  name: 'baked-size',
  summary: 'The plain sizes of a tensor are read although one of its axes has a Dim: they are those of the sample.',
  remedy: 'use .shape or .size(axis), which keep dims symbolic',
  code(node, look) {
    if (!ts.isPropertyAccessExpression(node) || !['sizes', 'strides'].includes(node.name.text)) return;
    if (!look.values.isTensor(node.expression) || !hasDim(node.expression, look)) return;
    look.report(node.name, `.${node.name.text} of \`${node.expression.getText()}\` is that of the first call`);
  },
};

function hasDim(tensor: ts.Expression, { types, values }: Look): boolean {
  const matcher = values.matcherOf(tensor);
  const map = matcher && constantBehind(matcher, types);
  if (!map || !ts.isObjectLiteralExpression(map)) return false;
  return map.properties.some((each) => ts.isPropertyAssignment(each) && dimOfMatcher(each.initializer, types) !== null);
}
