/** @file onnxruntime is the judge of every op's ONNX form: each runs at two sizes and agrees with the interpreter. */

import { expect, test } from 'vitest';
import { opByName, opNames } from '../../ops/index.ts';
import { elementwiseCases } from './elementwiseCases.ts';
import { judge, type OpCase } from './opCase.ts';
import { structureCases } from './structureCases.ts';
import { symbolicNumberCases } from './symbolicNumberCases.ts';

const cases = [...elementwiseCases, ...structureCases, ...symbolicNumberCases];

function byOp(): Map<string, OpCase[]> {
  const groups = new Map<string, OpCase[]>();
  for (const item of cases) groups.set(item.op, [...(groups.get(item.op) ?? []), item]);
  return groups;
}

test('every op that can be captured has a case', () => {
  const tested = byOp();
  expect(opNames.filter((name) => opByName(name).onnx !== 'none' && !tested.has(name))).toEqual([]);
});

for (const [op, group] of byOp()) {
  test(`${op} (${group.length} cases)`, async () => {
    const wrong: string[] = [];
    for (const item of group) {
      try {
        await judge(item);
      } catch (error) {
        wrong.push(`${item.title}: ${(error as Error).message}`);
      }
    }
    expect(wrong).toEqual([]);
  });
}
