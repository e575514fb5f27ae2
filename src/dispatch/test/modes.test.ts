/** @file TN_MODE, what `compile` says, `out` folders, and native code that is wrong. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compileCache, Dim, sort, type Tensor, tensor, zeros } from 'torchnative';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { copyElements, emptyView, type StridedView } from '../../core/view.ts';
import type { Graph } from '../../graph/graph.ts';
import { interpret } from '../../graph/interpreter.ts';
import { decodeModel } from '../../onnx/reader.ts';
import { firstDifference } from '../firstDifference.ts';
import { processStore } from '../processStore.ts';
import { counts, recordsOf, temporaryFolder, useOwnCache, warningsOf } from './support.ts';

useOwnCache();
afterEach(() => vi.unstubAllEnvs());

const list = (x: unknown): unknown => (x as Tensor).tolist();
const n = Dim('n', { max: 100 });
const pos = Dim('pos', { max: 447 });
const mode = (text: string): void => void vi.stubEnv('TN_MODE', text);

/** The same part as another process would meet it: wrapped anew, at the same place. */
const scaleBy = (name: string, factor: number, out?: string) =>
  compileCache(name, { inputMatchers: { x: { 0: n } }, out }, (x: Tensor) => x.mul(factor));

describe('TN_MODE', () => {
  test('eager leaves the cache alone', () => {
    mode('eager');
    const fn = scaleBy('m-eager', 2);
    expect(list(fn(tensor([1])))).toEqual([2]);
    expect(recordsOf('m-eager')).toHaveLength(0);
    expect(counts('m-eager')).toBe('0 native, 0 captured, 0 eager');
  });

  test('require throws on anything but a native hit', () => {
    mode('require');
    expect(() => scaleBy('m-require', 2)(tensor([1]))).toThrow(
      /"m-require": TN_MODE=require, and no native code fits[\s\S]*nothing is captured[\s\S]*modes\.test\.ts:\d+/,
    );
    mode('');
    scaleBy('m-require', 2)(tensor([1]));
    mode('require');
    const fn = scaleBy('m-require', 2);
    expect(list(fn(tensor([1, 2])))).toEqual([2, 4]);
    expect(() => fn(zeros([2, 2]))).toThrow(/x has 2 axes, the entry has 1/);
  });

  test('capture captures again and replaces, once a process', () => {
    scaleBy('m-capture', 2)(tensor([1]));
    const before = recordsOf('m-capture')[0].manifest.created;
    mode('capture');
    const fn = scaleBy('m-capture', 2);
    expect([list(fn(tensor([1]))), list(fn(tensor([5])))]).toEqual([[2], [10]]);
    expect(counts('m-capture')).toBe('1 native, 2 captured, 0 eager');
    expect(recordsOf('m-capture')).toHaveLength(1);
    expect(recordsOf('m-capture')[0].manifest.created >= before).toBe(true);
  });

  test('check runs both, on what the call really writes', () => {
    const fn = compileCache('m-check', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => {
      x.slice(0, 0, 1).add_(1);
      return { sum: x.sum(0), x, size: x.size(0) };
    });
    fn(tensor([1, 2]));
    mode('check');
    const x = tensor([5, 6, 7]);
    const result = fn(x) as { sum: Tensor; x: Tensor; size: number };
    expect([list(result.sum), list(result.x), result.size, list(x)]).toEqual([19, [6, 6, 7], 3, [6, 6, 7]]);
    expect(counts('m-check')).toBe('1 native, 1 captured, 0 eager');
  });

  test('check throws for an artifact that does something else', () => {
    const right = scaleBy('m-wrong', 2);
    right(tensor([1]));
    scaleBy('m-wrong-other', 3)(tensor([1]));
    const store = processStore();
    const graphHash = recordsOf('m-wrong-other')[0].manifest.graphHash;
    // The record of the one with the graph of the other: what a mistake in our keys would do.
    const updated = store.updateManifest(recordsOf('m-wrong')[0], (manifest) => ({ ...manifest, graphHash }));
    expect(updated.ok).toBe(true);
    // Its samples would tell at once: they are told to have agreed.
    const artifact = store.artifacts().map(({ key }) => key);
    for (const key of artifact) store.putVerification(key, recordsOf('m-wrong')[0], { ok: true, detail: '' });
    mode('check');
    expect(() => scaleBy('m-wrong', 2)(tensor([1, 2]))).toThrow(
      /"m-wrong": TN_MODE=check found native results that differ[\s\S]*result: relative rms[\s\S]*n = 2/,
    );
  });

  test('a dim that cannot stay symbolic: an error under capture, a warning and eager otherwise', () => {
    const make = () =>
      compileCache('narrow', { inputMatchers: { x: { 0: pos } } }, (x: Tensor) =>
        x.reshape([1, x.size(0) / 4, 4]).sum(0),
      );
    mode('capture');
    let text = '';
    try {
      make()(zeros([8]));
    } catch (error) {
      text = (error as Error).message;
    }
    const lines = text.split('\n');
    expect(lines[0]).toBe('compileCache "narrow": dim `pos` cannot stay symbolic.');
    expect(lines[1]).toBe('  pos   declared Dim("pos", { max: 447 }), sample 8');
    expect(text).toMatch(/\n {2}needs pos % 4 == 0 +fails for pos = \d+\n/);
    expect(text).toMatch(/\n {2}because .*modes\.test\.ts:\d+:\d+/);
    expect(text).toMatch(/\n {2}fix {3}Dim\("pos", .*multipleOf: 4.*or drop `pos` from inputMatchers/);
    mode('');
    const fn = make();
    const warnings = warningsOf(() => {
      expect(list(fn(zeros([8])))).toEqual([
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]);
      fn(zeros([8]));
    });
    expect(warnings.match(/cannot stay symbolic/g)).toHaveLength(1);
    expect(warnings).toContain('multipleOf: 4');
    mode('require');
    expect(() => make()(zeros([8]))).toThrow(/cannot stay symbolic/);
  });
});

describe('compile', () => {
  test("'never': a record, and eager", () => {
    const fn = compileCache('c-never', { compile: 'never' }, (x: Tensor) => x.mul(2));
    expect([list(fn(tensor([1]))), list(fn(tensor([3])))]).toEqual([[2], [6]]);
    expect(counts('c-never')).toBe('0 native, 1 captured, 1 eager');
    expect(recordsOf('c-never')).toHaveLength(1);
  });

  test("'background': eager until it is there", async () => {
    const make = () => compileCache('c-background', { compile: 'background' }, (x: Tensor) => x.mul(2).add(41));
    const fn = make();
    const start = performance.now();
    expect([list(fn(tensor([1]))), list(fn(tensor([3])))]).toEqual([[43], [47]]);
    expect(counts('c-background')).toBe('0 native, 1 captured, 1 eager');
    const waited = performance.now() - start;
    await vi.waitFor(
      () => {
        expect(list(fn(tensor([2])))).toEqual([45]);
        expect(counts('c-background')).not.toMatch(/^0 native/);
      },
      { timeout: 60_000, interval: 50 },
    );
    // Nothing was waited for: a compiler takes longer than two calls.
    expect(waited).toBeLessThan(performance.now() - start);
    expect(list(make()(tensor([5])))).toEqual([51]);
    expect(counts('c-background')).toMatch(/, 1 captured,/);
  });

  test('an op without a compiled form stays eager and says so', () => {
    const fn = compileCache('c-sort', (x: Tensor) => sort(x).values.mul(2));
    const warnings = warningsOf(() => {
      expect(list(fn(tensor([3, 1])))).toEqual([2, 6]);
      expect(list(fn(tensor([5, 4])))).toEqual([8, 10]);
    });
    expect(warnings.match(/"c-sort" runs eagerly/g)).toHaveLength(1);
    expect(warnings).toContain('sort');
    expect(counts('c-sort')).toBe('0 native, 1 captured, 1 eager');
    const store = processStore();
    const verdicts = store.verdicts(store.projectFor(import.meta.filename));
    expect(verdicts.find(({ part }) => part === 'c-sort')?.reason).toContain('sort');
  });
});

describe('an `out` folder', () => {
  test('holds the record alone; a fresh cache compiles it without capturing', () => {
    const out = join(temporaryFolder(), 'parts');
    scaleBy('o-scale', 2, out)(tensor([1, 2]));
    const names = readdirSync(out).sort();
    expect(names).toEqual([expect.stringMatching(/^o-scale\.[0-9a-f]{12}$/), expect.stringMatching(/\.onnx$/)]);
    expect(readdirSync(join(out, names[0])).sort()).toEqual(['manifest.json', 'test_data_set_0']);
    expect(existsSync(join(out, 'artifacts'))).toBe(false);
    const manifest = readFileSync(join(out, names[0], 'manifest.json'), 'utf8');

    vi.stubEnv('TN_CACHE_DIR', temporaryFolder());
    const fn = scaleBy('o-scale', 2, out);
    expect(list(fn(tensor([3])))).toEqual([6]);
    expect(counts('o-scale')).toBe('1 native, 1 captured, 0 eager');
    expect(readFileSync(join(out, names[0], 'manifest.json'), 'utf8')).toBe(manifest);
    expect(readdirSync(out).sort()).toEqual(names);
  });

  test('a damaged record is captured again', () => {
    const out = join(temporaryFolder(), 'parts');
    scaleBy('o-damaged', 2, out)(tensor([1, 2]));
    const [folder] = readdirSync(out).filter((name) => !name.endsWith('.onnx'));
    const path = join(out, folder, 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    for (const text of [
      '',
      '{',
      JSON.stringify({ ...manifest, call: null }),
      JSON.stringify({ ...manifest, call: { version: 2 } }),
    ]) {
      writeFileSync(path, text);
      expect(list(scaleBy('o-damaged', 2, out)(tensor([4])))).toEqual([8]);
    }
    expect(counts('o-damaged')).toBe('0 native, 5 captured, 0 eager');
    expect(list(scaleBy('o-damaged', 2, out)(tensor([4])))).toEqual([8]);
    expect(counts('o-damaged')).toBe('1 native, 5 captured, 0 eager');
  });
});

describe('native code that is wrong', () => {
  /** Runs graphs right, but for one op. */
  const wrongIn =
    (op: string) => (graph: Graph, inputs: readonly (StridedView | number)[], parameters: readonly StridedView[]) => {
      const wrong = new Set(graph.nodes.filter((node) => node.op === op).flatMap((node) => node.outputs));
      let spoilt = false;
      const { outputs } = interpret(graph, inputs, parameters, {
        onValue: (value, view) => {
          if (!wrong.has(value) || spoilt) return;
          spoilt = true;
          (view.storage.typed('float32') as Float32Array).fill(777);
        },
      });
      return outputs.map(copyElements);
    };

  test('the first operation that differs is named', () => {
    const fn = compileCache('w-chain', { compile: 'never', inputMatchers: { x: { 0: n } } }, (x: Tensor) => {
      const a = x.add(1);
      const b = a.exp().sum(0);
      return [a.mul(3).sub(b), a.tanh()];
    });
    fn(tensor([0.5, 0.25]));
    const [record] = recordsOf('w-chain');
    const bytes = processStore().readOnnx(record);
    if (!bytes.ok) throw new Error(bytes.problem.message);
    const graph = decodeModel(bytes.value);
    const x = emptyView('float32', [5]);
    for (const op of ['add', 'exp', 'sum', 'mul', 'sub', 'tanh']) {
      const found = firstDifference(graph, [x], [], wrongIn(op));
      expect([op, found?.node.op]).toEqual([op, op]);
      expect(basename(found?.node.location?.file ?? '')).toBe('modes.test.ts');
    }
    expect(firstDifference(graph, [x], [], wrongIn('relu'))).toBeNull();
  });

  test('samples that say something else: eager, with the reason', () => {
    const out = join(temporaryFolder(), 'parts');
    scaleBy('w-samples', 2, out)(tensor([1, 2]));
    const store = processStore();
    const other = recordsOf('w-samples', out)[0];
    scaleBy('w-three', 3, join(out, '../three'))(tensor([1, 2]));
    const three = recordsOf('w-three', join(out, '../three'))[0];
    // The outputs of another part, in a record that is whole as far as hashes go.
    writeFileSync(join(other.samples, 'output_0.pb'), readFileSync(join(three.samples, 'output_0.pb')));
    const changed = store.updateManifest(other, (manifest) => ({
      ...manifest,
      files: { ...manifest.files, 'output_0.pb': three.manifest.files['output_0.pb'] },
    }));
    expect(changed.ok).toBe(true);
    const fn = scaleBy('w-samples', 2, out);
    const warnings = warningsOf(() => expect(list(fn(tensor([4])))).toEqual([8]));
    expect(warnings).toContain('differ from the eager ones');
    expect(warnings).toMatch(/relative rms .*bound 1\.0e-5; each operation by itself agrees/);
    expect(counts('w-samples')).toBe('0 native, 1 captured, 1 eager');
  });
});
