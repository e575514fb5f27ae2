/** @file Small programs with known answers: what is found in them, and that a real run agrees. */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ops } from '../../../src/ops/index.ts';
import { createProject, type Project, repository } from '../../../test/project.ts';
import { type CheckResult, checkFiles } from '../check.ts';
import { rules } from '../rules/index.ts';
import { uncompiledFunctions } from '../rules/notCompiled.ts';
import { header, type Program, programs } from './programs.ts';

/** No compiler: a capture ends with its record. */
const uncompiled = { env: { TN_CC: '/nonexistent/cc' } };

let project: Project;
let result: CheckResult;

const fileOf = ({ name }: Program): string => `${name.replaceAll(' ', '-')}.ts`;
const filesOf = (program: Program): [string, string][] => [
  [fileOf(program), `${header}${program.code}\n`],
  ...Object.entries(program.files ?? {}),
];

beforeAll(() => {
  project = createProject({});
  for (const program of programs) for (const [name, text] of filesOf(program)) project.write(name, text);
  result = checkFiles(programs.map((program) => join(project.root, fileOf(program))));
});
afterAll(() => project.remove());

/** `file:line:column rule` of each marker. */
function expected(program: Program): string[] {
  return filesOf(program)
    .flatMap(([name, text]) =>
      text
        .split('\n')
        .flatMap((line, i) =>
          [...line.matchAll(/\/\*([a-z-]+)\*\//g)].map(
            (marker) => `${name}:${i + 1}:${marker.index + marker[0].length + 1} ${marker[1]}`,
          ),
        ),
    )
    .sort();
}

test('the programs are read', () => {
  expect(programs.length).toBeGreaterThanOrEqual(40);
  expect(result).toMatchObject({ problems: [], untyped: null });
  expect(result.parts).toBeGreaterThanOrEqual(programs.length);
});

describe('what is found', () => {
  test.each(programs)('$name', (program) => {
    const files = filesOf(program).map(([name]) => join(project.root, name));
    const found = result.findings
      .filter(({ file }) => files.includes(file))
      .map(({ file, line, column, rule }) => `${file.slice(project.root.length + 1)}:${line}:${column} ${rule}`);
    expect(found.sort()).toEqual(expected(program));
  });

  test('every rule has a program', () => {
    const found = new Set(result.findings.map(({ rule }) => rule));
    expect(rules.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
  });

  test('each says what, and what to do', () => {
    for (const { message, remedy, endLine, line, endColumn, column } of result.findings) {
      expect(message).toMatch(/^\S[^\n]*[^.\s]$/);
      expect(remedy).toMatch(/^\S[^\n]*[^.\s]$/);
      expect(endLine > line || endColumn > column).toBe(true);
    }
  });
});

interface Verdict {
  readonly name: string;
  readonly threw: string | null;
  readonly captured: number;
}

test('a real run agrees', async () => {
  const list = programs.map((program) => [program.name, `./${fileOf(program)}`]);
  project.write(
    'main.ts',
    `import { partReports } from 'torchnative';
const verdicts: unknown[] = [];
for (const [name, file] of ${JSON.stringify(list)}) {
  let threw: string | null = null;
  const before = partReports().size;
  try {
    await import(file);
  } catch (error) {
    threw = String((error as Error).message);
  }
  const reports = [...partReports().values()].slice(before);
  verdicts.push({ name, threw, captured: reports.reduce((sum, { captured }) => sum + captured, 0) });
}
console.log(JSON.stringify(verdicts));
`,
  );
  const { stdout, stderr, status } = await project.tn('main.ts', uncompiled);
  expect(status, stderr).toBe(0);
  const verdicts = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Verdict[];
  const seen = verdicts.map(({ name, threw, captured }) => [
    name,
    threw?.startsWith('compileCache') ? 'throws' : (threw ?? (captured > 0 ? 'captured' : 'eager')),
  ]);
  expect(seen).toEqual(programs.map(({ name, run }) => [name, run === 'uncompiled' ? 'captured' : run]));
  // Where nothing is found, the part is captured; where something is, it is not, or not as it is meant.
  for (const program of programs) {
    if (program.run !== 'captured' && program.name !== 'left alone on purpose') {
      expect(expected(program), program.name).not.toEqual([]);
    }
  }
  // Where a capture gives up at a line of the part's own, that is the line of a finding.
  const places = [
    ...stderr.matchAll(/runs eagerly: .*(?:reads a value|draws|neither|was used).*, at .*?([\w-]+\.ts:\d+):/g),
  ];
  expect(places.length).toBeGreaterThan(20);
  const lines = new Set(result.findings.map(({ file, line }) => `${basename(file)}:${line}`));
  expect(places.map(([, place]) => place).filter((place) => !lines.has(place))).toEqual(['left-alone-on-purpose.ts:4']);
  const tn = join(repository, 'bin/tn.mjs');
  const compiled = await project.node([tn, 'cache', 'compile', 'cumsum'], { env: { INIT_CWD: project.root } });
  expect(compiled.status, compiled.stderr).toBe(1);
  expect(compiled.stderr + compiled.stdout).toMatch(/cumsum/);
});

test('the functions without a compiled form are those of the table of operations', () => {
  const features = readFileSync(join(repository, 'FEATURES.md'), 'utf8');
  const eager = Object.values(ops).filter(({ lower, effects }) => lower === 'eager' && effects !== 'random');
  expect(eager.map(({ name }) => name).sort()).toEqual(['cumsum', 'sort']);
  for (const { name } of eager) {
    expect(uncompiledFunctions.has(name)).toBe(true);
    expect(features).toContain(`| \`${name}\` |`);
  }
});

test('nothing is found in the examples', () => {
  const examples = [
    'hello.ts',
    'embed/model.ts',
    'whisper/main.ts',
    'whisper/model.ts',
    'whisper/mel.ts',
    'whisper/rules.ts',
  ];
  const { findings, parts } = checkFiles(
    examples.map((name) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url))),
  );
  expect(findings).toEqual([]);
  expect(parts).toBeGreaterThanOrEqual(7);
});
