/** @file Fields that hold a tensor and are given another one. */

import { ts } from 'ts-morph';
import { assignedTarget } from '../assigned.ts';
import type { Rule } from '../finding.ts';
import { targetsIn } from './changedState.ts';

export const reboundTensor: Rule = {
  name: 'rebound-tensor',
  summary: 'A field is given another tensor: native code writes into tensors, it does not replace them.',
  remedy: 'write into the tensor with copy_, or return the new one',
  code(node, look) {
    const target = assignedTarget(node);
    if (!target) return;
    for (const each of targetsIn(target)) {
      if (!ts.isPropertyAccessExpression(each) && !ts.isElementAccessExpression(each)) continue;
      const text = each.getText();
      if (look.values.isTensor(each.expression)) {
        if (!ts.isElementAccessExpression(each)) continue;
        look.report(each, `\`${text}\` = … does not write into a tensor`, `use ${text}.copy_(…)`);
        continue;
      }
      const origin = look.values.originOf(each.expression);
      if (!look.values.isTensor(each) || origin === 'inside' || origin === 'unknown') continue;
      look.report(each, `\`${text}\` is given another tensor`, `write into it: ${text}.copy_(…)`);
    }
  },
};
