/** @file Every op's lowering, computed element by element, against its eager kernel: on all recorded cases. */

import { describe, expect, test } from 'vitest';
import { type DType, isFloat } from '../src/core/dtype.ts';
import { type Tracer, withTracer } from '../src/core/tracer.ts';
import type { StridedView } from '../src/core/view.ts';
import { opByName, opNames } from '../src/ops/index.ts';
import { readElements } from '../src/ops/kernels.ts';
import type { Attrs } from '../src/ops/record.ts';
import { loopInterpreter, loopTensor, loopValues } from '../src/ops/test/loopInterpreter.ts';
import { int } from '../src/symbolic/expr.ts';
import { dtypesOf, families, load, runCase, summedFamilies } from './recordings/cases.ts';

/** Of an element, relative to the largest of the tensor. */
const bounds: { readonly [D in DType]?: number } = { float32: 3e-6, float64: 1e-11, float16: 1.1e-3, bfloat16: 8.2e-3 };

const checked = new Set<string>();

function compare(name: string, found: readonly (number | bigint)[], wanted: StridedView): void {
  const values = Array.from(readElements(wanted) as ArrayLike<number | bigint>);
  const scale = values.reduce<number>(
    (top, value) => (Number.isFinite(Number(value)) ? Math.max(top, Math.abs(Number(value))) : top),
    1e-6,
  );
  const bound = isFloat(wanted.dtype) ? (bounds[wanted.dtype] as number) * scale : 0;
  values.forEach((value, i) => {
    const ok = Object.is(found[i], value) || found[i] === value || Math.abs(Number(found[i]) - Number(value)) <= bound;
    if (!ok)
      throw new Error(`${name}: element ${i} of [${wanted.sizes}] ${wanted.dtype} is ${found[i]}, eagerly ${value}`);
  });
}

/** Lowers and computes each op that runs, and compares. */
class LoweringJudge implements Tracer {
  readonly aborted = false;
  record(
    op: { readonly name: string },
    inputs: readonly StridedView[],
    attrs: Attrs,
    outputs: readonly StridedView[],
  ): void {
    const { lower } = opByName(op.name);
    if (lower === 'eager') return;
    checked.add(op.name);
    const metas = outputs.map((view) => ({ dtype: view.dtype, shape: view.sizes.map(int) }));
    const made = lower(loopInterpreter, inputs.map(loopTensor), attrs, metas);
    made.forEach((tensor, i) => {
      if (tensor.dtype !== outputs[i].dtype)
        throw new Error(`${op.name}: lowered to ${tensor.dtype}, eagerly ${outputs[i].dtype}`);
      compare(op.name, loopValues(tensor), outputs[i]);
    });
  }
  mutate(): void {}
  beforeMutate(): void {}
  shapeOf(): null {
    return null;
  }
  readValues(): void {}
  abort(): void {}
}

describe('lowerings agree with the eager kernels', () => {
  test.each(families)('%s', (family) => {
    const { recording, data } = load(family);
    const failures: string[] = [];
    for (const [i, entry] of recording.cases.entries()) {
      try {
        withTracer(new LoweringJudge(), () => runCase(entry, recording, data, summedFamilies.has(family)));
      } catch (error) {
        failures.push(`case ${i} ${entry[0]} ${dtypesOf(entry, recording)}: ${(error as Error).message}`);
      }
    }
    expect(failures.slice(0, 20)).toEqual([]);
  });

  test('every op that is compiled was judged', () => {
    const compiled = opNames.filter((name) => opByName(name).lower !== 'eager');
    expect(compiled.filter((name) => !checked.has(name))).toEqual([]);
  });
});
