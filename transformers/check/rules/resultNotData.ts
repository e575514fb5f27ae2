/** @file Results that are no data. */

import { ts } from 'ts-morph';
import type { Rule } from '../finding.ts';

const noData = /^(Map|Set|Date|RegExp|Error|\w+Array)$/;

export const resultNotData: Rule = {
  name: 'result-not-data',
  summary: 'A part gives a function, or an instance of a class.',
  remedy: 'return tensors, numbers, arrays and plain records',
  part({ part: { fn, call }, types, report }) {
    const signature = fn && types.checker.getSignatureFromDeclaration(fn);
    if (!fn || !signature) return;
    const type = signature.getReturnType();
    const at = fn.name ?? call;
    if (types.isTensor(type) || types.isNullable(type)) return;
    if (types.isFunction(type)) report(at, 'the part gives a function');
    const name = types.globalClass(type);
    if (name !== null && name !== 'ReadonlyArray' && name !== 'Array' && noData.test(name)) {
      report(at, `the part gives a ${name}`);
    }
    const own = types.projectClass(type);
    if (own) report(at, `the part gives an instance of ${own.name?.text ?? 'a class'}`);
    // A class itself.
    if (type.getConstructSignatures().length > 0 && (type.flags & ts.TypeFlags.Object) !== 0 && !own) {
      report(at, 'the part gives a class');
    }
  },
};
