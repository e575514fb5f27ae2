/** @file What `compileCache` refuses when it decorates: both dialects and the wrapper, with the user's line and names. */

import { compileCache, Dim, nn, type Tensor } from 'torchnative';
import { describe, expect, test } from 'vitest';

// The compiler would refuse most of them first (test/types).
const axis = { x: { 0: Dim('n'), 2: Dim('m') } } as never;
const dim = [null, Dim('n')] as never;
const name = { y: { 0: Dim('n') } } as never;

function refused(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

const inThisFile = / {2}at .*declared\.test\.ts:\d+:\d+\n/;

describe('refused at decoration', () => {
  test('of a TC39 decorator', () => {
    const message = refused(() => {
      class Model extends nn.Module {
        @compileCache('declared-tc39', { inputMatchers: axis })
        forward(x: Tensor<2>, causal = false): Tensor {
          return causal ? x : x.neg();
        }
      }
      return Model;
    });
    expect(message).toContain(
      'compileCache "declared-tc39": inputMatchers names axis 2 of `x`, which is declared Tensor<2>.',
    );
    expect(message).toContain('  parameters: x: Tensor<2>, causal?\n');
    expect(message).toMatch(inThisFile);
  });

  test('of a legacy decorator', () => {
    const decorate = compileCache('declared-legacy', { inputMatchers: dim });
    const forward = { value: (x: Tensor, how: string) => x.mul(how.length), configurable: true };
    // Without a class around it only the running function tells its parameters: names, no types.
    expect(() => decorate({}, 'forward', forward)).not.toThrow();
    const named = compileCache('declared-legacy-name', { inputMatchers: name });
    expect(refused(() => named({}, 'forward', forward))).toMatch(
      /names `y`, which is no parameter\.\n {2}parameters: x, how\n/,
    );
  });

  test('of a wrapped function', () => {
    const message = refused(() =>
      compileCache('declared-wrapper', { inputMatchers: dim }, (x: Tensor, how: string) => x.mul(how.length)),
    );
    expect(message).toContain('inputMatchers gives Dim("n") to `how`, which is declared string.');
    expect(message).toMatch(inThisFile);
    const wrong = refused(() => compileCache('declared-name', { inputMatchers: name }, (x: Tensor) => x.neg()));
    expect(wrong).toContain('names `y`, which is no parameter.\n  parameters: x: Tensor\n');
  });

  test('not what fits: one destructured parameter by its fields', () => {
    const part = compileCache(
      'declared-fields',
      { inputMatchers: { x: { 0: Dim('n') } }, compile: 'never' },
      ({ x, by }: { x: Tensor; by: number }) => x * by,
    );
    expect(part).toBeTypeOf('function');
    const fields = { z: { 0: Dim('n') } } as never;
    const wrong = refused(() =>
      compileCache('declared-field', { inputMatchers: fields }, ({ x, by }: { x: Tensor; by: number }) => x * by),
    );
    expect(wrong).toContain('names `z`, which is no field.\n  fields: x, by\n');
  });
});
