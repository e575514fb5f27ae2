/** @file Calls of `compileCache` that the transformer does not see: they run eagerly. */

import { ts } from 'ts-morph';
import type { Rule } from '../finding.ts';

export const noMetadata: Rule = {
  name: 'no-metadata',
  summary: 'The transformer does not recognise this compileCache: the function runs eagerly.',
  remedy: "import compileCache from 'torchnative' in this file, and call it with its arguments written out",
  part({ part: { call, isPlain }, report }) {
    const { fileName } = call.getSourceFile();
    const spread = call.arguments.find(ts.isSpreadElement);
    if (spread) report(spread, 'arguments of compileCache are spread: the transformer cannot tell them apart');
    else if (!isPlain)
      report(call.expression, `\`${call.expression.getText()}\` is compileCache by another way than an import`);
    else if (call.arguments.length > 3) report(call.arguments[3], 'compileCache has more than three arguments');
    else if (/\.c[jt]s$/.test(fileName)) {
      report(call.expression, 'CommonJS files are not transformed', 'make it an ES module (.ts or .mts)');
    }
  },
};
