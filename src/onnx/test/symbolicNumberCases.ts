/** @file Judged cases of numbers that are computed from dims and need not be integers: x + f(n / 7), say. */

import { floatResult } from '../../symbolic/arithmetic.ts';
import type { FloatFunction } from '../../symbolic/floatNode.ts';
import type { Size } from '../../symbolic/symInt.ts';
import { floatForms } from '../floatForms.ts';
import { input, type OpCase } from './opCase.ts';

const binaryFunctions: readonly FloatFunction[] = [
  ...(['add', 'sub', 'mul', 'div', 'mod', 'pow', 'min', 'max', 'atan2', 'hypot'] as const),
];

/** f of n / 10 - 0.75 (n is 5 and 8: a value of either sign), of n where the domain starts at 1. */
function numberOf(fn: FloatFunction, n: Size): number {
  const sizes = n as unknown as Parameters<typeof floatResult>[1];
  const fraction = floatResult('sub', floatResult('div', sizes, 10), 0.75);
  const domain = /^(log|log2|log10|sqrt|acosh|pow)$/.test(fn) ? sizes : fraction;
  const made = binaryFunctions.includes(fn)
    ? floatResult(fn, domain, floatResult('div', sizes, 3))
    : floatResult(fn, domain);
  return made as unknown as number;
}

export const symbolicNumberCases: readonly OpCase[] = [
  ...(Object.keys(floatForms) as FloatFunction[]).map(
    (fn): OpCase => ({
      op: 'mul',
      title: fn,
      make: (n) => ({ inputs: [input('float32', [n])], attrs: { right: numberOf(fn, n) } }),
    }),
  ),
  {
    op: 'scaledDotProductAttention',
    title: 'scale of a dim',
    make: (n) => ({
      inputs: [input('float32', [n, 4]), input('float32', [n, 4]), input('float32', [n, 4])],
      attrs: { causalOffset: null, scale: numberOf('sqrt', n) },
    }),
  },
  {
    op: 'arange',
    title: 'start of a dim',
    make: (n) => ({ inputs: [], attrs: { start: n as number, end: 20, step: 2, dtype: 'float32' } }),
  },
];
