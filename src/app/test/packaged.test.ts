/** @file A program on its compiled parts without cache, compiler or sources: matching, weights in place, misses, errors. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from 'torchnative';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../dispatch/test/support.ts';
import type { CapturedPackage } from './capturedPackage.ts';
import { type TestHost, testHost } from './testHost.ts';

type Program = typeof import('./model.ts');
type Library = typeof import('torchnative');

let cacheFolder: string;
let packed: CapturedPackage;
let app: Library;
let program: Program;
let engine: TestHost;
/** What the same calls gave on Node. */
const expected: Record<string, unknown> = {};

const tokens = [3, 0, 39, 7];
const list = (x: unknown): unknown => (x as Tensor).tolist();

function loaded({ Model }: Program, weights: Record<string, Tensor>): InstanceType<Program['Model']> {
  const model = new Model();
  model.loadStateDict(weights, { assign: true });
  return model;
}

beforeAll(async () => {
  cacheFolder = temporaryFolder();
  vi.stubEnv('TN_CACHE_DIR', cacheFolder);
  vi.stubEnv('TN_MODE', '');
  const node = await import('torchnative');
  const onNode = await import('./model.ts');
  const model = new onNode.Model();
  const weights = model.stateDict();
  const bound = loaded(onNode, weights);
  const ids = node.tensor(tokens, { dtype: 'int64' });
  bound.scores(ids);
  expected.scores = list(bound.scores(ids));
  const cache = new onNode.Cache();
  for (let pos = 1; pos < 4; pos++)
    expected.step = list(bound.step(node.tensor([pos], { dtype: 'int64' }), pos, cache).total);
  const counter = new onNode.Counter();
  counter.count(node.tensor([1, 2]));
  const x = node.ones([4, 3]);
  onNode.sum(x, node.ones([4, 3]));
  onNode.sum(node.ones([12, 3]), node.ones([12, 3]));
  onNode.pick(x, node.tensor([1], { dtype: 'int64' }));
  expected.weights = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, list(weight)]));

  const { PackageMaker } = await import('./capturedPackage.ts');
  const maker = new PackageMaker();
  for (const part of ['scores', 'step', 'count', 'sum', 'sum-many', 'pick']) maker.part(`packaged-${part}`);
  maker.asset('model', { 'config.json': '{"size":8}', 'notes/a.txt': 'äö' }, weights);
  packed = maker.finish();
});

afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(cacheFolder, { recursive: true, force: true });
});

/** A new process, as far as the library can tell: the program in its executable. */
async function start(env: Record<string, string> = {}): Promise<void> {
  vi.resetModules();
  engine = testHost(packed, env);
  vi.stubGlobal('__tn', engine.host);
  vi.doMock('torchnative', () => import('../index.ts'));
  app = (await import('torchnative')) as Library;
  program = await import('./model.ts');
}

beforeEach(() => start());

const counts = (part: string): string => {
  const report = app.partReports().get(`packaged-${part}`);
  return `${report?.native} native, ${report?.captured} captured, ${report?.eager} eager`;
};
const model = (): InstanceType<Program['Model']> => loaded(program, weights());
const weights = (): Record<string, Tensor> => app.asset('./model', 'file:///app/main.ts').tensors();
const ids = (values: number[] = tokens): Tensor => app.tensor(values, { dtype: 'int64' });
/** Whether the tensor's elements have been copied out of the package. */
const isTouched = (x: Tensor): boolean => Reflect.get(x.storage, 'memory') !== null;

describe('calls', () => {
  test('run on the compiled part, with weights where they lie', () => {
    const instance = model();
    expect(list(instance.scores(ids()))).toEqual(expected.scores);
    expect(list(instance.scores(ids([1])))).toHaveLength(1);
    expect(counts('scores')).toBe('2 native, 0 captured, 0 eager');
    for (const x of Object.values(instance.stateDict())) expect(isTouched(x)).toBe(false);
    expect(engine.opened.filter((name) => name.endsWith('/rows')).length).toBeGreaterThan(0);
    expect(engine.opened.filter((name) => name.includes('/panels16-')).length).toBeGreaterThan(0);
    expect(engine.warnings).toEqual([]);
  });

  test('write into what they are given', () => {
    const instance = model();
    const cache = new program.Cache();
    let total: unknown;
    for (let pos = 1; pos < 4; pos++) {
      const result = instance.step(ids([pos]), pos, cache);
      expect(result.pos).toBe(pos);
      total = list(result.total);
    }
    expect(total).toEqual(expected.step);
    expect(list(cache.keys.sum(0))).toEqual(total);
    expect(counts('step')).toBe('3 native, 0 captured, 0 eager');
  });

  test('write into buffers of their instance', () => {
    const [one, two] = [new program.Counter(), new program.Counter()];
    one.count(app.tensor([1, 2]));
    expect(list(one.count(app.tensor([1, 2])))).toEqual([2, 4]);
    expect(list(two.count(app.tensor([5, 5])))).toEqual([5, 5]);
    expect([list(one.seen), list(two.seen)]).toEqual([
      [2, 4],
      [5, 5],
    ]);
    expect(counts('count')).toBe('3 native, 0 captured, 0 eager');
  });

  test('go to the overload that admits them; constants are the code’s', () => {
    for (const rows of [2, 20]) {
      const total = program.sum(app.ones([rows, 3]), app.ones([rows, 3]));
      expect(list(total)).toEqual(Array(rows).fill([2, 11, 101]));
    }
    expect([counts('sum'), counts('sum-many')]).toEqual(Array(2).fill('1 native, 0 captured, 0 eager'));
  });

  test('throw what native code finds wrong', () => {
    expect(() => program.pick(app.ones([4, 3]), ids([4]))).toThrow(/index read from a tensor is out of range/);
  });

  test('resolve at once where they are asynchronous', async () => {
    const instance = model();
    const calls = [app.asyncCall(instance.scores, instance, ids()), app.asyncCall(instance.scores, instance, ids([1]))];
    expect(counts('scores')).toBe('2 native, 0 captured, 0 eager');
    expect(list(await calls[0])).toEqual(expected.scores);
    expect(list(await program.sum.async(app.ones([2, 3]), app.ones([2, 3])))).toEqual(Array(2).fill([2, 11, 101]));
    await expect(program.pick.async(app.ones([4, 3]), ids([4]))).rejects.toThrow(
      /index read from a tensor is out of range/,
    );
    expect(list((await calls[1]).sum(0))).toHaveLength(40);
  });

  test('are compared with the eager run under TN_MODE=check', () => {
    engine.env.TN_MODE = 'check';
    expect(list(model().scores(ids()))).toEqual(expected.scores);
    expect(counts('scores')).toBe('1 native, 0 captured, 0 eager');
  });
});

describe('weights', () => {
  test('of another instance, made by the program', () => {
    const first = model();
    const second = new program.Model();
    second.loadStateDict(weights());
    second.embed.weight.mul_(2);
    const result = second.scores(ids());
    engine.env.TN_MODE = 'eager';
    const reference = list(second.scores(ids())) as number[][];
    engine.env.TN_MODE = '';
    (list(result) as number[][]).flat().forEach((value, i) => {
      expect(value).toBeCloseTo(reference.flat()[i], 4);
    });
    expect(list(first.scores(ids()))).toEqual(expected.scores);
    expect(counts('scores')).toBe('2 native, 0 captured, 0 eager');
  });

  test('written in place are packed again', () => {
    const instance = model();
    const before = list(instance.scores(ids())) as number[][];
    instance.hidden.weight.mul_(0);
    instance.hidden.bias?.mul_(0);
    const after = list(instance.scores(ids())) as number[][];
    expect(after).not.toEqual(before);
    const zero = instance.back.bias?.float().mul(instance.scale).matmul(instance.mix).matmul(instance.embed.weight.t());
    after[0].forEach((value, i) => {
      expect(value).toBeCloseTo((list(zero) as number[])[i], 4);
    });
    // Another load is what the package holds.
    expect(list(model().scores(ids()))).toEqual(expected.scores);
  });

  test('read by the program are what was stored, whatever the form', () => {
    for (const [name, values] of Object.entries(expected.weights as Record<string, unknown>)) {
      expect([name, list(weights()[name])]).toEqual([name, values]);
    }
  });

  test('that are damaged stop the program', () => {
    for (const { name } of packed.blocks) if (name.includes('/panels16-')) engine.damaged.add(name);
    expect(() => model().scores(ids())).toThrow(/damaged/);
    expect(counts('scores')).toBe('0 native, 0 captured, 0 eager');
  });
});

describe('calls that do not fit', () => {
  test('run eagerly and are counted, with one warning', () => {
    const instance = model();
    instance.steps = 1;
    const close = (result: Tensor): void =>
      (list(result) as number[][]).flat().forEach((value, i) => {
        expect(value).toBeCloseTo((expected.scores as number[][]).flat()[i], 3);
      });
    close(instance.scores(ids()));
    close(instance.scores(ids()));
    expect(counts('scores')).toBe('0 native, 0 captured, 2 eager');
    expect(engine.warnings.join('')).toMatch(
      /^torchnative: compileCache "packaged-scores" runs eagerly: this.steps is 1.*\n$/,
    );
    instance.steps = 0;
    close(instance.scores(ids()));
    expect(counts('scores')).toBe('1 native, 0 captured, 2 eager');
  });

  test('another dtype, another structure, a part that was left out', () => {
    const x = app.ones([2, 3], { dtype: 'float64' });
    expect(list(program.sum(x, x))).toEqual(Array(2).fill([2, 11, 101]));
    expect(list(program.other(app.ones([2])))).toEqual([3, 3]);
    expect([counts('sum'), counts('not')]).toEqual(Array(2).fill('0 native, 0 captured, 1 eager'));
    expect(engine.warnings.join('')).toContain('packaged-not" runs eagerly: the package holds no code for it');
  });

  test('are told apart before they are made', () => {
    const instance = model();
    expect(app.canRunNative(instance.scores, instance, [ids()])).toBe(true);
    expect(app.canRunNative(program.other, undefined, [app.ones([2])])).toBe(false);
    instance.steps = 1;
    expect(app.canRunNative(instance.scores, instance, [ids()])).toBe(false);
    expect(counts('scores')).toBe('0 native, 0 captured, 0 eager');
    expect(app.canRunNative(() => 1, undefined, [])).toBe(false);
    engine.env.TN_MODE = 'eager';
    expect(app.canRunNative(program.other, undefined, [app.ones([2])])).toBe(true);
  });

  test('throw under TN_MODE=require', () => {
    engine.env.TN_MODE = 'require';
    expect(() => program.other(app.ones([2]))).toThrow(/packaged-not.*no native code fits[\s\S]*model\.ts:/);
    expect(list(model().scores(ids()))).toEqual(expected.scores);
  });

  test('a CPU below what is inside', () => {
    engine.fits = false;
    expect(list(program.sum(app.ones([1, 3]), app.ones([1, 3])))).toEqual([[2, 11, 101]]);
    expect(engine.warnings.join('')).toContain('this CPU is below every level');
    engine.env.TN_MODE = 'require';
    expect(() => program.sum(app.ones([1, 3]), app.ones([1, 3]))).toThrow(/below every level/);
  });

  test('TN_MODE=eager', () => {
    engine.env.TN_MODE = 'eager';
    expect(list(program.sum(app.ones([1, 3]), app.ones([1, 3])))).toEqual([[2, 11, 101]]);
    expect(engine.opened).toEqual([]);
  });
});

describe('threads', () => {
  test('are set, and refused when they make no sense', () => {
    app.setThreads(1);
    expect(list(model().scores(ids()))).toEqual(expected.scores);
    app.setThreads(2);
    expect(list(model().scores(ids()))).toEqual(expected.scores);
    expect(() => app.setThreads(0)).toThrow(/1 to 256/);
  });

  test('a TN_THREADS that makes no sense is said once', async () => {
    await start({ TN_THREADS: 'many' });
    expect(list(program.sum(app.ones([1, 3]), app.ones([1, 3])))).toEqual([[2, 11, 101]]);
    expect(engine.warnings.join('')).toContain('TN_THREADS=many is not a number of threads');
    app.setThreads(2);
    program.sum(app.ones([1, 3]), app.ones([1, 3]));
    expect(counts('sum')).toBe('1 native, 0 captured, 1 eager');
  });
});

describe('files', () => {
  test('of an asset', () => {
    const asset = app.asset('./model', 'file:///app/main.ts');
    expect(asset.name).toBe('model');
    expect(asset.list()).toEqual(['config.json', 'notes/a.txt']);
    expect(asset.json('config.json')).toEqual({ size: 8 });
    expect(asset.text('notes/a.txt')).toBe('äö');
    // Whoever reads a file may write into what it got.
    asset.bytes('config.json').fill(0);
    expect(asset.text('config.json')).toBe('{"size":8}');
    expect(() => asset.bytes('model.safetensors')).toThrow(/holds no file "model.safetensors"/);
    expect(Object.keys(asset.tensors('model.safetensors'))).toEqual(Object.keys(asset.tensors()));
    expect(() => asset.tensors('other.safetensors')).toThrow(/holds no tensors in "other.safetensors"/);
    expect(() => app.asset('./nothing', 'file:///app/main.ts')).toThrow(/does not exist/);
  });

  test('of the machine', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'x.safetensors');
    app.saveSafetensors(path, { x: app.tensor([1, 2, 3]) });
    expect(list(app.openAsset(folder).tensors('x.safetensors').x)).toEqual([1, 2, 3]);
    expect(list(app.loadSafetensors(path).x)).toEqual([1, 2, 3]);
    app.saveNpy(join(folder, 'x.npy'), app.tensor([4]));
    expect(readFileSync(join(folder, 'x.npy')).length).toBeGreaterThan(64);
    writeFileSync(join(folder, 'broken.safetensors'), 'no');
    expect(() => app.loadSafetensors(join(folder, 'broken.safetensors'))).toThrow(/too short for a header/);
    expect(() => app.saveNpy(join(folder, 'none/x.npy'), app.tensor([4]))).toThrow(/ENOENT/);
    rmSync(folder, { recursive: true });
  });
});
