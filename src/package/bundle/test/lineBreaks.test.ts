/** @file Line breaks of packaged programs never change what a script says: real code, minified, has the same tree with them. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { children, type Node } from '../../../../transformers/ast.ts';
import { parseScript } from '../../../../transformers/parse.ts';
import { lineBreaks } from '../lineBreaks.ts';
import { engineFeatures, engineTarget } from '../target.ts';
import { type Insertion, withoutTrace } from '../untraced.ts';

const require = createRequire(import.meta.url);

function minified(code: string): string {
  return transformSync(code, {
    target: engineTarget,
    supported: engineFeatures,
    minifyWhitespace: true,
    minifySyntax: true,
    charset: 'utf8',
  }).code;
}

function parsed(code: string): Node {
  const { program } = parseScript(code, 'app.mjs') ?? {};
  if (!program) throw new Error(`no script: ${code.slice(0, 500)}`);
  return program;
}

/** The tree without positions. */
function tree(code: string): string {
  return JSON.stringify(parsed(code), (key, value: unknown) =>
    key === 'start' || key === 'end' || key === 'range' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}

function inserted(code: string, insertions: readonly Insertion[]): string {
  let text = '';
  let written = 0;
  for (const { at, text: piece } of insertions) {
    text += code.slice(written, at) + piece;
    written = at;
  }
  return text + code.slice(written);
}

const broken = (code: string): string =>
  inserted(
    code,
    children(parsed(code), 'body').flatMap((statement) =>
      lineBreaks(code, statement).map(({ at }) => ({ at, text: '\n' })),
    ),
  );

test.each(['esbuild', '@jridgewell/trace-mapping', 'protobufjs/dist/protobuf.js', 'ts-morph'])('%s', (name) => {
  const code = minified(readFileSync(require.resolve(name), 'utf8'));
  const text = broken(code);
  expect(text.split('\n').length).toBeGreaterThan(code.split('\n').length + code.length / 50);
  expect(tree(text) === tree(code)).toBe(true);
});

test('breaks stand where a line may end', () => {
  const code = minified(`
    async function* all(a, b) { for await (const x of b) { yield x; yield* a; yield a.b; await a; } return a }
    const f = async (x = a) => x, g = async x => x.y, { p = q.r, [s.t]: u, ...v } = w;
    label: for (let i = 0; i < n; i++) { if (i) continue label; else break label; throw new E }
    class A extends B { static #x = y; get z() { return this.#x } static set = 1; 'get' = 2; async async() {} [k]() {} }
    let of = async, get = { get, set: yield_, async };
    a++; ++b; -- c.d; x = y
    ;[1].map(z); \`\${q}\${r(s)}\`; t\`u\${v}\`; (1, w.x)(); new (y())(z); new A.b; new c[d]; e?.f?.[g]?.(h); import('i');
    if (a) ; else do b(); while (c) switch (d) { case e: default: f }
    return_: { var yield_ = typeof a, _return = void b; delete c.return.throw }
  `);
  const text = broken(code);
  expect(tree(text)).toBe(tree(code));
  expect(text).not.toMatch(/(?<!\.)\b(?:return|throw|yield|break|continue|async) *\n/);
});

test('functions without lines are told so, whatever their bodies', () => {
  const code =
    'const f=a=>({b:a}),g=async()=>(a,b=>c);function h(){return()=>1}class K{m(){}get x(){return()=>2}y=()=>z}';
  const insertions = children(parsed(code), 'body').flatMap((statement) => withoutTrace(statement));
  expect(inserted(code, insertions)).toBe(
    'const f=a=>{"use strip";return ({b:a})},g=async()=>{"use strip";return (a,b=>c)};function h(){"use strip";return()=>1}' +
      'class K{m(){"use strip";}get x(){"use strip";return()=>2}y=()=>{"use strip";return z}}',
  );
});
