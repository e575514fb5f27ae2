/** @file quickjs-ng in place of the pinned release: the same programs give the same answers. */

import { describe, expect, it } from 'vitest';
import { readEngine } from '../index.ts';
import { files, memory, prelude, processes, texts } from './programs.ts';
import { buildTestEngine, pinnedSource } from './support.ts';

/** The sources of quickjs-ng 0.17 or later (the sdist `quickjs-ng` of PyPI holds them in upstream-quickjs). */
const folder = process.env['TN_TEST_QUICKJS_NG'];
if (!folder) process.stderr.write('SKIPPED: set TN_TEST_QUICKJS_NG to a folder with the sources of quickjs-ng\n');
const pinned = folder ? pinnedSource() : null;

describe.skipIf(!pinned)('quickjs-ng', () => {
  const ng = buildTestEngine(readEngine(folder!));
  const usual = buildTestEngine(pinned!);

  it.each(Object.entries({ files, processes, texts, memory }))('%s', (_name, script) => {
    const run = ng.run(prelude + script);
    expect(run.stderr).toBe('');
    expect(withoutWords(run.stdout)).toBe(withoutWords(usual.run(prelude + script).stdout));
  });

  it.each(['throw new TypeError("x")', 'Promise.reject(new Error("x"))', '__tn.exit(3)', 'function f() { f() } f()'])(
    '%s',
    (script) => {
      const [run, other] = [ng.run(script), usual.run(script)];
      expect([run.status, withoutWords(run.stderr)]).toEqual([other.status, withoutWords(other.stderr)]);
    },
  );
});

/** Each engine has words of its own for errors that it throws itself. */
function withoutWords(text: string): string {
  return text
    .replace(/TypeError\|(?!The |test_|these |a )[^|\n]*?(?= [A-Z]\w+\||\n|$)/g, 'TypeError|…')
    .replace(
      /(?:InternalError|RangeError): [Ss]tack overflow|RangeError: Maximum call stack size exceeded/g,
      'overflow',
    );
}
