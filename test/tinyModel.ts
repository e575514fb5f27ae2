/** @file A program with a random two-layer decoder: embedding, attention over a cache, a feed-forward net, tied logits. */

/** Prints one line of JSON: the tokens that it chose, logits to three digits, and how its parts ran. */
export const tinyProgram = `import { compileCache, Dim, manualSeed, nn, partReports, tensor, zeros, type Tensor } from 'torchnative';

const { functional: F } = nn;
const width = 16;
const room = 24;
interface Cache { readonly k: Tensor; readonly v: Tensor }

class Block extends nn.Module {
  readonly norm = new nn.LayerNorm(width);
  readonly q = new nn.Linear(width, width);
  readonly kv = new nn.Linear(width, 2 * width);
  readonly out = new nn.Linear(width, width);
  readonly up = new nn.Linear(width, 2 * width);
  readonly down = new nn.Linear(2 * width, width);

  forward(x: Tensor, pos: number, cache: Cache): Tensor {
    const n = x.size(0);
    const h = this.norm.forward(x);
    const kv = this.kv.forward(h);
    cache.k.slice(0, pos, pos + n).copy_(kv.slice(1, 0, width));
    cache.v.slice(0, pos, pos + n).copy_(kv.slice(1, width, 2 * width));
    const split = (t: Tensor): Tensor => t.reshape([1, t.size(0), 2, width / 2]).permute([0, 2, 1, 3]);
    const total = pos + n;
    const k = split(cache.k.slice(0, 0, total));
    const v = split(cache.v.slice(0, 0, total));
    const met = F.scaledDotProductAttention(split(this.q.forward(h)), k, v, { isCausal: pos === 0 });
    const y = x.add(this.out.forward(met.permute([0, 2, 1, 3]).reshape([n, width])));
    return y.add(this.down.forward(F.gelu(this.up.forward(y))));
  }
}

class Tiny extends nn.Module {
  readonly embedding = new nn.Embedding(32, width);
  readonly blocks = [new Block(), new Block()];

  @compileCache('prefill', { inputMatchers: { tokens: { 0: Dim('n', { max: 20 }) }, pos: 0 } })
  @compileCache('decode', { inputMatchers: { tokens: { 0: 1 }, pos: Dim('pos', { max: 23 }) } })
  forward(tokens: Tensor, pos: number, caches: Cache[]): Tensor {
    let x = this.embedding.forward(tokens);
    this.blocks.forEach((block, i) => {
      x = block.forward(x, pos, caches[i]);
    });
    return x.slice(0, -1).matmul(this.embedding.weight.permute([1, 0]));
  }
}

manualSeed(7);
const model = new Tiny();
const caches = [0, 1].map(() => ({ k: zeros([room, width]), v: zeros([room, width]) }));
const prompt = [3, 1, 4, 1, 5];
const tokens: number[] = [];
let logits = model.forward(tensor(prompt, { dtype: 'int64' }), 0, caches);
for (let i = 0; i < 6; i++) {
  const next = logits.argmax(-1).tolist() as number[];
  tokens.push(next[0]);
  logits = model.forward(tensor(next, { dtype: 'int64' }), prompt.length + i, caches);
}
const rounded = (logits.tolist() as number[][])[0].slice(0, 4).map((x) => Math.round(x * 1000) / 1000);
console.log(JSON.stringify({ tokens, rounded, reports: Object.fromEntries(partReports()) }));
`;

export interface TinyOutput {
  readonly tokens: readonly number[];
  readonly rounded: readonly number[];
  readonly reports: Readonly<
    Record<string, { readonly native: number; readonly captured: number; readonly eager: number }>
  >;
}
