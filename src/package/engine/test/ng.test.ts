/** @file quickjs-ng in place of the pinned release: the same programs give the same answers. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleApp } from '../../bundle/bundle.ts';
import { readEngine } from '../index.ts';
import { files, heap, memory, prelude, processes, texts } from './programs.ts';
import { buildTestEngine, pinnedSource, type TestEngine } from './support.ts';

const version = '0.17.0.2';

/** A folder with its sources: the one that is named, or fetched from PyPI once; null where neither is to be had. */
function ngSources(): string | null {
  const named = process.env['TN_TEST_QUICKJS_NG'];
  if (named) return named;
  const folder = join(tmpdir(), `torchnative-quickjs-ng-${version}`);
  const sources = join(folder, `quickjs_ng-${version}`, 'upstream-quickjs');
  if (existsSync(sources)) return sources;
  const work = mkdtempSync(join(tmpdir(), 'tn-ng-'));
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:', `quickjs-ng==${version}`];
  try {
    execFileSync('python3', pip, { cwd: work, stdio: 'ignore' });
    execFileSync('tar', ['xzf', `quickjs_ng-${version}.tar.gz`], { cwd: work, stdio: 'ignore' });
    renameSync(work, folder);
    return sources;
  } catch {
    rmSync(work, { recursive: true, force: true });
    return existsSync(sources) ? sources : null;
  }
}

const folder = ngSources();
if (!folder) process.stderr.write(`SKIPPED: the sources of quickjs-ng ${version} cannot be fetched\n`);
const pinned = folder ? pinnedSource() : null;

describe.skipIf(!pinned)('quickjs-ng', () => {
  let ng: TestEngine;
  let usual: TestEngine;
  beforeAll(() => {
    ng = buildTestEngine(readEngine(folder!));
    usual = buildTestEngine(pinned!);
  }, 600_000);

  it.each(Object.entries({ files, processes, texts, memory, heap }))('%s', (_name, script) => {
    const run = ng.run(prelude + script);
    expect(run.stderr).toBe('');
    expect(withoutWords(run.stdout)).toBe(withoutWords(usual.run(prelude + script).stdout));
  });

  it('says where calls and errors are', async () => {
    const work = realpathSync(mkdtempSync(join(tmpdir(), 'tn-ng-')));
    try {
      writeFileSync(join(work, 'package.json'), '{}');
      writeFileSync(
        join(work, 'main.ts'),
        "const inner: () => never = () => { throw new Error('x'); };\n{ inner(); }\n",
      );
      const { code, lines } = await bundleApp({ entry: join(work, 'main.ts') });
      const { stderr } = ng.run(code, { places: lines, env: { TN_DEBUG: '1' } });
      expect(stderr).toBe('Uncaught Error: x\n    at inner (main.ts:1:42)\n    at <anonymous> (main.ts:2:3)\n');
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
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
