/** @file The rewriting never changes meaning: random programs do the same with native operators behind `__tn`. */

import { transformSync } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transform } from '../core.ts';
import * as library from './fixtures/torchnative/index.js';
import { programBody, programModule, runProgram } from './program.ts';

function load(code: string): Record<string, unknown> {
  const { code: script } = transformSync(code, {
    loader: 'ts',
    format: 'cjs',
    target: 'node20',
    define: { 'import.meta.url': '"file:///app.ts"' },
    logLevel: 'silent',
  });
  const module = { exports: {} as Record<string, unknown> };
  new Function('require', 'module', 'exports', script)(() => library, module, module.exports);
  return module.exports;
}

const value = fc.constantFrom<unknown>(0, 1, 2, -1, 3.5, '5', '', null, undefined, true, 2n, Number.NaN);

describe('operators', () => {
  it('do what they did', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(programBody, fc.tuple(value, value, value, value)), { minLength: 20, maxLength: 40 }),
        (programs) => {
          const source = programModule(programs.map(([body]) => body));
          const result = transform(source, '/project/app.ts');
          expect(result).toBeDefined();
          const [before, after] = [load(source), load(result?.code ?? '')];
          programs.forEach(([body, inputs], i) => {
            const expected = runProgram(before[`p${i}`], inputs);
            if (runProgram(after[`p${i}`], inputs) !== expected) {
              const single = transform(programModule([body]), '/project/app.ts')
                ?.code.split('\n')
                .slice(3)
                .join('\n');
              expect(`${runProgram(after[`p${i}`], inputs)}\n${single}`).toBe(`${expected}\n${body}`);
            }
          });
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
