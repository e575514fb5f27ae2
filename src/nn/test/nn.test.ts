/** @file Modules: what they find in themselves, state dicts, lazy parameters, layers. */

import { describe, expect, test } from 'vitest';
import { TnError } from '../../core/errors.ts';
import * as tn from '../../tensor/index.ts';
import * as nn from '../index.ts';

class Block extends nn.Module {
  readonly norm = new nn.LayerNorm(4);
  readonly fc = new nn.Linear(4, 4, { bias: false });
  readonly scale = this.registerBuffer('scale', tn.tensor([2]));
  readonly scratch = this.registerBuffer('scratch', tn.zeros([1]), { persistent: false });

  forward(x: tn.Tensor): tn.Tensor {
    return this.fc.forward(this.norm.forward(x)).mul(this.scale).add(x);
  }
}

class Model extends nn.Module {
  readonly embed = new nn.Embedding(5, 4);
  readonly blocks = new nn.ModuleList([new Block(), new Block()]);
  readonly extra = [new nn.Linear(4, 2)];

  forward(tokens: tn.Tensor): tn.Tensor {
    let x = this.embed.forward(tokens);
    for (const block of this.blocks) x = block.forward(x);
    return this.extra[0].forward(x);
  }
}

const names = [
  'embed.weight',
  'blocks.0.scale',
  'blocks.0.norm.weight',
  'blocks.0.norm.bias',
  'blocks.0.fc.weight',
  'blocks.1.scale',
  'blocks.1.norm.weight',
  'blocks.1.norm.bias',
  'blocks.1.fc.weight',
  'extra.0.weight',
  'extra.0.bias',
];

describe('Module', () => {
  test('names are paths through fields, lists and arrays', () => {
    const model = new Model();
    expect(Object.keys(model.stateDict())).toEqual(names);
    expect([...model.namedModules()].map(([name]) => name)).toEqual([
      '',
      'embed',
      'blocks',
      'blocks.0',
      'blocks.0.norm',
      'blocks.0.fc',
      'blocks.1',
      'blocks.1.norm',
      'blocks.1.fc',
      'extra.0',
    ]);
    expect([...model.namedBuffers()].map(([name]) => name)).toEqual([
      'blocks.0.scale',
      'blocks.0.scratch',
      'blocks.1.scale',
      'blocks.1.scratch',
    ]);
    expect([...model.parameters()].length).toBe(9);
  });

  test('a state dict moves from one model to another, copied or assigned', () => {
    const [a, b, c] = [new Model(), new Model(), new Model()];
    const tokens = tn.tensor([0n, 3n]);
    expect(a.forward(tokens).tolist()).not.toEqual(b.forward(tokens).tolist());
    b.loadStateDict(a.stateDict());
    expect(b.forward(tokens).tolist()).toEqual(a.forward(tokens).tolist());
    expect(b.embed.weight.storage).not.toBe(a.embed.weight.storage);
    const half = Object.fromEntries(Object.entries(a.stateDict()).map(([name, x]) => [name, x.half()]));
    c.loadStateDict(half, { assign: true });
    expect(c.embed.weight.dtype).toBe('float16');
    expect(c.embed.weight.storage).toBe(half['embed.weight'].storage);
    expect(nn.isParameter(c.embed.weight)).toBe(true);
  });

  test('one error lists everything that does not fit, and nothing is changed', () => {
    const model = new Model();
    const before = model.extra[0].bias!.tolist();
    const dict: Record<string, tn.Tensor> = {
      ...model.stateDict(),
      'extra.0.bias': tn.ones([2]),
      'embed.weight': tn.zeros([3, 4]),
      surplus: tn.zeros([1]),
    };
    delete dict['blocks.1.fc.weight'];
    expect(() => model.loadStateDict(dict)).toThrow(TnError);
    expect(() => model.loadStateDict(dict)).toThrow(
      [
        'loadStateDict: the tensors do not fit Model',
        '  missing: blocks.1.fc.weight',
        '  unexpected: surplus',
        '  wrong shape: embed.weight: [3, 4], the model has [5, 4]',
      ].join('\n'),
    );
    expect(model.extra[0].bias!.tolist()).toEqual(before);
    delete dict['embed.weight'];
    expect(model.loadStateDict(dict, { strict: false })).toEqual({
      missingKeys: ['embed.weight', 'blocks.1.fc.weight'],
      unexpectedKeys: ['surplus'],
    });
    expect(model.extra[0].bias!.tolist()).toEqual([1, 1]);
  });

  test('parameters are drawn when touched, the same whatever is touched first', () => {
    const draw = (order: readonly number[]): unknown => {
      tn.manualSeed(11);
      const layers = [new nn.Linear(3, 2), new nn.Linear(3, 2)];
      const out: unknown[] = [];
      for (const i of order) out[i] = layers[i].weight.tolist();
      return out;
    };
    expect(draw([0, 1])).toEqual(draw([1, 0]));
    const { weight } = new nn.Linear(100, 50);
    const bound = 1 / Math.sqrt(100);
    expect(weight.abs().amax().item()).toBeLessThanOrEqual(bound);
    expect(weight.abs().amax().item()).toBeGreaterThan(bound * 0.9);
  });

  test('a huge model costs nothing until it is touched', () => {
    const before = process.memoryUsage().arrayBuffers;
    const big = new nn.Linear(20000, 20000);
    expect(big.weight.numel()).toBe(4e8);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7);
  });

  test('tied parameters count once and stay tied in conversions', () => {
    const layer = new nn.Linear(2, 2, { bias: false });
    const tied = new nn.Sequential(layer, layer);
    expect([...tied.parameters()].length).toBe(1);
    expect(Object.keys(tied.stateDict())).toEqual(['0.weight', '1.weight']);
    tied.half();
    expect(layer.weight.dtype).toBe('float16');
  });

  test('train and eval reach all modules; Dropout listens', () => {
    const model = new nn.Sequential(new nn.Dropout(0.5), new nn.Identity());
    const x = tn.ones([1000]);
    expect(model.eval().forward(x)).toBe(x);
    const dropped = model.train().forward(x);
    expect(dropped.eq(0).sum().item()).toBeGreaterThan(400);
    expect(dropped.amax().item()).toBe(2);
  });

  test('toString shows the tree', () => {
    expect(String(new Block())).toBe(
      'Block(\n  (norm): LayerNorm([4], eps=0.00001)\n  (fc): Linear(4, 4, bias=false)\n)',
    );
  });
});
