/** @file Uses of a dim that JavaScript's own library makes, where no operator of ours can see them. */

import { ts } from 'ts-morph';
import type { Look, Rule } from '../finding.ts';
import { isPackageFile, unwrap } from '../types.ts';

const bitOperators = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.BarToken,
  ts.SyntaxKind.AmpersandToken,
  ts.SyntaxKind.CaretToken,
  ts.SyntaxKind.LessThanLessThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
]);
/** Comparisons inside the library: a symbolic size is another object to them than the number it stands for. */
const searches: Readonly<Record<string, readonly string[]>> = {
  Array: ['includes', 'indexOf', 'lastIndexOf'],
  Map: ['get', 'has', 'set', 'delete'],
  Set: ['has', 'add', 'delete'],
};

export const hiddenDim: Rule = {
  name: 'hidden-dim',
  summary:
    'A dim is used in a way that does not keep it symbolic: as text, as a key, by bits, or compared by the library.',
  remedy: 'keep to operators, comparisons, Math functions and tensor methods, or drop the dim from inputMatchers',
  code(node, look) {
    if (ts.isBinaryExpression(node) && bitOperators.has(node.operatorToken.kind)) {
      for (const side of [node.left, node.right]) {
        bits(side, node.operatorToken.getText(), look);
      }
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.TildeToken) {
      bits(node.operand, '~', look);
    } else if (ts.isTemplateSpan(node)) template(node, look);
    else if (ts.isElementAccessExpression(node)) index(node, look);
    else if (ts.isCallExpression(node) || ts.isNewExpression(node)) call(node, look);
  },
};

function named(expression: ts.Expression, look: Look): string | null {
  const dim = look.values.dimOf(expression);
  return dim && `\`${unwrap(expression).getText()}\`, of Dim("${dim.spec.name}")`;
}

function bits(side: ts.Expression, operator: string, look: Look): void {
  const name = named(side, look);
  if (name)
    look.report(side, `${name}, has no operator ${operator}`, 'use Math.floor(n / 2) for n >> 1 and n % 2 for n & 1');
}

function template(node: ts.TemplateSpan, look: Look): void {
  const holder = node.parent.parent;
  // x[`:${n}`] is an index, not a text; a tagged template hands over values.
  if (ts.isTaggedTemplateExpression(holder)) return;
  if (ts.isElementAccessExpression(holder) && look.values.isTensor(holder.expression)) return;
  const name = named(node.expression, look);
  if (name)
    look.report(
      node.expression,
      `${name}, is put into a text`,
      'make texts outside the part, or in the error that is thrown',
    );
}

function index(node: ts.ElementAccessExpression, look: Look): void {
  const type = look.types.at(node.expression);
  if (look.values.isTensor(node.expression) || look.types.isUnknown(type)) return;
  const name = named(node.argumentExpression, look);
  if (name)
    look.report(
      node.argumentExpression,
      `${name}, is a key of a plain object or array`,
      'look it up in a tensor, or outside the part',
    );
}

function call(node: ts.CallExpression | ts.NewExpression, look: Look): void {
  const callee = unwrap(node.expression);
  const given = (node.arguments ?? []).filter((each) => !ts.isSpreadElement(each));
  const text = callee.getText();
  if (text === 'Object.is') {
    for (const each of given) compared(each, text, look);
    return;
  }
  if (ts.isPropertyAccessExpression(callee)) {
    const holder = look.types.globalClass(look.types.at(callee.expression))?.replace(/^Readonly/, '') ?? '';
    if (searches[holder]?.includes(callee.name.text) && given[0]) {
      compared(given[0], `.${callee.name.text}()`, look);
      return;
    }
    const textual = ['toString', 'toFixed', 'toPrecision', 'toLocaleString'].includes(callee.name.text);
    const name = textual ? named(callee.expression, look) : null;
    if (name) look.report(callee.expression, `${name}, is put into a text`);
  }
  if (text === 'String' || text === 'JSON.stringify' || text === 'BigInt') {
    const name = given[0] && named(given[0], look);
    if (name) look.report(given[0], `${name}, is converted by ${text}()`);
    return;
  }
  plainNumbers(node, given, text, look);
}

function compared(argument: ts.Expression, by: string, look: Look): void {
  const name = named(argument, look);
  if (name)
    look.report(argument, `${name}, is compared by ${by}, which does not know sizes`, 'compare with === instead');
}

/** Functions of the language and of packages that take numbers: all but Math's, which the transformer knows. */
function plainNumbers(
  node: ts.CallExpression | ts.NewExpression,
  given: readonly ts.Expression[],
  text: string,
  look: Look,
): void {
  if (/^(Math|Number|console)\b/.test(text)) return;
  const declaration = look.types.checker.getResolvedSignature(node)?.declaration;
  if (!declaration || !ts.isFunctionLike(declaration)) return;
  const file = declaration.getSourceFile();
  if (!file.isDeclarationFile || isPackageFile(file.fileName)) return;
  given.forEach((each, i) => {
    if (declaration.parameters[i]?.type?.kind !== ts.SyntaxKind.NumberKeyword) return;
    const name = named(each, look);
    if (name)
      look.report(each, `${name}, is used as a plain number by ${ts.isNewExpression(node) ? 'new ' : ''}${text}()`);
  });
}
