/** @file Axes in `inputMatchers` that a tensor does not have. */

import { ts } from 'ts-morph';
import { entriesOf, pairs } from '../declared.ts';
import type { Rule } from '../finding.ts';

export const matcherAxis: Rule = {
  name: 'matcher-axis',
  summary: '`inputMatchers` names an axis that a tensor does not have.',
  remedy: 'name axes from 0 on, or from the end with negative ones',
  part(look) {
    for (const { parameter, matcher } of pairs(look)) {
      const rank = rankOf(parameter);
      if (!look.types.isTensor(look.types.at(parameter))) continue;
      for (const [key, node] of entriesOf(matcher, look)) {
        const axis = Number(key);
        if (!Number.isInteger(axis)) {
          look.report(node, `\`${key}\` is no axis of the tensor \`${parameter.name.getText()}\``);
        } else if (rank !== null && (axis >= rank || axis < -rank)) {
          look.report(node, `\`${parameter.name.getText()}\` has ${rank} axes, there is no axis ${key}`);
        }
      }
    }
  },
};

/** The rank that an annotation `Tensor<2>` tells. */
function rankOf({ type }: ts.ParameterDeclaration): number | null {
  if (!type || !ts.isTypeReferenceNode(type)) return null;
  const [argument] = type.typeArguments ?? [];
  if (!argument || !ts.isLiteralTypeNode(argument) || !ts.isNumericLiteral(argument.literal)) return null;
  return Number(argument.literal.text);
}
