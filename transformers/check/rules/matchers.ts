/** @file `inputMatchers` against the function: names, axes, and what a Dim can stand for. */

import { ts } from 'ts-morph';
import { constantBehind, dimOfMatcher, keyText } from '../dims.ts';
import type { Look, Rule } from '../finding.ts';
import type { Body } from '../parts.ts';
import { unwrap } from '../types.ts';
import { isThisParameter } from '../values.ts';

export const unknownParameter: Rule = {
  name: 'unknown-parameter',
  summary: '`inputMatchers` names a parameter that the function does not have.',
  remedy: 'use the parameter names, or an array in parameter order',
  part(look) {
    const { fn, matchers } = look.part;
    if (!fn || !matchers) return;
    const taken = parametersOf(fn);
    const names = taken.map(({ name }) => (ts.isIdentifier(name) ? name.text : '(destructured)'));
    const list = names.join(', ') || '(none)';
    for (const [key, node] of entriesOf(matchers, look)) {
      if (!names.includes(key)) look.report(node, `\`${key}\` is no parameter: there are ${list}`);
    }
    const literal = constantBehind(matchers, look.types);
    const isList = ts.isArrayLiteralExpression(literal) && !taken.at(-1)?.dotDotDotToken;
    if (isList && literal.elements.length > taken.length) {
      look.report(
        literal.elements[taken.length],
        `inputMatchers has ${literal.elements.length} items, the function takes ${taken.length} parameters`,
      );
    }
  },
};

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
      } else if (!spec && types.isNumber(type) && !types.isTensor(type)) {
        const isMap = ts.isObjectLiteralExpression(constantBehind(matcher, types));
        if (isMap)
          look.report(matcher, `\`${name}\` is a number and has no axes`, `a Dim: { ${name}: Dim("${name}") }`);
      }
    }
    ranges(look);
  },
};

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

interface Pair {
  readonly parameter: ts.ParameterDeclaration;
  readonly matcher: ts.Expression;
}

/** The parameters that have a matcher. */
function pairs(look: Look): Pair[] {
  const { fn, matchers } = look.part;
  if (!fn || !matchers) return [];
  const literal = constantBehind(matchers, look.types);
  return parametersOf(fn).flatMap((parameter, i): Pair[] => {
    if (parameter.dotDotDotToken) return [];
    if (ts.isArrayLiteralExpression(literal)) {
      const matcher = literal.elements[i];
      return matcher ? [{ parameter, matcher }] : [];
    }
    if (!ts.isObjectLiteralExpression(literal) || !ts.isIdentifier(parameter.name)) return [];
    const { text } = parameter.name;
    return literal.properties.flatMap((each): Pair[] => {
      if (!each.name || keyText(each.name) !== text) return [];
      if (ts.isPropertyAssignment(each)) return [{ parameter, matcher: each.initializer }];
      return ts.isShorthandPropertyAssignment(each) ? [{ parameter, matcher: each.name }] : [];
    });
  });
}

function parametersOf(fn: Body): ts.ParameterDeclaration[] {
  return fn.parameters.filter((each) => !isThisParameter(each));
}

/** The keys of a map, and where they stand. */
function entriesOf(matcher: ts.Expression, look: Look): [string, ts.Node][] {
  const map = constantBehind(unwrap(matcher), look.types);
  if (!ts.isObjectLiteralExpression(map)) return [];
  return map.properties.flatMap((each): [string, ts.Node][] => {
    const key = each.name ? keyText(each.name) : null;
    return key === null || !each.name ? [] : [[key, each.name]];
  });
}

/** The rank that an annotation `Tensor<2>` tells. */
function rankOf({ type }: ts.ParameterDeclaration): number | null {
  if (!type || !ts.isTypeReferenceNode(type)) return null;
  const [argument] = type.typeArguments ?? [];
  if (!argument || !ts.isLiteralTypeNode(argument) || !ts.isNumericLiteral(argument.literal)) return null;
  return Number(argument.literal.text);
}
