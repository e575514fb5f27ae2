/** @file `tn check` and `tn transform`, end to end. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, repository } from '../../../test/project.ts';
import type { Finding } from '../../../transformers/check/finding.ts';
import { rules } from '../../../transformers/check/rules/index.ts';
import { type SarifLog, sarifOf } from '../sarif.ts';
import { scriptFiles } from '../scriptFiles.ts';

let project: Project;

const reads = `import { compileCache, type Tensor } from 'torchnative';

export const norm = compileCache('norm', (x: Tensor) => x.div(x.sum().item()));
`;
const fine = `import { compileCache, type Tensor } from 'torchnative';

export const twice = compileCache('twice', (x: Tensor) => x * 2);
`;

beforeAll(() => {
  project = createProject({
    'src/reads.ts': reads,
    'src/fine.ts': fine,
    'src/inner/noise.tsx': `import { compileCache, type Tensor } from 'torchnative';
export const noise = compileCache('noise', (x: Tensor) => x.add(Math.random()));
`,
    'src/ignored.ts': `/* tn-ignore-file */\n${reads}`,
    'broken.ts': 'export const a = 1;\nexport const b = (;\n',
    'plain.ts': 'export const half = (n: number): number => n / 2;\n',
    'none/readme.txt': 'no script',
    'tsconfig.json': JSON.stringify({
      compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, jsx: 'preserve' },
      include: ['src'],
    }),
    'bad.json': '{ "compilerOptions": ',
  });
});
afterAll(() => project.remove());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function tn(...args: string[]): Ended {
  const { INIT_CWD: _, ...inherited } = process.env;
  const run = spawnSync(process.execPath, [join(repository, 'bin/tn.mjs'), ...args], {
    encoding: 'utf8',
    cwd: project.root,
    env: { ...inherited, NO_COLOR: '1', TN_CACHE_DIR: project.cache },
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

describe('tn check', () => {
  test('prints findings as a compiler does, and ends with 1', () => {
    expect(tn('check', 'src')).toEqual({
      code: 1,
      out: [
        'src/inner/noise.tsx:2:65  not-repeatable  `Math.random()` draws a random number, which native code would repeat (part "noise")',
        '    draw it outside, and pass it in as an argument',
        'src/reads.ts:3:71  reads-value  .item() reads values of a tensor (part "norm")',
        '    keep it a tensor (where, gather, masks), or read it outside the part',
        '',
      ].join('\n'),
      err: '2 findings in 2 files; 3 parts in 4 files checked\n',
    });
  });

  test('nothing found ends with 0, and prints nothing', () => {
    expect(tn('check', 'src/fine.ts', 'plain.ts')).toEqual({
      code: 0,
      out: '',
      err: 'nothing found; 1 part in 2 files checked\n',
    });
  });

  test('takes patterns', () => {
    const inProject = (...names: string[]): string[] =>
      scriptFiles(
        names.map((name) => join(project.root, name)),
        'tn check',
      ).map((path) => path.slice(project.root.length + 1));
    expect(inProject('**/*.tsx')).toEqual(['src/inner/noise.tsx']);
    expect(inProject('src/{fine,reads}.ts', 'src/fine.ts')).toEqual(['src/fine.ts', 'src/reads.ts']);
    expect(inProject('s?c/*.ts')).toEqual(['src/fine.ts', 'src/ignored.ts', 'src/reads.ts']);
    expect(inProject('src')).toEqual(['src/fine.ts', 'src/ignored.ts', 'src/inner/noise.tsx', 'src/reads.ts']);
  });

  test('as JSON, of all files of a tsconfig.json', () => {
    const { code, out } = tn('check', '--json', '-p', '.');
    expect(code).toBe(1);
    const [noise, ...rest] = JSON.parse(out) as Finding[];
    expect(noise).toMatchObject({ file: join(project.root, 'src/inner/noise.tsx'), rule: 'not-repeatable' });
    expect(rest).toEqual([
      {
        file: join(project.root, 'src/reads.ts'),
        line: 3,
        column: 71,
        endLine: 3,
        endColumn: 75,
        rule: 'reads-value',
        message: '.item() reads values of a tensor',
        remedy: 'keep it a tensor (where, gather, masks), or read it outside the part',
        part: 'norm',
      },
    ]);
  });

  test('as SARIF 2.1.0', () => {
    const { code, out } = tn('check', '--sarif', 'src', '-p', 'tsconfig.json');
    expect(code).toBe(1);
    const log = JSON.parse(out) as SarifLog;
    expect(Object.keys(log).sort()).toEqual(['$schema', 'runs', 'version']);
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    expect(run.originalUriBaseIds.SRCROOT.uri).toBe(`${pathToFileURL(project.root).href}/`);
    const { driver } = run.tool;
    expect(driver.rules.map(({ id }) => id)).toEqual(rules.map(({ name }) => name));
    for (const rule of driver.rules) {
      expect(rule.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      // The format asks for sentences.
      expect(rule.shortDescription.text).toMatch(/\.$/);
      expect(rule.help.text).toMatch(/\.$/);
    }
    expect(run.results.map(({ ruleId }) => ruleId)).toEqual(['not-repeatable', 'reads-value']);
    for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
      expect(driver.rules[ruleIndex].id).toBe(ruleId);
      expect(['none', 'note', 'warning', 'error']).toContain(level);
      expect(message.text.length).toBeGreaterThan(10);
      expect(locations).toHaveLength(1);
      const { artifactLocation, region } = locations[0].physicalLocation;
      expect(artifactLocation).toMatchObject({ uri: expect.stringMatching(/^src\/[\w/.]+$/), uriBaseId: 'SRCROOT' });
      expect(region.startLine).toBeGreaterThanOrEqual(1);
      expect(region.startColumn).toBeGreaterThanOrEqual(1);
      expect(region.endLine).toBe(region.startLine);
      expect(region.endColumn).toBeGreaterThan(region.startColumn);
    }
    expect(sarifOf([]).runs[0].results).toEqual([]);
  });

  test.each([
    [['check'], /name files, folders or patterns/],
    [['check', 'missing.ts'], /no such file: missing\.ts/],
    [['check', 'src/*.mts'], /no file matches/],
    [['check', 'none'], /no scripts in the folder: none/],
    [['check', 'none/readme.txt'], /not a TypeScript or JavaScript file/],
    [['check', 'src', '--json', '--sarif'], /exclude each other/],
    [['check', 'src', '-p', 'missing.json'], /no such file: missing\.json/],
    [['check', 'src', '-p', 'bad.json'], /bad\.json: /],
    [['check', 'src', 'broken.ts'], /^broken\.ts:2:19: Expression expected\.$/m],
    [['transform'], /missing required argument/],
    [['transform', 'missing.ts'], /no such file: missing\.ts/],
    [['transform', 'src'], /not a file: src/],
    [['transform', 'src/fine.ts', '--json', '--map'], /--json holds the map already/],
  ] as [string[], RegExp][])('refuses %j in one line', (args, says) => {
    const ended = tn(...args);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(says);
    expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('tn transform', () => {
  test('prints what a file becomes', () => {
    const { code, out, err } = tn('transform', 'src/fine.ts');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('import { __tn } from "torchnative"');
    expect(out).toMatch(/__tn\.mul\(x *, 2\)/);
    expect(out).not.toContain('sourceMappingURL');
  });

  test('with its map', () => {
    const { out } = tn('transform', 'src/fine.ts', '--map');
    const [, map] = /\n\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,(\S+)\n$/.exec(out) ?? [];
    const { sources, mappings } = JSON.parse(Buffer.from(map, 'base64').toString()) as Record<string, unknown>;
    expect(sources).toEqual(['fine.ts']);
    expect(mappings).toMatch(/;/);
  });

  test('as JSON', () => {
    const { code, out } = tn('transform', 'src/fine.ts', '--json');
    expect(code).toBe(0);
    const shown = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(shown)).toEqual(['code', 'map', 'parts', 'dependencies']);
    expect(shown.code).toBe(tn('transform', 'src/fine.ts').out);
    expect(shown.parts).toEqual([{ name: 'twice', line: 3, column: 22 }]);
    expect(shown.dependencies).toEqual([join(project.root, 'src/fine.ts')]);
  });

  test('says when a file stays as it is', () => {
    const text = 'export const half = (n: number): number => n / 2;\n';
    expect(tn('transform', 'plain.ts')).toEqual({ code: 0, out: text, err: 'plain.ts: it stays as it is\n' });
    expect(tn('transform', 'src/ignored.ts')).toMatchObject({ code: 0, err: 'src/ignored.ts: it stays as it is\n' });
    expect(tn('transform', 'broken.ts').err).toBe('broken.ts: it does not parse, and stays as it is\n');
    expect(JSON.parse(tn('transform', 'plain.ts', '--json').out)).toEqual({
      code: text,
      map: null,
      parts: [],
      dependencies: [],
    });
  });
});
