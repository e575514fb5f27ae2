/** @file Parts that fail, and parts that cannot be captured: a comment that says `error` stands before the place that the message must name. */

export interface Failure {
  readonly name: string;
  readonly before?: string;
  readonly fn: string;
  readonly self?: string;
}

export const failures: readonly Failure[] = [
  { name: 'method', fn: `(x, y) => x./*error*/add(y)` },
  { name: 'chain', fn: `(x, y) => x.relu().mul(2)\n  ./*error*/matmul(y)\n  .sum()` },
  { name: 'operator', fn: `(x, y) => t(x * 2 /*error*/- y)` },
  { name: 'compound', fn: `(x, y) => { let z = x; z /*error*/+= y; return t(z); }` },
  { name: 'reshape', fn: `(x) => x.relu()./*error*/reshape([5, -1])` },
  { name: 'axis', fn: `(x) => x./*error*/softmax(7)` },
  { name: 'slice', fn: `(x) => x./*error*/select(0, 99)` },
  {
    name: 'layer',
    before: `const wrong = new nn.Linear(7, 4);`,
    fn: `function (this: nn.Linear, x: T) { return this./*error*/forward(x); }`,
    self: 'wrong',
  },
  {
    name: 'inside-layers',
    before: `const deep = new nn.Sequential(new nn.Linear(4, 4), new nn.ReLU(), new nn.LayerNorm(5));`,
    fn: `function (this: nn.Sequential, x: T) { return this./*error*/forward(x); }`,
    self: 'deep',
  },
  { name: 'functional', fn: `(x, y) => nn.functional./*error*/linear(x, y)` },
  { name: 'write', fn: `(x, y) => x.mul(1)./*error*/copy_(y)` },
  { name: 'other-file', fn: `(x, y) => joined(x, y)` },
  { name: 'callback', fn: `(x, y) => [x, y].reduce((p, q) => p./*error*/mul(q))` },
  {
    name: 'nested',
    before: `const inner = compileCache('inner', options, (x: T, y: T) => x./*error*/sub(y));`,
    fn: `(x, y) => inner(x, y)`,
  },
  { name: 'thrown-again', fn: `(x, y) => { try { return x./*error*/add(y); } catch (error) { throw error; } }` },
];

/** Reads a value, draws a number: what a capture is given up for. */
export const refusals: readonly Failure[] = [
  { name: 'read', fn: `(x) => (x.sum()./*error*/item() > 3 ? x.add(1) : x)` },
  { name: 'list', fn: `(x) => x.add(x.relu()./*error*/tolist().length)` },
  { name: 'helper-read', fn: `(x) => x.add(first(x))` },
  { name: 'random', fn: `(x) => x.add(/*error*/rand([3, 4]))` },
];

export const failureHelpers = `import type { Tensor } from 'torchnative';

export const joined = (x: Tensor, y: Tensor): Tensor => x
  .relu()
  ./*error*/sub(y);
export function first(x: Tensor): number {
  return x.select(0, 0).select(0, 0)./*error*/item() as number;
}
`;

const head = `import { compileCache, nn, rand, t, tensor, type Tensor } from 'torchnative';
import { first, joined } from './helpers.js';

type T = Tensor;
const options = { out: '../parts', compile: 'never' } as const;
const a = tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]]);
const b = tensor([[1, 2, 3], [4, 5, 6]]);
const places: Record<string, string> = {};
function fails(name: string, call: () => unknown): void {
  let message = 'nothing is wrong';
  try { call(); } catch (error) { message = (error as Error).message; }
  places[name] = /^ {2}at (?:.* \\()?([^ ]+?)\\)?$/m.exec(message)?.[1] ?? message;
}
`;

/** Prints the places of all failures as JSON; refusals are warnings on standard error. */
export function failuresFile(): string {
  const parts = [...failures, ...refusals].map(({ name, before = '', fn, self = 'undefined' }) => {
    return `${before}\nfails('${name}', () => compileCache('${name}', options, ${fn}).call(${self}, a, b));`;
  });
  return [head, ...parts, 'console.log(JSON.stringify(places));', ''].join('\n');
}
