/** @file Dims and literals in `inputMatchers` that stand for what an argument cannot be. */

import { ts } from 'ts-morph';
import { pairs } from '../declared.ts';
import { constantBehind, dimOfMatcher } from '../dims.ts';
import type { Look, Rule } from '../finding.ts';

export const matcherDim: Rule = {
  name: 'matcher-dim',
  summary: '`inputMatchers` declares something of an argument that it cannot be.',
  remedy: 'a Dim for a number, { axis: Dim } for a tensor',
  part(look) {
    const { types } = look;
    for (const { parameter, matcher } of pairs(look)) {
      const type = types.at(parameter);
      const name = parameter.name.getText();
      if (types.isUnknown(type) || type.isUnion()) continue;
      const spec = dimOfMatcher(matcher, types);
      const shown = types.checker.typeToString(type);
      if (spec && types.isTensor(type)) {
        const remedy = `say which axis: { ${name}: { 0: Dim("${spec.name}") } }`;
        look.report(matcher, `a Dim stands for \`${name}\`, which is a tensor`, remedy);
      } else if (spec && !types.isNumber(type)) {
        look.report(matcher, `a Dim stands for \`${name}\`, which is ${shown} and no number`);
      } else if (!spec && isWrongLiteral(matcher, type, look)) {
        const message = `the literal ${matcher.getText()} stands for \`${name}\`, which is ${shown}`;
        look.report(matcher, message, 'a literal of its type, or null for no condition');
      } else if (!spec && types.isNumber(type) && !types.isTensor(type)) {
        const isMap = ts.isObjectLiteralExpression(constantBehind(matcher, types));
        if (isMap)
          look.report(matcher, `\`${name}\` is a number and has no axes`, `a Dim: { ${name}: Dim("${name}") }`);
      }
    }
    ranges(look);
  },
};

/** A number, text or boolean that an argument can never be. */
function isWrongLiteral(matcher: ts.Expression, type: ts.Type, { types }: Look): boolean {
  const literal = constantBehind(matcher, types);
  const isTensor = types.isTensor(type);
  if (ts.isNumericLiteral(literal)) return isTensor || !types.isNumber(type);
  if (ts.isStringLiteralLike(literal)) return isTensor || (type.flags & ts.TypeFlags.StringLike) === 0;
  const isBoolean = literal.kind === ts.SyntaxKind.TrueKeyword || literal.kind === ts.SyntaxKind.FalseKeyword;
  return isBoolean && (isTensor || (type.flags & ts.TypeFlags.BooleanLike) === 0);
}

/** One name, one range. */
function ranges(look: Look): void {
  const known = new Map<string, string>();
  const visit = (matcher: ts.Expression): void => {
    const spec = dimOfMatcher(matcher, look.types);
    if (spec) {
      const text = `${spec.min}..${spec.max}, multiple of ${spec.multipleOf}`;
      const first = known.get(spec.name);
      if (spec.known && first !== undefined && first !== text) {
        const message = `Dim("${spec.name}") is declared with different ranges: ${first}; ${text}`;
        look.report(matcher, message, 'make one Dim and use it in both places, or give them different names');
      }
      if (spec.known && first === undefined) known.set(spec.name, text);
      return;
    }
    const inner = constantBehind(matcher, look.types);
    if (ts.isArrayLiteralExpression(inner)) inner.elements.forEach(visit);
    if (ts.isObjectLiteralExpression(inner)) {
      for (const each of inner.properties) if (ts.isPropertyAssignment(each)) visit(each.initializer);
    }
  };
  if (look.part.matchers) visit(look.part.matchers);
}
