/** @file Random numbers and clocks: a capture would keep what they gave once. */

import { ts } from 'ts-morph';
import type { Look, Rule } from '../finding.ts';
import { isPackageFile, unwrap } from '../types.ts';

const drawing = new Set(['rand', 'randn', 'randLike', 'randnLike', 'randint', 'randperm']);
const globals: Readonly<Record<string, string>> = {
  'Math.random': 'draws a random number, which native code would repeat',
  'crypto.randomUUID': 'draws random bits, which native code would repeat',
  'crypto.getRandomValues': 'draws random bits, which native code would repeat',
  'Date.now': 'reads the clock: native code would repeat the time of the capture',
  'performance.now': 'reads the clock: native code would repeat the time of the capture',
  'process.hrtime': 'reads the clock: native code would repeat the time of the capture',
};

export const notRepeatable: Rule = {
  name: 'not-repeatable',
  summary: 'Random numbers and times are drawn inside: a capture refuses them, or keeps what it was given once.',
  remedy: 'draw it outside, and pass it in as an argument',
  code(node, look) {
    if (ts.isCallExpression(node)) call(node, look);
    const isNow = ts.isNewExpression(node) && !node.arguments?.length && isGlobalName(node.expression, 'Date', look);
    if (isNow) look.report(node, '`new Date()` reads the clock: native code would repeat the time of the capture');
  },
};

function call(node: ts.CallExpression, look: Look): void {
  const callee = unwrap(node.expression);
  const name = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
  if (!ts.isIdentifier(name)) return;
  const symbol = look.types.symbolOf(name);
  const isOwn = symbol?.declarations?.some((each) => isPackageFile(each.getSourceFile().fileName)) ?? false;
  if (isOwn && symbol) {
    if (drawing.has(symbol.name)) look.report(callee, `${symbol.name}() draws random numbers`);
    if (symbol.name === 'dropout' && drops(node)) {
      const remedy = 'say whether it is training: F.dropout(x, p, this.training), and run the part after .eval()';
      look.report(callee, 'dropout() draws random numbers while training, which is its default', remedy);
    }
    return;
  }
  const text = callee.getText();
  const why = Object.hasOwn(globals, text) ? globals[text] : undefined;
  const root = ts.isPropertyAccessExpression(callee) ? callee.expression : callee;
  if (why && isGlobalName(root, text.split('.')[0], look)) look.report(callee, `\`${text}()\` ${why}`);
}

/** The third argument says whether it is training. */
function drops({ arguments: given }: ts.CallExpression): boolean {
  return given.length < 3 || given[2].kind === ts.SyntaxKind.TrueKeyword;
}

/** Whether a name is JavaScript's own there, not one of the project's. */
function isGlobalName(node: ts.Expression, name: string, look: Look): boolean {
  if (!ts.isIdentifier(node) || node.text !== name) return false;
  const declared = look.types.symbolOf(node)?.declarations ?? [];
  return declared.every((each) => each.getSourceFile().isDeclarationFile);
}
