/** @file Elements of a tensor that are read: the next call may have others. */

import { ts } from 'ts-morph';
import type { Look, Rule } from '../finding.ts';
import { isPackageFile, unwrap } from '../types.ts';

const members = new Set([
  'item',
  'tolist',
  'data',
  'toFloat32Array',
  'toBigInt64Array',
  'toString',
  'toLocaleString',
  'toJSON',
  'nonzero',
  'maskedSelect',
]);
/** Functions of the package that read their first argument. */
const functions = new Set(['nonzero', 'maskedSelect', 'saveNpy', 'saveSafetensors']);
/** Functions of the language that read what they convert. */
const conversions = new Set(['Number', 'String', 'BigInt', 'parseFloat', 'parseInt']);

export const readsValue: Rule = {
  name: 'reads-value',
  summary: 'A capture cannot follow a value that is read from a tensor.',
  remedy: 'keep it a tensor (where, gather, masks), or read it outside the part',
  code(node, look) {
    if (ts.isPropertyAccessExpression(node) && members.has(node.name.text) && look.values.isTensor(node.expression)) {
      const called = ts.isCallExpression(node.parent) ? '()' : '';
      look.report(node.name, `.${node.name.text}${called} reads values of a tensor`);
    } else if (ts.isCallExpression(node)) call(node, look);
    else if (ts.isTemplateSpan(node) && look.values.isTensor(node.expression)) {
      if (!isTensorIndex(node, look)) look.report(node.expression, 'a text made of a tensor reads its values');
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
      joinedText(node, look);
    }
  },
};

function call(node: ts.CallExpression, look: Look): void {
  const callee = unwrap(node.expression);
  const [first] = node.arguments;
  if (!first || ts.isSpreadElement(first)) return;
  if (ts.isIdentifier(callee)) {
    const symbol = look.types.symbolOf(callee);
    const isOwn = symbol?.declarations?.some((each) => isPackageFile(each.getSourceFile().fileName)) ?? false;
    if (isOwn && functions.has(symbol?.name ?? '')) look.report(callee, `${symbol?.name}() reads values of a tensor`);
    if (!isOwn && conversions.has(callee.text) && look.values.isTensor(first)) {
      look.report(callee, `${callee.text}() reads the value of a tensor`);
    }
  }
  const isJson = ts.isPropertyAccessExpression(callee) && callee.getText() === 'JSON.stringify';
  if (isJson && (look.values.isTensor(first) || look.types.holdsTensors(look.types.at(first)))) {
    look.report(callee, 'JSON.stringify() reads values of a tensor');
  }
}

/** `'a' + x`: a text. */
function joinedText(node: ts.BinaryExpression, look: Look): void {
  for (const [text, other] of [
    [node.left, node.right],
    [node.right, node.left],
  ]) {
    if (!look.values.isText(text) || !look.values.isTensor(other)) continue;
    look.report(other, 'a text made of a tensor reads its values');
  }
}

/** x[`…`]: the text is an index, and never made. */
function isTensorIndex(span: ts.TemplateSpan, look: Look): boolean {
  const holder = span.parent.parent;
  return ts.isElementAccessExpression(holder) && look.values.isTensor(holder.expression);
}
