/**
 * @file What makes a part be captured again, and what does not: a project is edited between runs of real processes.
 *
 * Each part stands in a file of its own, so that many edits are tried by one run. A line of the table says what was
 * changed, and what its calls must do in the next process: served by native code, captured again, compiled or not.
 */

import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, type RunResult, repository } from './project.ts';

const head = `import { compileCache, Dim, nn, tensor, type Tensor } from 'torchnative';`;

const files: Record<string, string> = {
  'main.ts': `import { partReports, tensor } from 'torchnative';
import { viaHelper } from './helper-part.ts';
import { commented } from './commented.ts';
import { renamed } from './renamed.ts';
import { takesShape, Square } from './takes-shape.ts';
import { Wide } from './wide.ts';
import { closes } from './closes.ts';
import { viaLet } from './let-part.ts';
import { setScale } from './let-helper.ts';
import { viaConfig } from './config-part.ts';
import { viaImport } from './import-part.ts';
import { Unit as UnitA } from './unit-a.ts';
import { Unit as UnitB } from './unit-b.ts';
import { takesUnit } from './takes-unit.ts';
import { weighted, Weighted } from './weighted.ts';
import { typed } from './typed.ts';
import { viaNN } from './nn-part.ts';
import { branches } from './branch.ts';

const step = process.env.STEP ?? '0';
const out: Record<string, unknown> = {};
const note = (name: string, value: unknown): void => { out[name] = (value as { tolist(): unknown }).tolist(); };
const x = tensor([1, 2]);
note('helper', viaHelper(x));
note('commented', commented(x));
note('renamed', renamed(x));
note('shape', takesShape(step === '0' ? new Square() : new Wide(), x));
note('closes', closes(x));
setScale(Number(process.env.SCALE ?? 2));
note('let', viaLet(x));
note('config', viaConfig(x));
note('import', viaImport(x));
note('unitA', takesUnit(new UnitA(), x));
note('unitB', takesUnit(new UnitB(), x));
note('weighted', weighted(new Weighted(Number(process.env.WEIGHT ?? 3)), tensor([[1, 2]])));
note('typed', typed(x));
note('nn', viaNN(tensor([[1, 3]])));
note('three', branches(tensor([1, 2, 3, 4]), tensor([7])));
note('other', branches(tensor([1, 2, 3]), tensor([7])));
console.log(JSON.stringify({ out, reports: Object.fromEntries(partReports()) }));
`,
  'helper-part.ts': `${head}
import { scaled } from './helper.ts';
export const viaHelper = compileCache('helper', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor) => scaled(x));
`,
  'helper.ts': `import { twice } from './deep.ts';
export const scaled = <T extends { mul(k: number): T }>(x: T): T => twice(x);
`,
  'deep.ts': `export const twice = <T extends { mul(k: number): T }>(x: T): T => x.mul(2);\n`,
  'commented.ts': `${head}
export const commented = compileCache('commented', (x: Tensor) => x.add(1));
`,
  'renamed.ts': `${head}
export const renamed = compileCache('renamed', (x: Tensor) => { const before = x.add(4); return before.mul(5); });
`,
  'takes-shape.ts': `${head}
export class Square { side = 2; area(x: Tensor): Tensor { return x.mul(this.side * this.side); } }
export const takesShape = compileCache('shape', (shape: Square, x: Tensor) => shape.area(x));
`,
  'wide.ts': `import type { Tensor } from 'torchnative';
import { Square } from './takes-shape.ts';
export class Wide extends Square { override area(x: Tensor): Tensor { return x.mul(this.side * 10); } }
`,
  'closes.ts': `${head}
const factor = Number(process.env.FACTOR ?? 2);
let later = 1;
const inner = compileCache('closes', (x: Tensor) => x.mul(factor).add(later));
export const closes = (x: Tensor): Tensor => { later = 1; inner(x); later = 7; return inner(x); };
`,
  'let-part.ts': `${head}
import { byScale } from './let-helper.ts';
export const viaLet = compileCache('let', (x: Tensor) => byScale(x));
`,
  'let-helper.ts': `let scale = 1;
export const setScale = (value: number): void => { scale = value; };
export const byScale = <T extends { mul(k: number): T }>(x: T): T => x.mul(scale);
export const isThree = (n: number): boolean => n === 3;
`,
  'branch.ts': `${head}
import { isThree } from './let-helper.ts';
export const branches = compileCache('branch', { inputMatchers: { x: { 0: Dim('n') }, y: { 0: Dim('m') } } },
  (x: Tensor, y: Tensor) => (isThree(x.size(0) - y.size(0)) ? x.sum() : y.sum()));
`,
  'config-part.ts': `${head}
class Config { eps = Number(process.env.EPS ?? 1); names = new Map([['a', 1]]); }
const config = new Config();
export const viaConfig = compileCache('config', (x: Tensor) => x.add(config.eps));
`,
  'import-part.ts': `${head}
import { offset } from './import-helper.ts';
export const viaImport = compileCache('import', (x: Tensor) => x.add(offset));
`,
  'import-helper.ts': `export let offset = Number(process.env.OFFSET ?? 1);\n`,
  'unit-a.ts': `import type { Tensor } from 'torchnative';
export class Unit { k = 2; apply(x: Tensor): Tensor { return x.mul(this.k); } }
`,
  'unit-b.ts': `import type { Tensor } from 'torchnative';
export class Unit { k = 2; apply(x: Tensor): Tensor { return x.add(this.k); } }
`,
  'takes-unit.ts': `${head}
export const takesUnit = compileCache('unit', (unit: { apply(x: Tensor): Tensor }, x: Tensor) => unit.apply(x));
`,
  'weighted.ts': `${head}
export class Weighted extends nn.Module {
  readonly w: Tensor;
  constructor(value: number) { super(); this.w = this.registerBuffer('w', tensor([[value, 0], [0, value]])); }
}
export const weighted = compileCache('weighted', (m: Weighted, x: Tensor) => x.matmul(m.w));
`,
  'typed.ts': `${head}
interface Options { readonly bias: number }
export const typed = compileCache('typed', (x: Tensor, options?: Options) => x.add(options?.bias ?? 3));
`,
  'nn-part.ts': `${head}
const norm = new nn.LayerNorm(2);
class Normed extends nn.Module {
  readonly norm = norm;
  @compileCache('nn', { inputMatchers: { x: { 0: Dim('n') } } })
  forward(x: Tensor): Tensor { return this.norm.forward(x); }
}
const normed = new Normed();
export const viaNN = (x: Tensor): Tensor => normed.forward(x);
`,
};

interface Outcome {
  readonly out: Record<string, unknown>;
  readonly reports: Record<string, { native: number; captured: number; eager: number }>;
  /** Parts whose graphs the compiler was run for. */
  readonly compiled: ReadonlySet<string>;
  readonly stderr: string;
}

function read({ stdout, stderr, status }: RunResult): Outcome {
  if (status !== 0) throw new Error(`exit ${status}\n${stderr}\n${stdout}`);
  const compiled = new Set([...stderr.matchAll(/"([^"]+)" [0-9a-f]{12}: compiling/g)].map((match) => match[1]));
  return { ...(JSON.parse(stdout.trim().split('\n').at(-1) as string) as Outcome), compiled, stderr };
}

const debug = { TN_DEBUG: '1' };
const how = ({ reports, compiled }: Outcome, part: string): string => {
  const { native, captured, eager } = reports[part];
  return `${native} native, ${captured} captured, ${eager} eager${compiled.has(part) ? ', compiled' : ''}`;
};

describe('between two processes', () => {
  let project: Project;
  let first: Outcome;
  let second: Outcome;
  let third: Outcome;

  beforeAll(async () => {
    project = createProject(files);
    first = read(await project.tn('main.ts', { env: debug }));
    project.edit('deep.ts', 'mul(2)', 'mul(3)');
    project.edit('commented.ts', 'x.add(1)', '/* more */ x\n    .add(1) // one\n');
    project.edit(
      'renamed.ts',
      'const before = x.add(4); return before.mul(5)',
      'const sum = x.add(4); return sum.mul(5)',
    );
    project.edit(
      'typed.ts',
      'interface Options { readonly bias: number }',
      'interface Options { readonly bias: number; readonly other?: string }',
    );
    const env = { ...debug, STEP: '1', FACTOR: '3', SCALE: '5', EPS: '9', OFFSET: '6', WEIGHT: '4' };
    second = read(await project.tn('main.ts', { env }));
    project.edit('wide.ts', 'this.side * 10', 'this.side * 100');
    project.edit('unit-b.ts', 'k = 2', 'k = 20');
    third = read(await project.tn('main.ts', { env: { ...debug, STEP: '2' } }));
  });
  afterAll(() => project.remove());

  test('the first run captures and compiles', () => {
    expect(first.out).toMatchObject({
      helper: [2, 4],
      commented: [2, 3],
      renamed: [25, 30],
      shape: [4, 8],
      closes: [9, 11],
      let: [2, 4],
      config: [2, 3],
      import: [2, 3],
      unitA: [2, 4],
      unitB: [3, 4],
      weighted: [[3, 6]],
      typed: [4, 5],
    });
    for (const part of Object.keys(first.reports))
      expect([part, how(first, part)]).toEqual([part, expect.stringMatching(/^0 native, [12] captured, 0 eager/)]);
  });

  // What was changed; its part; the value wanted; what the part's calls did.
  const table: [string, string, string, unknown, string][] = [
    ['a helper two files away is edited', 'helper', 'helper', [3, 6], '0 native, 1 captured, 0 eager, compiled'],
    ['comments and layout', 'commented', 'commented', [2, 3], '1 native, 0 captured, 0 eager'],
    ['a local variable gets another name', 'renamed', 'renamed', [25, 30], '0 native, 1 captured, 0 eager'],
    ['a type gets another field', 'typed', 'typed', [4, 5], '1 native, 0 captured, 0 eager'],
    [
      'a subclass from another file is handed in',
      'shape',
      'shape',
      [20, 40],
      '0 native, 1 captured, 0 eager, compiled',
    ],
    ['numbers closed over', 'closes', 'closes', [10, 13], '0 native, 2 captured, 0 eager, compiled'],
    ['a variable hidden in a helper file', 'let', 'let', [5, 10], '0 native, 1 captured, 0 eager, compiled'],
    ['a field of an object closed over', 'config', 'config', [10, 11], '0 native, 1 captured, 0 eager, compiled'],
    ['a variable that a helper file exports', 'import', 'import', [7, 8], '0 native, 1 captured, 0 eager, compiled'],
    ['other weights of the same shape', 'weighted', 'weighted', [[4, 8]], '1 native, 0 captured, 0 eager'],
    ['nothing: two classes of one name', 'unitA', 'unit', [2, 4], '2 native, 0 captured, 0 eager'],
    ['nothing: two classes of one name', 'unitB', 'unit', [3, 4], '2 native, 0 captured, 0 eager'],
    ['nothing: a layer of ours', 'nn', 'nn', expect.anything(), '1 native, 0 captured, 0 eager'],
  ];
  test.each(table)('%s (%s)', (_, key, part, value, calls) => {
    expect(second.out[key]).toEqual(value);
    expect(how(second, part)).toBe(calls);
  });

  test('a comparison in a helper that does not import the package', () => {
    expect([first.out.three, first.out.other]).toEqual([10, 7]);
    expect(how(first, 'branch')).toBe('0 native, 2 captured, 0 eager, compiled');
    // The other variable of that helper was set to another value.
    expect(how(second, 'branch')).toBe('0 native, 2 captured, 0 eager');
    expect(how(third, 'branch')).toBe('2 native, 0 captured, 0 eager');
  });

  test("the subclass's own file is edited", () => {
    expect(third.out.shape).toEqual([200, 400]);
    expect(how(third, 'shape')).toBe('0 native, 1 captured, 0 eager, compiled');
  });

  test('one of two classes of one name is edited', () => {
    expect([third.out.unitA, third.out.unitB]).toEqual([
      [2, 4],
      [21, 22],
    ]);
    expect(how(third, 'unit')).toBe('1 native, 1 captured, 0 eager, compiled');
  });

  test('what was there before serves again', () => {
    for (const part of ['closes', 'let', 'config', 'import', 'helper', 'renamed', 'typed', 'weighted']) {
      expect([part, how(third, part)]).toEqual([part, expect.stringMatching(/^[12] native, 0 captured, 0 eager$/)]);
    }
    expect(third.out).toMatchObject({
      closes: [9, 11],
      let: [2, 4],
      config: [2, 3],
      import: [2, 3],
      weighted: [[3, 6]],
    });
  });
});

describe('the ways to run it', () => {
  let clone: string;
  let project: Project;
  beforeAll(() => {
    clone = realpathSync(mkdtempSync(join(tmpdir(), 'tn-clone-')));
    for (const name of ['src', 'cache', 'transformers', 'bin', 'package.json', 'tsconfig.json']) {
      cpSync(join(repository, name), join(clone, name), { recursive: true });
    }
    symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'));
    const { 'nn-part.ts': part } = files;
    const main = `import { partReports, tensor } from 'torchnative';
import { viaNN } from './nn-part.ts';
const out = { nn: viaNN(tensor([[1, 3]])).tolist() };
console.log(JSON.stringify({ out, reports: Object.fromEntries(partReports()) }));
`;
    project = createProject({ 'nn-part.ts': part, 'main.ts': main }, clone);
    symlinkSync(join(repository, 'node_modules/tsx'), join(project.root, 'node_modules/tsx'));
  });
  afterAll(() => {
    project.remove();
    rmSync(clone, { recursive: true, force: true });
  });

  test('tn run, the register hook, none, and our own sources edited', async () => {
    const native = '1 native, 0 captured, 0 eager';
    const first = read(await project.tn('main.ts', { env: debug }));
    expect(how(first, 'nn')).toBe('0 native, 1 captured, 0 eager, compiled');
    expect(how(read(await project.tn('main.ts', { env: debug })), 'nn')).toBe(native);

    const source = ['-C', 'torchnative-source', '--import', 'tsx'];
    const hook = [...source, '--import', 'torchnative/register', 'main.ts'];
    expect(how(read(await project.node(hook, { env: debug })), 'nn')).toBe(native);
    const plain = read(await project.node([...source, 'main.ts'], { env: debug }));
    expect(how(plain, 'nn')).toBe('0 native, 0 captured, 1 eager');
    expect(plain.out).toEqual(first.out);
    expect(plain.stderr).toMatch(
      /"nn" runs eagerly: its file was not transformed.*tn run FILE\.ts.*--import torchnative\/register/,
    );
    expect(plain.stderr.match(/was not transformed/g)).toHaveLength(1);
    const required = await project.node([...source, 'main.ts'], { env: { TN_MODE: 'require' } });
    expect([required.status, required.stderr]).toEqual([1, expect.stringContaining('the file was not transformed')]);

    const own = createProject({}, clone);
    const layers = join(clone, 'src/nn/layers.ts');
    const { readFileSync, writeFileSync } = await import('node:fs');
    const text = readFileSync(layers, 'utf8');
    writeFileSync(layers, `${text}\nexport const edited = 1;\n`);
    expect(how(read(await project.tn('main.ts', { env: debug })), 'nn')).toBe('0 native, 1 captured, 0 eager');
    writeFileSync(layers, text);
    expect(how(read(await project.tn('main.ts', { env: debug })), 'nn')).toBe(native);
    own.remove();
  });
});
