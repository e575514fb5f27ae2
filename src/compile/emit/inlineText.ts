/** @file A scalar as one C expression, for the places of a template that take an expression and no statements. */

import type { ScalarNode } from '../lower/ir.ts';
import { cTypes, literal } from './ctypes.ts';
import { castText, operationText } from './operations.ts';
import type { KernelScope } from './scope.ts';

export function inlineText(scope: KernelScope, scalar: ScalarNode, produced: readonly string[] = []): string {
  const inner = (s: ScalarNode): string => `(${inlineText(scope, s, produced)})`;
  switch (scalar.kind) {
    case 'constant':
      return literal(scalar.value, scalar.dtype);
    case 'symbolic':
      return scalar.toC(scope.nameOf);
    case 'produced':
      return produced[scalar.slot];
    case 'index':
      return `(${cTypes[scalar.dtype].local})(${scope.expr(scalar.expr)})`;
    case 'memory': {
      const pointer = scope.pointer(scalar.buffer, 'read', scalar.layout ?? undefined);
      const element = `${pointer}[${scope.expr(scalar.offset)}]`;
      if (scalar.dtype === 'bool') return `${element} != 0`;
      if (scalar.dtype !== 'float16' && scalar.dtype !== 'bfloat16') return element;
      const widen = scalar.dtype === 'float16' ? 'tn_f16_to_f32' : 'tn_bf16_to_f32';
      scope.uses.add(widen);
      return `${widen}(${element})`;
    }
    case 'op':
      return operationText(scope, scalar.op, scalar.args.map(inner), scalar.args[0].dtype);
    case 'cast':
      return castText(scope, inner(scalar.arg), scalar.arg.dtype, scalar.dtype);
    case 'less':
      return `${scope.factor(scalar.left)} < ${scope.factor(scalar.right)}`;
    case 'select':
      return `${inner(scalar.condition)} ? ${inner(scalar.whenTrue)} : ${inner(scalar.whenFalse)}`;
    case 'load':
      throw new Error(`internal: load of ${scalar.tensor.name} is not inlined`);
  }
}
