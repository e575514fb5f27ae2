/**
 * @file The cache-hit matrix: what an edit, another runner or another Node costs. A hit is served by native code; a
 * re-capture runs the function once and finds that the compiled code still fits; a recompile needs the compiler.
 *
 * Each kind of edit has a part in a file of its own, so that two runs of the real command try them all.
 */

import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleApp } from '../src/package/bundle/bundle.ts';
import { otherNode } from './otherNode.ts';
import { createProject, type Project, type RunOptions, type RunResult, repository } from './project.ts';

type Verdict = 'hit' | 're-capture' | 'recompile';

/** Doubles, or does something else to, its input: each part gets a graph of its own, so that none shares code. */
const part = (name: string, body: string, head = ''): string =>
  `import { compileCache, Dim, type Tensor } from 'torchnative';\n${head}` +
  `export const run = compileCache('${name}', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor): Tensor => ${body});\n`;

const helper = (name: string, body: string): string =>
  `import type { Tensor } from 'torchnative';\nexport const ${name} = (x: Tensor): Tensor => ${body};\n`;

interface Edit {
  readonly kind: string;
  readonly part: string;
  readonly files: Readonly<Record<string, string>>;
  readonly edit: (project: Project) => void;
  readonly verdict: Verdict;
}

const edits: readonly Edit[] = [
  {
    kind: 'a comment',
    part: 'comment',
    files: { 'comment.ts': part('comment', 'x.add(1).mul(3)') },
    edit: (project) => project.edit('comment.ts', 'x.add(1)', '/* why */ x.add(1 /* one */)'),
    verdict: 'hit',
  },
  {
    kind: 'formatting',
    part: 'format',
    files: { 'format.ts': part('format', "x.add(t['two']).mul(3)", "const t = { 'two': 2 };\n") },
    edit: (project) => {
      project.edit('format.ts', "x.add(t['two'])", '(\n    x\n      .add(t["two"],)\n  )');
      project.edit('format.ts', "const t = { 'two': 2 };", 'const t = {\n  two: 2.0,\n}');
    },
    verdict: 'hit',
  },
  {
    kind: 'a local variable renamed',
    part: 'rename',
    files: { 'rename.ts': part('rename', '{ const before = x.add(3); return before.mul(3); }') },
    edit: (project) => {
      project.edit('rename.ts', 'const before', 'const sum');
      project.edit('rename.ts', 'return before', 'return sum');
    },
    verdict: 're-capture',
  },
  {
    kind: 'a file moved',
    part: 'move',
    files: {
      'move.ts': part('move', 'shifted(x).mul(3)', "import { shifted } from './shifted.ts';\n"),
      'shifted.ts': helper('shifted', 'x.add(4)'),
    },
    edit: (project) => {
      mkdirSync(join(project.root, 'deep/er'), { recursive: true });
      renameSync(join(project.root, 'move.ts'), join(project.root, 'deep/moved.ts'));
      renameSync(join(project.root, 'shifted.ts'), join(project.root, 'deep/er/shift.ts'));
      project.edit('deep/moved.ts', './shifted.ts', './er/shift.ts');
      project.edit('main.ts', './move.ts', './deep/moved.ts');
    },
    verdict: 'hit',
  },
  {
    kind: 'a helper changed',
    part: 'helper',
    files: {
      'helper.ts': part('helper', 'near(x).mul(3)', "import { near } from './near.ts';\n"),
      'near.ts': "export { far as near } from './far.ts';\n",
      'far.ts': helper('far', 'x.add(5)'),
    },
    edit: (project) => project.edit('far.ts', 'x.add(5)', 'x.sub(5).mul(5)'),
    verdict: 'recompile',
  },
  {
    kind: 'a helper written differently',
    part: 'same',
    files: {
      'same.ts': part('same', 'close(x).mul(3)', "import { close } from './close.ts';\n"),
      'close.ts': helper('close', 'x.add(6)'),
    },
    edit: (project) => project.edit('close.ts', '=> x.add(6)', '=> { return x.add(6); }'),
    verdict: 're-capture',
  },
  {
    kind: 'a constant changed',
    part: 'constant',
    files: {
      'constant.ts': part('constant', 'x.add(table.k).mul(3)', "import * as table from './table.ts';\n"),
      'table.ts': 'export const k = 7;\nexport const other = 1;\n',
    },
    edit: (project) => project.edit('table.ts', 'k = 7', 'k = 70'),
    verdict: 'recompile',
  },
  {
    kind: 'an unused function changed',
    part: 'unused',
    files: {
      'unused.ts': part('unused', 'used(x).mul(3)', "import { used } from './some.ts';\n"),
      'some.ts': `${helper('used', 'x.add(8)')}export const idle = (x: Tensor): Tensor => x.add(9);\n`,
    },
    edit: (project) => project.edit('some.ts', 'x.add(9)', 'x.sub(10)'),
    verdict: 'hit',
  },
  {
    kind: "a dependency's version",
    part: 'dependency',
    files: {
      'dependency.ts': part('dependency', 'x.add(nine).mul(3)', "import { nine } from 'dep';\n"),
      'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0", "type": "module", "main": "index.js" }',
      'node_modules/dep/index.js': 'export const nine = 9;\n',
    },
    edit: (project) => project.edit('node_modules/dep/package.json', '1.0.0', '1.0.1'),
    verdict: 're-capture',
  },
];

const main = `import { partReports, tensor } from 'torchnative';
${edits.map(({ part: name }) => `import { run as ${name} } from './${name}.ts';`).join('\n')}
const out: Record<string, unknown> = {};
for (const [name, run] of Object.entries({ ${edits.map(({ part: name }) => name).join(', ')} })) {
  out[name] = run(tensor([0, 1])).tolist();
}
console.log(JSON.stringify({ out, reports: Object.fromEntries(partReports()) }));
`;

interface Outcome {
  readonly out: Readonly<Record<string, unknown>>;
  readonly reports: Readonly<Record<string, { native: number; captured: number; eager: number }>>;
  readonly compiled: ReadonlySet<string>;
}

function read({ stdout, stderr, status }: RunResult): Outcome {
  if (status !== 0) throw new Error(`exit ${status}\n${stderr}\n${stdout}`);
  const compiled = new Set([...stderr.matchAll(/"([^"]+)" [0-9a-f]{12}: compiling/g)].map((match) => match[1]));
  return { ...(JSON.parse(stdout.trim().split('\n').at(-1) as string) as Outcome), compiled };
}

function verdictOf({ reports, compiled }: Outcome, name: string): Verdict | string {
  const { native, captured, eager } = reports[name];
  if (native === 1 && captured + eager === 0 && !compiled.has(name)) return 'hit';
  if (captured === 1 && native + eager === 0) return compiled.has(name) ? 'recompile' : 're-capture';
  return `${native} native, ${captured} captured, ${eager} eager`;
}

const debug = { env: { TN_DEBUG: '1' } };
const command = join(repository, 'bin/tn.mjs');

let project: Project;
let first: Outcome;
let second: Outcome;
/** The command shows the project that it is called in. */
let cli: RunOptions;
/** `tn cache ls --json`: part → its entries, before and after the edits. */
let before: ReadonlyMap<string, readonly string[]>;
let after: ReadonlyMap<string, readonly string[]>;

async function entries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { stdout, stderr, status } = await project.node([command, 'cache', 'ls', '--json'], cli);
  if (status !== 0) throw new Error(stderr);
  const map = new Map<string, string[]>();
  for (const row of JSON.parse(stdout) as { part: string; entry: string; status: string }[]) {
    expect([row.part, row.status]).toEqual([row.part, 'native']);
    map.set(row.part, [...(map.get(row.part) ?? []), row.entry].sort());
  }
  return map;
}

beforeAll(async () => {
  project = createProject({ 'main.ts': main, ...Object.assign({}, ...edits.map(({ files }) => files)) });
  cli = { env: { INIT_CWD: project.root } };
  first = read(await project.tn('main.ts', debug));
  before = await entries();
  for (const { edit } of edits) edit(project);
  second = read(await project.tn('main.ts', debug));
  after = await entries();
});
afterAll(() => project.remove());

test('the first run captures and compiles everything', () => {
  for (const { part: name } of edits) expect([name, verdictOf(first, name)]).toEqual([name, 'recompile']);
  expect([...before].map(([name, ids]) => [name, ids.length]).sort()).toEqual(edits.map((e) => [e.part, 1]).sort());
});

describe('edits', () => {
  test.each(edits)('$kind: $verdict', ({ part: name, verdict }) => {
    expect(verdictOf(second, name)).toBe(verdict);
    const [old] = before.get(name) ?? [];
    expect(after.get(name)).toContain(old);
    expect(after.get(name)).toHaveLength(verdict === 'hit' ? 1 : 2);
    const same = JSON.stringify(second.out[name]) === JSON.stringify(first.out[name]);
    expect(same).toBe(verdict !== 'recompile');
  });
});

/** Every part is served by the entries that `tn run` made. */
function expectHits(result: RunResult): void {
  const outcome = read(result);
  for (const { part: name } of edits) expect([name, verdictOf(outcome, name)]).toEqual([name, 'hit']);
  expect(outcome.out).toEqual(second.out);
}

describe('other ways to run it: hit', () => {
  const hook = ['--import', 'torchnative/register'];
  const tsx = ['--import', join(repository, 'node_modules/tsx/dist/loader.mjs')];
  const runners: [string, readonly string[]][] = [
    ['the register hook', hook],
    ['the register hook after tsx', [...tsx, ...hook]],
    ['the register hook before tsx', [...hook, ...tsx]],
  ];
  test.each(runners)('%s', async (_, flags) => {
    expectHits(await project.node([...flags, 'main.ts'], debug));
  });

  test('built by vite', async () => {
    project.write(
      'vite.mjs',
      `import { build } from ${JSON.stringify(join(repository, 'node_modules/vite/dist/node/index.js'))};
import { torchnative } from 'torchnative/vite';
await build({ configFile: false, logLevel: 'error', plugins: [torchnative()], ssr: { external: ['torchnative'] },
  build: { ssr: 'main.ts', outDir: 'built/vite' } });
`,
    );
    const built = await project.node(['vite.mjs']);
    expect([built.status, built.stderr]).toEqual([0, expect.anything()]);
    expectHits(await project.node([join('built/vite', 'main.js')], debug));
  });

  test('built by tn build', async () => {
    const options = {
      target: 'es2022',
      module: 'nodenext',
      rewriteRelativeImportExtensions: true,
      skipLibCheck: true,
      types: [],
    };
    project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['main.ts', 'types.d.ts'] }));
    const names = ['Dim', 'compileCache', 'partReports', 'tensor'];
    const any = names.map((name) => `export const ${name}: any;`).join(' ');
    project.write(
      'types.d.ts',
      `declare module 'torchnative' { ${any} export type Tensor = any; }\ndeclare module 'dep' { export const nine: number; }`,
    );
    symlinkSync(join(repository, 'node_modules/typescript'), join(project.root, 'node_modules/typescript'));
    const built = await project.node([command, 'build', '--outDir', 'built/tsc'], cli);
    expect([built.status, built.stderr]).toEqual([0, expect.anything()]);
    expectHits(await project.node([join('built/tsc', 'main.js')], debug));
  });

  test('another Node', async ({ skip }) => {
    const node = otherNode();
    if (node === null) skip('no other Node here, and no registry that has one');
    else expectHits(await project.exec(node, ['--import', 'torchnative/register', 'main.ts'], debug));
  });

  test('packaged', async () => {
    // What an executable runs; test/app.test.ts makes and runs whole ones.
    const { code } = await bundleApp({ entry: join(project.root, 'main.ts') });
    const { stdout } = await project.node([command, 'cache', 'ls', '--json'], cli);
    const rows = JSON.parse(stdout) as { part: string; entry: string; model: string; created: string }[];
    const newest = rows.sort((a, b) => (a.created < b.created ? 1 : -1));
    for (const { part: name } of edits) {
      const { model, entry } = newest.find((row) => row.part === name) ?? { model: '', entry: '' };
      const manifest = readFileSync(join(dirname(model), `${name}.${entry}`, 'manifest.json'), 'utf8');
      const { meaning } = (JSON.parse(manifest) as { source: { meaning: string } }).source;
      const baked = new RegExp(`compileCache\\("${name}",.*?source:\\s*"([0-9a-f]{64})"`, 's').exec(code)?.[1];
      expect([name, baked]).toEqual([name, meaning]);
    }
  });

  test('no other entry has been made', async () => {
    expect(await entries()).toEqual(after);
  });
});
