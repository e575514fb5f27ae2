/** @file The rewriting never changes meaning: random programs do the same with native operators behind `__tn`. */

import { transformSync } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operators } from '../../src/symbolic/operators.ts';
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
  new Function('require', 'module', 'exports', script)(() => run, module, module.exports);
  return module.exports;
}

const value = fc.constantFrom<unknown>(0, 1, 2, -1, 3.5, '5', '', null, undefined, true, 2n, Number.NaN);

/** The library's own run-time side: numbers, and whatever else there is, must pass through it unchanged. */
const run = { ...library, __tn: { ...library.__tn, ...operators } };

const perModule = 50;
const programs = Number(process.env.TN_PROGRAMS ?? 1000);

describe('operators', () => {
  it(`do what they did, in ${programs} programs`, { timeout: 1_800_000 }, async () => {
    const inputs = fc.tuple(value, value, value, value);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(programBody, inputs), { minLength: perModule, maxLength: perModule }),
        async (cases) => {
          const source = programModule(cases.map(([body]) => body));
          const result = transform(source, '/project/app.ts');
          expect(result).toBeDefined();
          const [before, after] = [load(source), load(result?.code ?? '')];
          for (const [i, [body, values]] of cases.entries()) {
            const expected = await runProgram(before[`p${i}`], values, before.Counter);
            const got = await runProgram(after[`p${i}`], values, after.Counter);
            if (got !== expected) {
              const single = transform(programModule([body]), '/project/app.ts')?.code;
              expect(`${got}\n${single}`).toBe(`${expected}\n${body}`);
            }
          }
        },
      ),
      { numRuns: Math.ceil(programs / perModule), endOnFailure: true },
    );
  });
});
