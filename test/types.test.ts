/** @file What the plain compiler says of users' programs: three versions of it, both decorator dialects. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Diagnostic, findCompilers, TypedProject, type Version } from './types/compilers.ts';
import { preamble, type Row, rows } from './types/expressions.ts';

const folder = fileURLToPath(new URL('types/fixtures/', import.meta.url));
const fixtures = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(folder + name, 'utf8')]));

interface Expected {
  readonly line: number;
  readonly codes: readonly string[];
  readonly words: string;
  readonly code: string;
}

const helpers = `
type Same<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false;
declare function exactly<Type>(): <Found>(value: Found) => Same<Type, Found>;
declare function tensorOf<Found>(value: Found): Found extends Tensor ? true : false;
`;

/** The rows as a program, a line each; and the lines that must be refused. */
function expressionProgram(): { readonly text: string; readonly expected: Expected[] } {
  const lines = `${preamble}${helpers}`.split('\n');
  const expected: Expected[] = [];
  const checked = (code: string, type: string): string =>
    type === 'Tensor'
      ? `export const row${lines.length}: true = tensorOf(${code});`
      : `export const row${lines.length}: true = exactly<${type}>()(${code});`;
  for (const { code, gives, instead } of rows) {
    if (typeof gives === 'string') lines.push(checked(code, gives));
    else {
      lines.push(`(${code});`);
      expected.push({ line: lines.length, code, ...expectation(gives.error) });
    }
    if (instead !== undefined) lines.push(checked(instead, 'Tensor'));
  }
  return { text: lines.join('\n'), expected };
}

/** `TS1|TS2 words`: one of the codes, and words that the message has. */
function expectation(text: string): Pick<Expected, 'codes' | 'words'> {
  const [codes, ...words] = text.split(' ');
  return { codes: codes.split('|'), words: words.join(' ') };
}

/** The lines of a fixture that end in `// expect CODE words`. */
function expectedOf(text: string): Expected[] {
  return text.split('\n').flatMap((code, i) => {
    const found = /\/\/ expect (.+)$/.exec(code)?.[1];
    return found === undefined ? [] : [{ line: i + 1, code, ...expectation(found) }];
  });
}

/** Nothing is refused but what is expected, and that with the words that help. */
function compare(found: readonly Diagnostic[], expected: readonly Expected[]): void {
  const wrong = found.filter(({ line }) => !expected.some((one) => one.line === line));
  expect(wrong).toEqual([]);
  for (const { line, codes, words, code } of expected) {
    const errors = found.filter((one) => one.line === line);
    const fits = errors.some((one) => codes.includes(one.code) && one.message.includes(words));
    expect({ code, fits, errors }).toMatchObject({ fits: true });
  }
}

const compilers = findCompilers();
const program = expressionProgram();
const project = new TypedProject({ ...fixtures, 'expressions.ts': program.text });
const versions: readonly Version[] = ['installed', '5.9', '7.0'];

beforeAll(() => project.emitTypings(compilers.get('installed')!));
afterAll(() => project.remove());

describe.each(versions)('TypeScript %s', (version) => {
  const compiler = compilers.get(version);
  const checks = test.skipIf(compiler === undefined).concurrent;
  // Dialects and the opt-in are asked of two versions: each answer takes seconds.
  const more = test.skipIf(compiler === undefined || version === '5.9').concurrent;

  checks('expressions, wrapped functions, TC39 decorators', async () => {
    const files = ['expressions.ts', 'wrapper.ts', 'decorators.ts'];
    const found = await project.check(compiler!, files);
    const of = (file: string): Diagnostic[] => found.filter((one) => one.file === file || one.file === '');
    compare(of('expressions.ts'), program.expected);
    compare(of('wrapper.ts'), expectedOf(fixtures['wrapper.ts']));
    compare(of('decorators.ts'), expectedOf(fixtures['decorators.ts']));
  });

  more('legacy decorators', async () => {
    const found = await project.check(compiler!, ['decorators.ts'], { experimentalDecorators: true });
    compare(found, expectedOf(fixtures['decorators.ts']));
  });

  more('torchnative/operators', async () => {
    compare(await project.check(compiler!, ['optIn.ts']), expectedOf(fixtures['optIn.ts']));
  });
});

test('the rows differ', () => {
  const codes = rows.map((row: Row) => row.code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.length).toBeGreaterThanOrEqual(40);
});
