/** @file Names in `inputMatchers` that the function does not have. */

import { ts } from 'ts-morph';
import { entriesOf } from '../declared.ts';
import { constantBehind } from '../dims.ts';
import type { Look, Rule } from '../finding.ts';
import { parametersOf, takesFields } from '../parts.ts';

export const unknownParameter: Rule = {
  name: 'unknown-parameter',
  summary: '`inputMatchers` names a parameter that the function does not have.',
  remedy: 'use the parameter names, or an array in parameter order',
  part(look) {
    const { fn, matchers } = look.part;
    if (!fn || !matchers) return;
    const taken = parametersOf(fn);
    if (takesFields(fn)) fields(taken[0], matchers, look);
    else {
      const names = taken.map(({ name }) => (ts.isIdentifier(name) ? name.text : '(destructured)'));
      const list = names.join(', ') || '(none)';
      for (const [key, node] of entriesOf(matchers, look)) {
        if (!names.includes(key)) look.report(node, `\`${key}\` is no parameter: there are ${list}`);
      }
    }
    const written = constantBehind(matchers, look.types);
    if (!ts.isArrayLiteralExpression(written) || taken.at(-1)?.dotDotDotToken) return;
    if (written.elements.length <= taken.length) return;
    const [items, takes] = [count(written.elements.length, 'item'), count(taken.length, 'parameter')];
    look.report(written.elements[taken.length], `inputMatchers has ${items}, the function takes ${takes}`);
  },
};

/** Of one destructured parameter its fields are meant. */
function fields({ name }: ts.ParameterDeclaration, matchers: ts.Expression, look: Look): void {
  if (!ts.isObjectBindingPattern(name) || name.elements.some((each) => each.dotDotDotToken)) return;
  const known = name.elements.map((each) => (each.propertyName ?? each.name).getText());
  for (const [key, node] of entriesOf(matchers, look)) {
    if (key === '*' || known.includes(key)) continue;
    look.report(node, `\`${key}\` is no field: there are ${known.join(', ')}`, 'use the names of the fields');
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
