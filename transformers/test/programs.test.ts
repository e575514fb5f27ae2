/** @file Programs of every syntax: each is compiled by esbuild as it is and transformed, and must do the same. */

import { readdirSync, readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transform } from '../core.ts';
import { createProject, type Project } from './project.ts';

interface Program {
  readonly name: string;
  readonly extension: string;
  readonly isLegacy: boolean;
  readonly source: string;
}

const folder = new URL('./programs/', import.meta.url);

/** `=== name [.extension] [legacy]`, and the program below it. */
function readPrograms(file: string): Program[] {
  const [, ...pieces] = readFileSync(new URL(file, folder), 'utf8').split(/^=== /m);
  return pieces.map((piece) => {
    const end = piece.indexOf('\n');
    const [, name, extension = '.ts', legacy] = /^(.*?)(?: (\.[a-z]+))?( legacy)?$/.exec(piece.slice(0, end)) ?? [];
    const body = piece.slice(end + 1);
    const source = body.startsWith('#!') ? body : `import 'torchnative';\n${body}`;
    return { name: `${file} ${name}`, extension, isLegacy: legacy !== undefined, source };
  });
}

const line = "import 'torchnative'; const n = 2;";
const encodings: readonly Program[] = [
  ['a byte order mark', `\ufeff${line} out(n + 1);`],
  [
    'lines of Windows',
    `${line}\r\n'use strict';\r\nlet s = 0\r\nfor (let i = 0; i < n; i++)\r\n  s += i\r\nout(s, \`a\r\nb\`)\r\n`,
  ],
  ['lines of old Macs', `${line}\rout(n * 2) // c\rout(-n)`],
  ['separators of lines in texts', `${line} out('\u2028' + n, "\u2029".length - 1);\u2028out(n - 1)`],
  ['a file without a last line', `${line} out(n + 1) // end`],
  ['tabs, vertical tabs and no-break spaces', `${line}\tout(n\u00a0+\v1,\fn\u00a0-n,\ufeff-n)`],
  ['lone surrogates in texts and comments', `${line} /* \ud83d */ out('\ude00'.length + n, '\ud83d' + n);`],
  ['null bytes in texts', `${line} out('\0a'.length + n);`],
  ['private characters, which marks are made of', `${line} out('\ue000\ue001' + n, -n);`],
  ['a map of its own', `${line} out(n + 1);\n//# sourceMappingURL=nothing.js.map`],
].map(([name, source]) => ({ name: `encodings ${name}`, extension: '.ts', isLegacy: false, source: source as string }));

const programs = [
  ...readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .flatMap(readPrograms),
  ...encodings,
];

const runner = `
globalThis.results = [];
const { readFileSync } = await import('node:fs');
for (const name of JSON.parse(readFileSync('names.json', 'utf8'))) {
  const lines = [];
  globalThis.out = (...values) => { lines.push(values); };
  try { await import('./' + name); } catch (error) { lines.push(['threw', error.constructor.name, String(error)]); }
  results.push([name, lines]);
}
const show = (key, value) =>
  typeof value === 'bigint' ? value + 'n' : value === undefined ? 'undefined' :
  typeof value === 'function' ? 'function' : typeof value === 'symbol' ? String(value) :
  Object.is(value, -0) ? '-0' : typeof value === 'number' ? String(value) : value;
process.stdout.write(JSON.stringify(results, (key, value) => (key === '' || Array.isArray(value) ? value : show(key, value))));
`;

describe('programs', () => {
  let project: Project;
  const results = new Map<string, string>();

  const compile = (code: string, { extension, isLegacy }: Program): string =>
    transformSync(code, {
      loader: /x$/.test(extension) ? 'tsx' : /js$/.test(extension) ? 'jsx' : 'ts',
      format: 'esm',
      target: 'node20',
      supported: { 'import-attributes': true },
      logLevel: 'silent',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: isLegacy, useDefineForClassFields: true } },
    }).code;

  beforeAll(() => {
    project = createProject({ 'data.json': '{ "n": 1 }', 'runner.mjs': runner });
    const names: string[] = [];
    programs.forEach((program, i) => {
      const transformed = transform(program.source, project.path(`p${i}${program.extension}`));
      expect(transformed, program.name).toBeDefined();
      for (const [kind, code] of [
        ['before', program.source],
        ['after', transformed?.code ?? ''],
      ]) {
        const name = `${kind}${i}.mjs`;
        try {
          project.write(name, compile(code as string, program));
        } catch (error) {
          throw new Error(`${kind} ${program.name}: ${(error as Error).message}`);
        }
        names.push(name);
      }
    });
    project.write('names.json', JSON.stringify(names));
    const { stdout, stderr } = project.node('runner.mjs');
    expect(stdout, stderr).not.toBe('');
    for (const [name, lines] of JSON.parse(stdout) as [string, unknown][])
      results.set(name, JSON.stringify(lines, null, 1));
  });
  afterAll(() => project.remove());

  it('are many', () => {
    expect(programs.length).toBeGreaterThanOrEqual(180);
  });

  it.each(programs.map(({ name }, i) => [name, i] as const))('%s', (name, i) => {
    const expected = results.get(`before${i}.mjs`);
    expect(results.get(`after${i}.mjs`)).toBe(expected);
    // A program that says nothing, or only that it failed, tests nothing.
    expect(expected).not.toContain('"threw"');
    if (!name.endsWith('types only')) expect(expected).not.toBe('[]');
  });
});
