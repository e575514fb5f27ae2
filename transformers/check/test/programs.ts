/**
 * @file Small programs with known answers. A comment that names a rule stands where a finding begins; `run` is what a
 * real run makes of the part.
 *
 * - `captured`: a record is written. Where findings stand nevertheless, the record is not what the program means.
 * - `eager`: the capture is refused, or nothing is captured.
 * - `uncompiled`: a record is written, and nothing can be compiled of it.
 * - `throws`: `compileCache` throws where it stands.
 */

export interface Program {
  readonly name: string;
  readonly code: string;
  readonly run: 'captured' | 'eager' | 'uncompiled' | 'throws';
  /** Files beside it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What each of them begins with, on one line. */
export const header =
  "import { compileCache, cumsum, Dim, maskedSelect, nn, rand, t, type Tensor, tensor, where, zeros } from 'torchnative';";

export const programs: readonly Program[] = [
  // -- reads of values
  {
    name: 'item',
    run: 'eager',
    code: `
      const part = compileCache('item', (x: Tensor) => x.mul(x.sum()./*reads-value*/item()));
      part(tensor([1, 2]));`,
  },
  {
    name: 'tolist in a helper',
    run: 'eager',
    code: `
      import { first } from './tolist-helper.ts';
      const part = compileCache('tolist', (x: Tensor) => x.mul(first(x)));
      part(tensor([1, 2]));`,
    files: {
      'tolist-helper.ts': `import type { Tensor } from 'torchnative';
        export function first(x: Tensor): number {
          return (x./*reads-value*/tolist() as number[])[0];
        }`,
    },
  },
  {
    name: 'data',
    run: 'eager',
    code: `
      const part = compileCache('data', (x: Tensor) => x.mul(x./*reads-value*/data.length));
      part(tensor([1, 2]));`,
  },
  {
    name: 'conversions',
    run: 'eager',
    code: `
      const part = compileCache('conversions', (x: Tensor) => {
        const text = /*reads-value*/JSON.stringify({ x });
        return x.mul(text.length + /*reads-value*/String(x).length);
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'a text',
    run: 'eager',
    code: `
      const part = compileCache('text', (x: Tensor) => x.mul(\`\${/*reads-value*/x}\`.length));
      part(tensor([1, 2]));`,
  },
  {
    name: 'masked select',
    run: 'eager',
    code: `
      const part = compileCache('masked', (x: Tensor) => /*reads-value*/maskedSelect(x, x.gt(1)));
      part(tensor([1, 2]));`,
  },
  {
    name: 'logging and errors',
    run: 'captured',
    code: `
      const part = compileCache('logging', (x: Tensor) => {
        if (x.ndim > 2) throw new Error(\`not \${x.item()}\`);
        if (x.ndim === 7) console.log(x);
        return x.mul(2);
      });
      part(tensor([1, 2]));`,
  },
  // -- branches on data
  {
    name: 'if',
    run: 'eager',
    code: `
      const part = compileCache('if', (x: Tensor) => {
        if (/*branch-on-data*/x.sum() > 0) return x.mul(2);
        return x;
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'while',
    run: 'eager',
    code: `
      const part = compileCache('while', (x: Tensor) => {
        let y = x;
        let turns = 0;
        while (/*branch-on-data*/y.sum() < 10 && turns < 3) {
          y = y.mul(2);
          turns += 1;
        }
        return y;
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'conditional',
    run: 'eager',
    code: `
      const part = compileCache('conditional', (x: Tensor) => (!(/*branch-on-data*/x.sum() > 0) ? x : x.mul(2)));
      part(tensor([1, 2]));`,
  },
  {
    name: 'and of two',
    run: 'eager',
    code: `
      const part = compileCache('and', (x: Tensor, on: boolean) => {
        if (on && /*branch-on-data*/x.max() < 5) return x.neg();
        return x;
      });
      part(tensor([1, 2]), true);`,
  },
  {
    name: 'switch on an item',
    run: 'eager',
    code: `
      const part = compileCache('switch', (x: Tensor) => {
        switch (x.sum()./*reads-value*/item()) {
          case 3:
            return x;
          default:
            return x.mul(2);
        }
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'loop over values',
    run: 'eager',
    code: `
      const part = compileCache('loop', (x: Tensor) => {
        let sum = x.mul(0);
        for (const value of x./*reads-value*/tolist() as number[]) sum = sum.add(value);
        return sum;
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'branches on operators',
    run: 'eager',
    code: `
      const part = compileCache('operators', (x: Tensor) => {
        const shifted = x * 2 + 1;
        return /*branch-on-data*/t(shifted).sum() > 4 ? shifted : -shifted;
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'a value of operators',
    run: 'eager',
    code: `
      import { scaled } from './scaled.ts';
      const part = compileCache('scaled', (x: Tensor) => scaled(x * 2 + 1));
      part(tensor([1, 2]));`,
    files: {
      'scaled.ts': `import { t } from 'torchnative';
        export const scaled = (x: number): number => x * Number(t(x).sum()./*reads-value*/item());`,
    },
  },
  {
    name: 'operators alone',
    run: 'captured',
    code: `
      const part = compileCache('plain-operators', (x: Tensor, y: Tensor) => {
        let sum = x + y * 2;
        for (let i = 0; i < 3; i++) sum = sum - 1;
        const mask = x > 1;
        return where(mask as unknown as Tensor, t(sum), x);
      });
      part(tensor([1, 2]), tensor([3, 4]));`,
  },
  {
    name: 'presence of a mask',
    run: 'captured',
    code: `
      const part = compileCache('presence', (x: Tensor, mask: Tensor | null) => {
        const y = mask ? x.mul(mask) : x;
        return mask !== null && mask.ndim === 1 ? y.add(1) : y;
      });
      part(tensor([1, 2]), tensor([0, 1]));`,
  },
  {
    name: 'a mask is chosen by',
    run: 'captured',
    code: `
      const part = compileCache('chosen', (x: Tensor) => where(x.gt(1), x, x.mul(2)));
      part(tensor([1, 2]));`,
  },
  // -- state
  {
    name: 'counter of a module',
    run: 'captured',
    code: `
      let calls = 0;
      const part = compileCache('counter', (x: Tensor) => {
        /*changed-state*/calls++;
        return x.mul(2);
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'list of a closure',
    run: 'captured',
    code: `
      function make() {
        const seen: number[] = [];
        return compileCache('seen', (x: Tensor) => {
          seen./*changed-state*/push(1);
          return x.mul(2);
        });
      }
      make()(tensor([1, 2]));`,
  },
  {
    name: 'plain field',
    run: 'eager',
    code: `
      class Model extends nn.Module {
        count = 0;
        @compileCache('field')
        forward(x: Tensor): Tensor {
          /*changed-state*/this.count++;
          return x.mul(2);
        }
      }
      new Model().forward(tensor([1, 2]));`,
  },
  {
    name: 'field of an argument',
    run: 'eager',
    code: `
      const part = compileCache('position', (x: Tensor, state: { pos: number }) => {
        /*changed-state*/state.pos += 1;
        return x.mul(2);
      });
      part(tensor([1, 2]), { pos: 1 });`,
  },
  {
    name: 'rebound tensor',
    run: 'eager',
    code: `
      class Cache extends nn.Module {
        k = this.registerBuffer('k', tensor([1, 2]));
        @compileCache('rebound')
        forward(x: Tensor): Tensor {
          /*rebound-tensor*/this.k = this.k.add(x);
          return this.k.mul(2);
        }
      }
      new Cache().forward(tensor([1, 2]));`,
  },
  {
    name: 'copy_ into a buffer',
    run: 'captured',
    code: `
      class Cache extends nn.Module {
        k = this.registerBuffer('k', tensor([1, 2]));
        @compileCache('copied')
        forward(x: Tensor): Tensor {
          this.k.copy_(this.k.add(x));
          const local = { turns: 0, last: x };
          local.turns++;
          local.last = this.k;
          return local.last.mul(local.turns);
        }
      }
      new Cache().forward(tensor([1, 2]));`,
  },
  // -- what a call does not repeat
  {
    name: 'random tensor',
    run: 'eager',
    code: `
      const part = compileCache('random', (x: Tensor) => x.add(/*not-repeatable*/rand([2])));
      part(tensor([1, 2]));`,
  },
  {
    name: 'random number',
    run: 'eager',
    code: `
      const part = compileCache('noise', (x: Tensor) => x.add(/*not-repeatable*/Math.random()));
      part(tensor([1, 2]));`,
  },
  {
    name: 'clock',
    run: 'captured',
    code: `
      const part = compileCache('clock', (x: Tensor) => {
        const start = /*not-repeatable*/performance.now();
        const y = x.mul(2);
        return { y, ms: /*not-repeatable*/Date.now() - start };
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'dropout while training',
    run: 'eager',
    code: `
      const part = compileCache('dropout', (x: Tensor) => /*not-repeatable*/nn.functional.dropout(x, 0.5));
      part(tensor([1, 2]));`,
  },
  // -- functions of another kind
  {
    name: 'async',
    run: 'eager',
    code: `
      async function /*asynchronous*/later(x: Tensor): Promise<Tensor> {
        await null;
        return x.mul(2);
      }
      const part = compileCache('async', later);
      await part(tensor([1, 2]));`,
  },
  {
    name: 'generator',
    run: 'eager',
    code: `
      class Model extends nn.Module {
        @compileCache('generator')
        */*asynchronous*/steps(x: Tensor): Generator<Tensor> {
          yield x.mul(2);
        }
      }
      [...new Model().steps(tensor([1, 2]))];`,
  },
  {
    name: 'function as an argument',
    run: 'eager',
    code: `
      const part = compileCache('callback', (x: Tensor, /*argument-not-data*/f: (x: Tensor) => Tensor) => f(x));
      part(tensor([1, 2]), (x) => x.mul(2));`,
  },
  {
    name: 'function in a field',
    run: 'eager',
    code: `
      class Layer extends nn.Module {
        /*argument-not-data*/activation = nn.functional.relu;
        @compileCache('activation')
        forward(x: Tensor): Tensor {
          return this.activation(x);
        }
      }
      new Layer().forward(tensor([1, 2]));`,
  },
  {
    name: 'map as an argument',
    run: 'eager',
    code: `
      const part = compileCache('map', (x: Tensor, /*argument-not-data*/table: Map<string, number>) => x.mul(table.size));
      part(tensor([1, 2]), new Map());`,
  },
  {
    name: 'instance as a result',
    run: 'eager',
    code: `
      class Box {
        constructor(readonly y: Tensor) {}
      }
      const part = compileCache('box', function /*result-not-data*/box(x: Tensor) {
        return new Box(x.mul(2));
      });
      part(tensor([1, 2]));`,
  },
  // -- tensors from outside
  {
    name: 'tensor of a module',
    run: 'eager',
    code: `
      const scale = tensor([2, 3]);
      const part = compileCache('scale', (x: Tensor) => x.mul(/*outside-tensor*/scale));
      part(tensor([1, 2]));`,
  },
  {
    name: 'model of a module',
    run: 'eager',
    code: `
      const layer = new nn.Linear(2, 2);
      const part = compileCache('linear', (x: Tensor) => /*outside-tensor*/layer.forward(x));
      part(tensor([1, 2]));`,
  },
  {
    name: 'static tensor',
    run: 'eager',
    code: `
      class Model extends nn.Module {
        static readonly table = tensor([1, 2]);
        @compileCache('static-table')
        forward(x: Tensor): Tensor {
          return x.add(/*outside-tensor*/Model.table);
        }
      }
      new Model().forward(tensor([1, 2]));`,
  },
  {
    name: 'sizes of a tensor outside',
    run: 'captured',
    code: `
      const like = zeros([2, 3]);
      const part = compileCache('like', (x: Tensor) => x.mul(like.shape[1]));
      part(tensor([1, 2]));`,
  },
  {
    name: 'model as an argument',
    run: 'captured',
    code: `
      const layer = new nn.Linear(2, 2);
      const part = compileCache('given', (x: Tensor, model: nn.Linear) => model.forward(x).relu());
      part(tensor([1, 2]), layer);`,
  },
  {
    name: 'running sum',
    run: 'uncompiled',
    code: `
      const part = compileCache('cumsum', (x: Tensor) => /*not-compiled*/cumsum(x, 0));
      part(tensor([1, 2]));`,
  },
  // -- dims
  {
    name: 'bits of a dim',
    run: 'eager',
    code: `
      const part = compileCache('bits', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor) => {
        const n = x.shape[0];
        return x.mul(/*hidden-dim*/n | 0);
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'searches for a dim',
    run: 'captured',
    code: `
      const part = compileCache('search', { inputMatchers: { pos: Dim('pos') } }, (x: Tensor, pos: number) => {
        if (Object.is(/*hidden-dim*/pos, 3) || [1, 2].includes(/*hidden-dim*/pos)) return x;
        return x.mul(2);
      });
      part(tensor([1, 2]), 2);`,
  },
  {
    name: 'dim as a key and a text',
    run: 'eager',
    code: `
      const table = [1, 2, 3];
      const part = compileCache('key', { inputMatchers: { s: { pos: Dim('pos') } } }, (x: Tensor, s: { pos: number }) => {
        const { pos } = s;
        const label = \`at \${/*hidden-dim*/pos}\`;
        return x.mul(table[/*hidden-dim*/pos]).add(label.length);
      });
      part(tensor([1, 2]), { pos: 2 });`,
  },
  {
    name: 'dim as a plain number',
    run: 'eager',
    code: `
      const part = compileCache('plain', { inputMatchers: [{ 0: Dim('n') }] }, (x: Tensor) => {
        const [n] = x.shape;
        return x.mul('a'.repeat(/*hidden-dim*/n).length);
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'dim in a package',
    run: 'eager',
    code: `
      import { halfOf } from 'halves';
      const part = compileCache('package', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor) => x.mul(halfOf(/*hidden-dim*/x.shape[0])));
      part(tensor([1, 2]));`,
    files: {
      'node_modules/halves/package.json':
        '{ "name": "halves", "version": "1.0.0", "type": "module", "main": "index.js" }',
      'node_modules/halves/index.js': 'export function halfOf(n) { return n / 2; }',
      'node_modules/halves/index.d.ts': 'export declare function halfOf(n: number): number;',
    },
  },
  {
    name: 'a helper that takes anything',
    run: 'eager',
    code: `
      import type { TensorLike } from 'torchnative';
      const positive = (x: TensorLike): boolean => (/*branch-on-data*/t(x).sum() > 0 ? true : false);
      const loose = (x: any) => (/*branch-on-data*/x > 1 ? 1 : 2);
      const part = compileCache('anything', (x: Tensor) => x.mul(positive(x + 1) ? loose(t(x.sum())) : 3));
      part(tensor([1]));`,
  },
  {
    name: 'dim as it may be used',
    run: 'captured',
    code: `
      const n = Dim('n', { min: 2, max: 64 });
      const half = (size: number): number => Math.floor(size / 2);
      const part = compileCache('used', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => {
        const size = x.shape[0];
        if (size > 64) throw new Error(\`too long: \${size}\`);
        if (size === 1) return x;
        return x.slice(0, 0, half(size)).mul(size * 2 + 1);
      });
      part(tensor([1, 2, 3, 4]));`,
  },
  {
    name: 'narrowed dim',
    run: 'eager',
    code: `
      const part = compileCache('narrowed', { inputMatchers: { x: { 0: Dim('n', { max: 64 }) } } }, (x: Tensor) =>
        /*narrowed-dim*/x.shape[0] > 8 ? x.mul(2) : x,
      );
      part(tensor([1, 2]));`,
  },
  {
    name: 'loop over a dim',
    run: 'eager',
    code: `
      const part = compileCache('turns', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor) => {
        let y = x;
        for (let i = 0; /*narrowed-dim*/i < x.size(0); i++) y = y.add(i);
        return y;
      });
      part(tensor([1, 2]));`,
  },
  {
    name: 'sizes of the sample',
    run: 'captured',
    code: `
      const part = compileCache('sizes', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor) => x.div(x./*baked-size*/sizes[0]));
      part(tensor([1, 2]));`,
  },
  // -- what is declared
  {
    name: 'unknown parameter',
    run: 'throws',
    code: `
      const part = compileCache('names', { inputMatchers: { /*unknown-parameter*/y: { 0: Dim('n') } } }, (x: Tensor) => x.mul(2));
      part(tensor([1, 2]));`,
  },
  {
    name: 'axis beyond the rank',
    run: 'throws',
    code: `
      const part = compileCache('axis', { inputMatchers: { x: { /*matcher-axis*/2: Dim('n') } } }, (x: Tensor<2>) => x.mul(2));
      part(tensor([[1, 2]]));`,
  },
  {
    name: 'dim on a text',
    run: 'throws',
    code: `
      const part = compileCache('text-dim', { inputMatchers: { mode: /*matcher-dim*/Dim('n') } }, (x: Tensor, mode: string) =>
        x.mul(mode.length),
      );
      part(tensor([1, 2]), 'a');`,
  },
  {
    name: 'fields of one argument',
    run: 'captured',
    code: `
      const part = compileCache('fields', { inputMatchers: { x: { 0: Dim('n') }, by: 3 } }, ({ x, by }: { x: Tensor; by: number }) =>
        x.mul(by).mul(x.shape[0]),
      );
      part({ x: tensor([1, 2]), by: 3 });`,
  },
  {
    name: 'unknown field',
    run: 'throws',
    code: `
      const part = compileCache('field-name', { inputMatchers: { /*unknown-parameter*/z: 3 } }, ({ x }: { x: Tensor }) => x.mul(2));
      part({ x: tensor([1, 2]) });`,
  },
  {
    name: 'literal of another type',
    run: 'throws',
    code: `
      const part = compileCache('literal', { inputMatchers: [null, /*matcher-dim*/3] }, (x: Tensor, how: string) => x.mul(how.length));
      part(tensor([1, 2]), 'a');`,
  },
  {
    name: 'spread arguments',
    run: 'eager',
    code: `
      const given = ['spread', { inputMatchers: {} }] as const;
      const part = compileCache(/*no-metadata*/...given, (x: Tensor) => x.mul(2));
      part(tensor([1, 2]));`,
  },
  {
    name: 're-exported compileCache',
    run: 'eager',
    code: `
      import { cached } from './reexport.ts';
      const part = /*no-metadata*/cached('reexported', (x: Tensor) => x.mul(2));
      part(tensor([1, 2]));`,
    files: { 'reexport.ts': `export { compileCache as cached } from 'torchnative';` },
  },
  {
    name: 'getter',
    run: 'throws',
    code: `
      class Model extends nn.Module {
        w = this.registerBuffer('w', tensor([1, 2]));
        @/*undecoratable*/compileCache('getter')
        get double(): Tensor {
          return this.w.mul(2);
        }
      }
      new Model().double;`,
  },
  {
    name: 'bound function',
    run: 'eager',
    code: `
      const layer = { forward(x: Tensor): Tensor { return x.mul(2); } };
      const part = compileCache('bound', /*undecoratable*/layer.forward.bind(layer));
      part(tensor([1, 2]));`,
  },
  {
    name: 'left alone on purpose',
    run: 'eager',
    code: `
      const part = compileCache('ignored', (x: Tensor) => {
        // tn-ignore: known, and rare
        const scale = x.sum().item();
        return x.mul(scale);
      });
      part(tensor([1, 2]));`,
  },
  // -- what is fine, though it looks like something that is not
  {
    name: 'local state',
    run: 'captured',
    code: `
      const part = compileCache('local', (x: Tensor, xs: Tensor[]) => {
        const list: Tensor[] = [];
        const seen = new Map<number, Tensor>();
        for (const each of xs) list.push(each.mul(2));
        for (const [i, each] of list.entries()) seen.set(i, each);
        const options = Object.assign({}, { bias: 1 });
        options.bias += 1;
        let sum = x;
        for (const each of seen.values()) sum = sum.add(each);
        [sum] = [sum.add(options.bias)];
        return { sum, count: list.length };
      });
      part(tensor([1, 2]), [tensor([1, 1]), tensor([2, 2])]);`,
  },
  {
    name: 'objects made inside',
    run: 'captured',
    code: `
      class Sum {
        private total: Tensor | null = null;
        count = 0;
        constructor(readonly scale: number) {
          this.count = 0;
        }
        add(x: Tensor): this {
          this.total = this.total === null ? x : this.total.add(x);
          this.count++;
          return this;
        }
        get value(): Tensor {
          return this.total!.mul(this.scale * this.count);
        }
      }
      const part = compileCache('inside', (x: Tensor) => new Sum(2).add(x).add(x.neg()).value);
      part(tensor([1, 2]));`,
  },
  {
    name: 'layers and recursion',
    run: 'captured',
    code: `
      const depth = { most: 2 };
      function fold(x: Tensor, turns: number): Tensor {
        return turns === 0 ? x : fold(x.mul(2), turns - 1);
      }
      class Model extends nn.Module {
        readonly layers = new nn.ModuleList([new nn.Linear(2, 2), new nn.Linear(2, 2)]);
        readonly names = ['a', 'b'];
        private readonly bias = this.registerBuffer('bias', tensor([1, 2]));
        protected finish(x: Tensor): Tensor {
          return x.add(this.bias);
        }
        @compileCache('layers')
        forward(x: Tensor, scale?: number): Tensor {
          let y = x;
          for (const layer of this.layers) y = layer.forward(y).relu();
          this.names.forEach((name, i) => {
            if (name === 'b' && i > 0) y = this.finish(y);
          });
          if (!scale || scale > 4) y = fold(y, depth.most);
          return y.mul(\`\${this.names.length}\`.length);
        }
      }
      new Model().forward(tensor([[1, 2]]));`,
  },
  {
    name: 'sizes without a dim',
    run: 'captured',
    code: `
      const part = compileCache('static', { inputMatchers: { x: { 0: Dim('n') } } }, (x: Tensor) => {
        const width = x.shape[1];
        const table = new Array<number>(width).fill(0);
        if ((width | 0) === 2 && [1, 2].includes(width)) table[width - 1] = 1;
        let y = x.mul(\`\${width}\`.length);
        for (let i = 0; i < width; i++) y = y.add(table[i]);
        return y;
      });
      part(tensor([[1, 2], [3, 4]]));`,
  },
  {
    name: 'dims decided by their range',
    run: 'captured',
    code: `
      const n = Dim('n', { min: 4, max: 64, multipleOf: 4 });
      const part = compileCache('decided', { inputMatchers: { x: { 0: n }, pos: Dim('pos', { max: 9 }) } }, (x: Tensor, pos: number) => {
        const [size] = x.shape;
        if (size % 4 !== 0 || size < 4 || size === 3 || pos === 0 || pos > 9) return x;
        const half = Math.max(Math.floor(size / 2), 1);
        return x.narrow(0, 0, half).mul(pos + 1);
      });
      part(tensor([1, 2, 3, 4]), 2);`,
  },
  {
    name: 'values that are computed once',
    run: 'captured',
    code: `
      const config = { scale: 2, names: new Map([['a', 1]]) };
      const started = Date.now();
      function random(): number {
        return 4;
      }
      const part = compileCache('once', (x: Tensor) => x.mul(config.scale).add(random()).mul(started > 0 ? 1 : 2));
      part(tensor([1, 2]));`,
  },
  {
    name: 'overloads',
    run: 'captured',
    code: `
      class Model extends nn.Module {
        readonly w = this.registerBuffer('w', tensor([1, 2]));
        @compileCache('first', { inputMatchers: { pos: 0 } })
        @compileCache('later', { inputMatchers: { pos: Dim('pos', { max: 9 }) } })
        forward(x: Tensor, pos: number): Tensor {
          return pos === 0 ? x.add(this.w) : x.mul(pos);
        }
      }
      new Model().forward(tensor([1, 2]), 0);`,
  },
];
