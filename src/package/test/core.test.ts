/** @file The C interface of a package as a program sees it: results, shapes, state, profile, messages. */

import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { relative } from '../../compile/test/compare.ts';
import { argumentsAt, parametersOf } from '../../compile/test/models.ts';
import { viewOf } from '../../compile/test/runPart.ts';
import { machineIsa } from '../../compile/toolchain/target.ts';
import { emptyView, type StridedView } from '../../core/view.ts';
import { interpret } from '../../graph/interpreter.ts';
import { addressOf, ffi } from '../../runtime/ffi.ts';
import {
  bindCore,
  call,
  created,
  graphOf,
  lastError,
  native,
  open,
  outputsAt,
  scattered,
  Tensors,
  viewCopy,
  weightsFile,
  words,
} from './coreCalls.ts';
import { graphs, packageId, scratch } from './corePackage.ts';

beforeAll(bindCore, 300_000);

describe('calls', () => {
  it.each([
    ['decoder_heads', { pos: 0, n: 20 }],
    ['decoder_heads', { pos: 40, n: 1 }],
    ['mlp', { n: 1 }],
    ['mlp', { n: 301 }],
    ['twice', { n: 12 }],
  ] as const)('%s at %o gives what the interpreter gives, on one thread and on two', (name, at) => {
    const graph = graphOf(name);
    const dims = new Map<string, number>(Object.entries(at));
    const args = argumentsAt(graph, dims);
    if (name === 'twice') args[1] = args[0];
    const copies = args.map((arg) => (typeof arg === 'number' ? arg : scattered(arg)));
    if (name === 'twice') copies[1] = copies[0];
    const wanted = interpret(graph, args, parametersOf(graph));
    for (const threads of [1, 2]) {
      const { context } = open(threads);
      for (const given of [args, copies]) {
        const isWritten = (i: number): boolean =>
          graph.mutations.some(({ target }) => target.kind === 'input' && target.index === i);
        const inputs = given.map((arg, i) => (isWritten(i) ? viewCopy(args[i] as StridedView) : arg));
        const outputs = outputsAt(graph, dims);
        expect(call(context, name, inputs, outputs), lastError()).toBe(0);
        outputs.forEach((output, i) => {
          expect(relative(wanted.outputs[i], output)).toBeLessThan(1e-5);
        });
        graph.mutations.forEach(({ target }, i) => {
          expect(relative(wanted.mutations[i], inputs[target.index] as StridedView)).toBeLessThan(2e-4);
        });
      }
      expect(native('context_destroy', context)).toBe(0);
    }
  });

  it('keep state in the context, each its own, shared by the parts that name it', () => {
    const { weights, context } = open();
    const other = created('context_create', weights);
    const [counts] = parametersOf(graphOf('counter'));
    const ones = viewOf('float32', [8, 4], () => 1);
    const zeros = viewOf('float32', [8, 4], () => 0);
    const seen = (which: number): number[] => {
      const out = emptyView('float32', [8, 4]);
      expect(call(which, 'reader', [zeros], [out])).toBe(0);
      return [...(out.storage.typed('float32') as Float32Array)].slice(0, 32);
    };
    const start = [...(counts.storage.typed('float32') as Float32Array)].slice(0, 32);
    for (let i = 0; i < 3; i++) expect(call(context, 'counter', [ones], [emptyView('float32', [8, 4])])).toBe(0);
    expect(seen(context)).toEqual(start.map((value) => Math.fround(Math.fround(Math.fround(value + 1) + 1) + 1)));
    expect(seen(other)).toEqual(start);
    expect(native('context_reset', context)).toBe(0);
    expect(seen(context)).toEqual(start);
    expect(native('context_bytes', context)).toBeGreaterThan(128);
  });
});

describe('questions', () => {
  it('parts, version, level, description', () => {
    const { runtime, weights } = open(2);
    expect(native('part_count')).toBe(graphs.length);
    expect(graphs.map((_, i) => native('part_name', i))).toEqual(graphs.map(({ name }) => name));
    expect(native('version')).toContain(`core_test ${packageId.toString(16).padStart(16, '0')}`);
    expect(native('runtime_level', runtime, 0)).toBe(machineIsa());
    expect(native('runtime_threads', runtime)).toBe(2);
    const [text, bytes] = [words(0), words(0)];
    expect(native('weights_describe', weights, addressOf(text), addressOf(bytes))).toBe(0);
    const json = new Uint8Array(ffi().view(Number(text[0]), Number(bytes[0])));
    expect(JSON.parse(new TextDecoder().decode(json))).toEqual({ name: 'test' });
    expect(native('weights_verify', weights)).toBe(0);
  });

  it('dims of inputs, shapes of outputs, memory', () => {
    const { runtime } = open();
    const graph = graphOf('twice');
    const args = argumentsAt(graph, new Map([['n', 24]]));
    const inputs = new Tensors([args[0], args[0]]);
    const dims = words(0);
    const part = native('part_index', 'twice');
    expect(native('dims', part, inputs.address, 2, addressOf(dims), 1)).toBe(0);
    expect(dims[0]).toBe(24n);
    const [sizes, rank] = [words(0, 0), words(0)];
    const shape = (output: number): bigint[] => {
      const status = native('output_shape', part, addressOf(dims), 1, output, addressOf(sizes), 2, addressOf(rank));
      expect(status).toBe(0);
      return [...sizes.subarray(0, Number(BigInt.asIntN(32, rank[0])))];
    };
    expect(shape(0)).toEqual([6n, 24n]);
    expect(shape(1)).toEqual([24n]);
    const bytes = words(0);
    const decoder = native('part_index', 'decoder_heads');
    expect(native('arena_bytes', runtime, decoder, addressOf(words(5, 3)), 2, addressOf(bytes))).toBe(0);
    expect(Number(bytes[0])).toBeGreaterThan(1000);
  });

  it('a profile of the kernels', () => {
    const { context } = open(2);
    const part = native('part_index', 'mlp');
    expect(native('profile', context, part, 1)).toBe(0);
    const args = argumentsAt(graphOf('mlp'), new Map([['n', 200]]));
    const outputs = outputsAt(graphOf('mlp'), new Map([['n', 200]]));
    for (let i = 0; i < 3; i++) expect(call(context, 'mlp', args, outputs)).toBe(0);
    const [times, count] = [words(...new Array(3 * 8).fill(0)), words(0)];
    expect(native('profile_read', context, part, addressOf(times), 8, addressOf(count))).toBe(0);
    const kernels = Number(BigInt.asIntN(32, count[0]));
    expect(kernels).toBeGreaterThan(0);
    for (let i = 0; i < Math.min(kernels, 8); i++) {
      const [, most, sum] = times.subarray(i * 3, i * 3 + 3);
      expect(most > 0n && sum >= most).toBe(true);
    }
  });
});

describe('messages', () => {
  const decoder = graphOf('decoder_heads');
  const dims = new Map([
    ['pos', 5],
    ['n', 3],
  ]);

  function refused(change: (args: (StridedView | number)[], outputs: StridedView[]) => void): string {
    const { context } = open();
    const args = argumentsAt(decoder, dims);
    const outputs = outputsAt(decoder, dims);
    change(args, outputs);
    expect(call(context, 'decoder_heads', args, outputs)).toBeGreaterThan(0);
    return lastError();
  }

  it('name the part, the argument, what was found and what is wanted', () => {
    expect(
      refused((args) => {
        args[1] = viewOf('float32', [1, 3], () => 0);
      }),
    ).toBe('decoder_heads: tokens has dtype float32, wants int64');
    expect(
      refused((args) => {
        args[1] = viewOf('int64', [3], () => 0);
      }),
    ).toBe('decoder_heads: tokens has 1 axes, wants 2');
    expect(
      refused((args) => {
        args[1] = viewOf('int64', [2, 3], () => 0);
      }),
    ).toBe('decoder_heads: tokens has size 2 on axis 0, wants 1');
    expect(
      refused((args) => {
        args[0] = 48;
      }),
    ).toBe('decoder_heads: pos is 48, wants 0 to 47');
    expect(
      refused((args) => {
        args[0] = 46;
      }),
    ).toBe('decoder_heads: needs n + pos <= 48 (pos is 46, n is 3)');
    expect(
      refused((_, outputs) => {
        outputs[0] = emptyView('float32', [1, 99]);
      }),
    ).toBe('decoder_heads: out0 has size 99 on axis 1, wants 100');
    expect(
      refused((args) => {
        args[3] = args[2];
      }),
    ).toBe('decoder_heads: kv.k is written and overlaps kv.v');
  });

  it('say which index a kernel met', () => {
    expect(
      refused((args) => {
        args[1] = viewOf('int64', [1, 3], (i) => (i === 1 ? 100 : 1));
      }),
    ).toMatch(/^decoder_heads: an index read from a tensor is 100, wants -100 to 99 \(kernel \w+\)$/);
  });

  it('say what is wrong with a dim that comes in steps, and with two tensors that have to be one', () => {
    const { context } = open();
    const twice = graphOf('twice');
    const six = viewOf('float32', [6, 6], () => 0);
    expect(call(context, 'twice', [six, six], outputsAt(twice, new Map([['n', 6]])))).toBe(6);
    expect(lastError()).toBe('twice: n is 6, wants 4 to 4000, a multiple of 4');
    const [x, y] = argumentsAt(twice, new Map([['n', 8]]));
    expect(call(context, 'twice', [x, y], outputsAt(twice, new Map([['n', 8]])))).toBe(1);
    expect(lastError()).toBe('twice: y and x are one tensor in this part: both have to be the same view');
  });

  it('say why weights are refused', () => {
    const runtime = created('runtime_create', 1, 0);
    const why = (file: string): string => {
      expect(native('weights_open', runtime, file, addressOf(words(0)))).toBeGreaterThan(0);
      return lastError().replace(file, 'FILE');
    };
    const bytes = readFileSync(weightsFile);
    const changed = (name: string, change: (copy: Buffer) => void): string => {
      const file = scratch(name);
      const copy = Buffer.from(bytes);
      change(copy);
      writeFileSync(file, copy);
      return file;
    };
    expect(why('/nowhere/x.weights')).toBe('FILE: cannot be opened: No such file or directory');
    expect(why('/')).toBe('FILE: is not a file');
    expect(why(changed('other', (copy) => copy.fill(0)))).toBe('FILE: is no weights file of a package');
    expect(why(changed('head', (copy) => copy.writeUInt8(copy[70] ^ 1, 70)))).toBe(
      'FILE: is damaged: the checksum of its header differs',
    );
    expect(why(changed('version', (copy) => copy.writeUInt8(2, 7)))).toBe(
      'FILE: has format version 2, this package reads 1',
    );
    const cut = scratch('cut');
    copyFileSync(weightsFile, cut);
    truncateSync(cut, bytes.length - 4096);
    expect(why(cut)).toBe(`FILE: is truncated: ${bytes.length - 4096} bytes of ${bytes.length}`);
  });
});
