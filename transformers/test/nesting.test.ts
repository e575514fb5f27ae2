/** @file Deep nesting: told before the parser, which is native code, runs out of stack. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isTooDeep } from '../nesting.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A construct that nests in itself: what opens it, its innermost part, what closes it. */
const constructs: Readonly<Record<string, readonly [open: string, inner: string, close: string]>> = {
  parentheses: ['(', '1', ')'],
  'parentheses that never close': ['(', '1', ''],
  arrays: ['[', '1', ']'],
  objects: ['({ a: ', '1', '})'],
  blocks: ['{', '', '}'],
  conditions: ['if (a) {', '', '}'],
  'conditions without braces': ['if (a)\n', 'b', ''],
  'else-ifs': ['if (a) b; else ', 'c', ''],
  'else-ifs with braces': ['if (a) {} else ', '{}', ''],
  loops: ['for (;;) ', ';', ''],
  labels: ['a: ', '1', ''],
  functions: ['function f() {', '', '}'],
  classes: ['class A { m() {', '', '} }'],
  'arrow functions': ['() => ', '1', ''],
  'arrow functions in parentheses': ['(a => (', '1', '))'],
  calls: ['f(', '1', ')'],
  'calls with commas': ['f(1, ', '1', ')'],
  'optional calls': ['a?.(', '1', ')'],
  chains: ['', 'a', '.b()'],
  indices: ['', 'a', '[0]'],
  sums: ['a + ', 'b', ''],
  powers: ['a ** ', 'b', ''],
  'logical operators': ['a && ', 'b', ''],
  negations: ['!', 'a', ''],
  typeof: ['typeof ', 'a', ''],
  'typeof on lines': ['typeof\n', 'a', ''],
  await: ['await ', 'a', ''],
  new: ['new ', 'A', ''],
  conditionals: ['a ? b : ', 'c', ''],
  assignments: ['a = ', '1', ''],
  templates: ['`${', '1', '}`'],
  'templates with text': ["`don't ${", '1', '} }`'],
  tags: ['', 'a', '`b`'],
  'type arguments': ['let x: A<', 'B', '>'],
  'types after a comma': ['let x: A<B, ', 'B', '>'],
  'conditional types': ['type T = A extends B ? C : ', 'D', ''],
  'function types': ['type T = () => ', 'D', ''],
  unions: ['type T = | A ', '', ''],
  'type literals': ['type T = { a: ', 'D', '}'],
  assertions: ['', 'a', ' as B'],
  'non-null assertions': ['', 'a', '!'],
  elements: ['<a>', 'b', '</a>'],
  'elements on lines': ['<a>\n', 'b', '\n</a>'],
  patterns: ['let [', 'a', '] = b'],
  regex: ['f(/[(]/, ', '1', ')'],
  strings: ["f(')', ", '1', ')'],
};

/** The texts of a construct, from shallow to very deep. */
function texts([open, inner, close]: readonly [string, string, string]): string[] {
  return [300, 1000, 3000, 10_000, 30_000, 100_000].map((depth) => {
    const [first] = /^(?:let x: |let |type T = )?/.exec(open) ?? [''];
    return first + open.slice(first.length).repeat(depth) + inner + close.repeat(depth);
  });
}

/** Parses every text and prints what came of it, in the first thread or in one that has Node's usual stack. */
const script = `
  const { workerData, Worker } = require('node:worker_threads');
  if (workerData) require('tsx/cjs/api').register();
  const path = ${JSON.stringify(join(root, 'transformers/parse.ts'))};
  const run = async (all) => {
    const { parseScript } = workerData ? require(path) : await import(path);
    for (const [name, texts] of Object.entries(all)) {
      const found = texts.map((text) => {
        try {
          return parseScript(text, name.startsWith('elements') ? '/project/a.tsx' : '/project/a.ts') ? 'read' : 'refused';
        } catch (error) {
          if (error instanceof RangeError) return 'deep';
          throw error;
        }
      });
      console.log(name + ': ' + found.join(' '));
    }
  };
  if (workerData) run(workerData.all);
  else {
    const all = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
    if (process.env.WHERE === 'thread') new Worker(process._eval, { eval: true, workerData: { all } });
    else run(all);
  }
`;

describe('nesting', () => {
  it.each(['first', 'thread'])('never ends the process: %s', { timeout: 300_000 }, (where) => {
    const all = Object.fromEntries(Object.entries(constructs).map(([name, parts]) => [name, texts(parts)]));
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: root,
      encoding: 'utf8',
      input: JSON.stringify(all),
      maxBuffer: 1 << 26,
      env: { ...process.env, WHERE: where },
    });
    expect({ status, signal, stderr, last: stdout.trim().split('\n').at(-1) }).toEqual({
      status: 0,
      signal: null,
      stderr: '',
      last: expect.stringMatching(/^strings: /),
    });
    const found = stdout.trim().split('\n');
    expect(found).toHaveLength(Object.keys(constructs).length);
    // Everything is seen for what it is at some depth.
    for (const line of found) expect(line).toMatch(/deep$/);
  });

  it('is told of no file that people write', () => {
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (path) => /^(?:src|transformers|cache|examples|bench|test)\b.*\.ts$/.test(path) && !path.includes('node_modules'),
    );
    expect(sources.length).toBeGreaterThan(300);
    expect(sources.filter((path) => isTooDeep(readFileSync(join(root, path), 'utf8')))).toEqual([]);
  });

  it('is told in minified and in semicolon-free code', () => {
    const functions = 'function f(a){if(a){return a+1}else{return[a,{b:a}]}}'.repeat(2000);
    expect(isTooDeep(functions)).toBe(false);
    const lines = "const a = f(1)\nlet b = 'x'\nif (a) g(b)\nb.c()\n\nexport function h() {\n  return a\n}\n".repeat(
      300,
    );
    expect(isTooDeep(lines)).toBe(false);
    expect(isTooDeep(`[${'1, '.repeat(10_000)}]`)).toBe(false);
    expect(isTooDeep(`const text = \`${'Some words, and (brackets '.repeat(1000)}\``)).toBe(false);
  });
});
