/** @file Operators and indices under capture: what is recorded, and what refuses the capture rather than bake a value in. */

import { Dim, type Tensor, tensor } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { expectEqual, expectSame, mustCapture, run, type Setup, setup } from './support.ts';

const n = Dim('n', { max: 64 });
const x = (): Tensor => tensor([1, 2, 3, 4]);
const longer = (): Tensor => tensor([1, 2, 3, 4, 5, 6]);
// The types of indices and of results of operators are tests of their own.
const t = (value: unknown): Tensor => value as Tensor;

function refused(part: Setup, args: unknown[]): { reason: string; line: number; result: unknown } {
  const outcome = run(part, args);
  if (outcome.kind !== 'refused') throw new Error(`${outcome.kind}, not refused`);
  return { reason: outcome.refusal.reason, line: outcome.refusal.location?.line ?? 0, result: outcome.result };
}

describe('operators under capture', () => {
  test('are operations, sizes stay symbolic', () => {
    const fn = (y: Tensor) => {
      let out: number = -y * 2 + y ** 2;
      out /= y.size(0) - 1;
      return t(Math.max(out, t(y > 2) * y));
    };
    expectSame(
      setup(fn, 'y', { y: { 0: n } }),
      () => [x()],
      () => [longer()],
    );
  });

  test('indices stay symbolic in templates', () => {
    const fn = (y: Tensor, p: number) =>
      t(t(y[`${p}:`])[0])
        .add(t(y[`-${1}`]))
        .add(t(t(y[`:${p + 1}`]).sum()));
    const part = setup(fn, 'y p', { y: { 0: n }, p: Dim('p', { min: 0, max: 60 }) });
    expectSame(
      part,
      () => [x(), 1],
      () => [longer(), 4],
    );
    const { captured } = mustCapture(part, [x(), 1]);
    expect(captured.graph.env.narrowings()).toEqual([]);
  });

  test('a branch on data refuses', () => {
    const fn = (y: Tensor) => (y.sum() > 3 ? t(y * 2) : y);
    const { reason, result, line } = refused(setup(fn, 'y', { y: { 0: n } }), [x()]);
    expect(reason).toContain('a branch on data');
    expect(line).toBeGreaterThan(0);
    expectEqual(result, t(x() * 2), 'result');
  });

  test('presence does not', () => {
    const fn = (y: Tensor, mask: Tensor | null) => (mask ? t(y * mask) : y);
    expectSame(
      setup(fn, 'y mask', { y: { 0: n }, mask: { 0: n } }),
      () => [x(), x()],
      () => [longer(), longer()],
    );
  });
});

describe('sizes in texts', () => {
  const part = (fn: (y: Tensor) => unknown): Setup => setup(fn, 'y', { y: { 0: n } });

  test('have the text of the number, and refuse', () => {
    const table: Record<string, number> = { n4: 10, n6: 20 };
    for (const fn of [
      (y: Tensor) => t(y * table[`n${y.size(0)}`]),
      (y: Tensor) => t(y * table['n' + y.size(0)]),
      (y: Tensor) => t(y * table['n'.concat(y.size(0).toString())]),
      (y: Tensor) => t(y * table[`n${y.size(0).toFixed(0)}`]),
    ]) {
      const { reason, result } = refused(part(fn), [x()]);
      expect(reason).toContain('symbolic size `n` was used as text');
      expectEqual(result, t(x() * 10), 'result');
    }
  });

  test('of errors that are not thrown cost nothing; caught inside, they refuse', () => {
    const check = (y: Tensor, most: number): Tensor => {
      if (y.size(0) > most) throw new Error(`too long: ${y.size(0)} of ` + y.size(0));
      return t(y * 2);
    };
    mustCapture(
      setup((y: Tensor) => check(y, 100), 'y', { y: { 0: Dim('n', { max: 64 }) } }),
      [x()],
    );
    expect(() =>
      run(
        part((y) => check(y, 3)),
        [x()],
      ),
    ).toThrow('too long: 4 of 4');
    const caught = part((y) => {
      try {
        return check(y, 3);
      } catch (error) {
        return t(y * (error as Error).message.length);
      }
    });
    const { reason, result } = refused(caught, [x()]);
    expect(reason).toContain('in the text of an error');
    expectEqual(result, t(x() * 'too long: 4 of 4'.length), 'result');
  });

  test('arrays of a symbolic length have that length', () => {
    const outcome = run(
      part((y) => t(y * new Array(y.size(0)).fill(1).length)),
      [x()],
    );
    expect(outcome.kind).toBe('narrowed');
    if (outcome.kind === 'narrowed') expect(outcome.error.message).toMatch(/needs n == 4[\s\S]*new Array\(n\)/);
    const { result } = refused(
      part((y) => t(y * Array.from({ length: y.size(0) }).length)),
      [x()],
    );
    expectEqual(result, t(x() * 4), 'result');
  });
});
