/** @file Errors in packaged programs name file, line and column of the sources, as other engines do. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleApp } from '../../bundle/bundle.ts';
import { buildTestEngine, pinnedSource, type RunResult, type TestEngine } from './support.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tn-places-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let projects = 0;

/** Writes a project; gives the path of its first file. */
function project(files: Readonly<Record<string, string>>): string {
  const root = join(folder, String(projects++));
  for (const [name, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return join(root, Object.keys(files)[0]);
}

/** What is wrong stands behind a mark; each function is one error. */
const errors = `
const u = undefined, o = { a: {}, f() { return this.g(1); }, g(n) { return n.a./*3*/b; } };
class Shape { static of(n) { return new Shape(n); } constructor(n) { if (n > 1) throw /*1*/new RangeError('large'); } }
const later = (x) => { throw /*4*/new TypeError(\`no \${x}
  of two lines \${x + later.name}\`); };
const all = [
  () => o.a.b./**/c,
  () => o.a./**/b(),
  () => { const before = o.a; return before./**/b(1).c(2); },
  () => /**/new o.a(),
  () => /**/new o.a,
  () => /**/new nope(1),
  () => /**/nope(1),
  () => { const y = 1 + /**/nope; return y; },
  () => { throw /**/new Error('here'); },
  () => { throw /**/new Error; },
  () => { if (o.a) throw Object.assign(/**/new Error('there'), { code: 1 }); },
  () => Shape.of(2), //1
  () => later(o.g({ a: o })), //4
  () => o.f(), //3
  () => [1, 2].map((n) => n.toFixed(1)).map((s) => s.no./**/yes),
  () => JSON.stringify({ get a() { throw /**/new Error('in a getter'); } }),
  () => { for (const n of [1, 2]) { if (n === 2) { o.a.missing./**/length; } } },
  () => { let x = 0; x++; return x --> 0 ? u./**/length : u.size; },
  () => ({ /**/nope }),
  () => ({ ...o, [o.a.b./**/c]: 1 }),
  () => { switch (o.a.kind) { case undefined: return o.a.kind./**/name; default: return 1; } },
  () => [...(function* () { yield 1; yield o.a.x./**/y; })()],
  () => (function* () { yield /**/nope; })().next(),
  () => o?.a?.b./**/c,
  () => { label: for (;;) { break label; } return o.none./**/some; },
  () => { const { a = o.none./**/some } = {}; return a; },
  () => { const f = (a = u./**/first) => a; f(1); return f(); },
  () => { try { o.a(); } catch { return o.a.b./**/c; } finally { o.a = {}; } },
  () => /x/.exec('x').index.foo./**/bar,
  () => 1..toFixed(1).foo./**/bar,
  () => { class A extends /**/nope {} return A; },
  () => { class A { x = o.a.b./**/c; } return new A(); },
  () => { class A { static x = /**/nope(1); } return A; },
  () => { class A { get x() { return u./**/y; } } return new A().x; },
  () => { class A { #x; static f() { return u./**/x; } } return A.f(); },
  () => { delete o.a.b./**/c; },
  () => typeof o.a.b./**/c,
  () => (o.a, u./**/x),
  () => !o.a.b./**/c,
  () => -o.a.b./**/c + 1,
  () => o.a ? u./**/b : 1,
  () => { do { o.a.b./**/c; } while (false); },
  () => { var async = 1; return async + u./**/x; },
  () => u./**/a || 1,
  () => (() => () => /**/nope)()(),
  () => \`\${/**/nope(1)}\`,
  () => [1, u, 2].map((n) => { return { n: n./**/x }; }),
  () => { const [a, b = u./**/x] = [1]; return a + b; },
  () => { o.a[/**/nope] = 1; },
  () => { o.a.b += /**/nope; },
  () => { return /**/nope; },
];
for (const [i, call] of all.entries()) {
  try {
    console.log(i, call());
  } catch (error) {
    console.log(error.stack);
  }
}
`;

/** Line and column of what follows a mark, for each function in turn. */
function placesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line) => {
    if (!line.startsWith('  () =>')) return [];
    const mark = `/*${/\/\/(\d)$/.exec(line)?.[1] ?? ''}*/`;
    const at = mark === '/**/' ? lines.indexOf(line) : lines.findIndex((other) => other.includes(mark));
    return [`main.js:${at + 1}:${lines[at].indexOf(mark) + mark.length + 1}`];
  });
}

const source = pinnedSource();

describe.skipIf(!source)('places of errors', () => {
  let engine: TestEngine;
  beforeAll(() => {
    engine = buildTestEngine(source!);
  }, 600_000);

  async function run(entry: string, env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const { code, lines } = await bundleApp({ entry });
    return engine.run(code, { places: lines, env });
  }

  it('are those of the failing expressions', async () => {
    const found = await run(project({ 'main.js': errors.replace('return /**/nope', 'return /**/nope') }));
    expect(found.stderr).toBe('');
    const traces = found.stdout.trimEnd().split('\n\n');
    expect(traces.map((trace) => /^ {4}at \S.* \((.*)\)$/m.exec(trace)?.[1])).toEqual(placesOf(errors));
  });

  const packages = {
    'node_modules/pick/package.json': '{ "name": "pick", "version": "1.0.0", "main": "index.js" }',
    'node_modules/pick/index.js': 'exports.pick = (from) => from();',
  };

  it('stand in traces by file, types or not; packages without', async () => {
    const entry = project({
      'src/main.ts': `import { pick } from 'pick';
import { type Box, open } from './lib/box.ts';
class Odd extends Error { constructor(readonly box: Box) { super('odd'); } }
const fail = (box: Box): never => { throw new Odd(box as Box); };
function tryIt<T>(call: () => T): void { try { call(); } catch (error) { console.log((error as Error).stack); } }
tryIt((): unknown => pick(() => fail({ side: 1 } satisfies Box)));
tryIt<number>(() => open(undefined as unknown as Box));
`,
      'src/lib/box.ts': `export interface Box { side: number }
/** Not checked. */
export function open(box: Box): number { const side: number = box.side; return side; }
`,
      ...packages,
    });
    const found = await run(entry);
    expect(found.stdout.split('\n\n').map((trace) => trace.split('\n').slice(0, 5))).toEqual([
      [
        '    at fail (src/main.ts:4:43)',
        '    at <anonymous> (src/main.ts:6:33)',
        '    at <anonymous>',
        '    at <anonymous> (src/main.ts:6:22)',
        '    at tryIt (src/main.ts:5:48)',
      ],
      [
        '    at open (src/lib/box.ts:3:67)',
        '    at <anonymous> (src/main.ts:7:21)',
        '    at tryIt (src/main.ts:5:48)',
        '    at <anonymous> (src/main.ts:7:1)',
      ],
      [''],
    ]);
  });

  it('end the line about an error that nobody caught', async () => {
    const ends = async (text: string, env?: NodeJS.ProcessEnv): Promise<string> => {
      const { status, stderr } = await run(project({ 'main.ts': text, ...packages }), env);
      return `${status} ${stderr}`;
    };
    const thrown =
      "const inner = (n: number) => { if (n > 1) throw new RangeError('large\\n  found ' + n); };\ninner(2);\n";
    expect(await ends(thrown)).toBe('1 Uncaught RangeError: large; found 2; at main.ts:1:49\n');
    expect(await ends(thrown, { TN_DEBUG: '1' })).toBe(
      '1 Uncaught RangeError: large\n  found 2\n    at inner (main.ts:1:49)\n    at <anonymous> (main.ts:2:1)\n',
    );
    expect(await ends('void (async () => { await null; null!.x; })();')).toMatch(
      /^1 Uncaught TypeError: .*; at main\.ts:1:39\n$/,
    );
    expect(await ends('setTimeout(() => JSON.parse("{"), 1);')).toMatch(
      /^1 Uncaught SyntaxError: .*; at main\.ts:1:23\n$/,
    );
    expect(await ends("throw new Error('at (main.ts:1:7)')")).toBe('1 Uncaught Error: at (main.ts:1:7)\n');
    expect(await ends('throw { message: "m", stack: "at (a:1:x)\\n(b:1:2\\n(:::)\\n()" };')).toBe(
      '1 Uncaught Error: m\n',
    );
    expect(await ends('throw { message: "m", stack: "(a:12:3)" };')).toBe('1 Uncaught Error: m; at a:12:3\n');
    expect(await ends("import { pick } from 'pick';\npick(() => console.error(new Error('shown')));")).toMatch(
      /^0 Error: shown\n {4}at <anonymous> \(main\.ts:2:26\)\n/,
    );
  });

  it('are the lines of the script without a table, or with a damaged one', async () => {
    const { code, lines } = await bundleApp({ entry: project({ 'main.js': "console.log(new Error('x').stack);" }) });
    for (const places of [undefined, Uint8Array.of(0), lines.slice(0, -1), lines.map((byte) => byte | 128)]) {
      const { stdout } = engine.run(code, { lines: true, ...(places ? { places } : {}) });
      expect(stdout).toMatch(/^ {4}at <anonymous> \(app\.js:\d+\)\n\n$/);
    }
  });
});
