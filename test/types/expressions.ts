/** @file What expressions of tensors are to the plain compiler: one row each, checked by three versions of it. */

export interface Row {
  readonly code: string;
  /** Its type; or, of what is refused, the error's code and words of its message. */
  readonly gives: 'Tensor' | 'Tensor<1>' | 'number' | 'boolean' | 'string' | 'void' | { readonly error: string };
  /** What to write instead; it gives a Tensor. */
  readonly instead?: string;
}

/** Names that the rows use. */
export const preamble = `
import { nn, t, tensor, cat, stack, where, isTensor, compileCache, type Tensor, type TensorLike } from 'torchnative';
const { functional: F } = nn;
declare const x: Tensor, y: Tensor, image: Tensor<3>, row: Tensor<1>, list: Tensor[], mask: Tensor | null;
declare const n: number, flag: boolean, either: Tensor | number, layer: nn.Linear;
declare let z: Tensor, like: TensorLike;
`;

const needsT = { error: 'TS2322 t(expression)' } as const;

export const rows: readonly Row[] = [
  // Operators: the type is number, and every public function takes it.
  { code: 'x + y * 2', gives: 'number' },
  { code: '2 - x', gives: 'number' },
  { code: 'x / y % 3', gives: 'number' },
  { code: 'x ** 2', gives: 'number' },
  { code: '-x', gives: 'number' },
  { code: 't(x + y * 2)', gives: 'Tensor' },
  { code: 'F.relu(x + y * 2)', gives: 'Tensor' },
  { code: 'x.matmul(y + 1)', gives: 'Tensor' },
  { code: 'x.add(y / 2).sum()', gives: 'Tensor' },
  { code: 'layer.forward(x - y)', gives: 'Tensor' },
  { code: 'cat([x * 2, y], 0)', gives: 'Tensor' },
  { code: 'stack(list.map((item) => item * 2))', gives: 'Tensor' },
  { code: 'F.softmax(mask ? x + mask : x, -1)', gives: 'Tensor' },
  { code: 'z.copy_(x + y)', gives: 'Tensor' },
  { code: 'new nn.Parameter(x * 0.1)', gives: 'Tensor' },
  { code: 'like = x + y', gives: 'number' },
  { code: 'like += y', gives: 'number' },
  // Where a Tensor is wanted.
  { code: 'z = x + y', gives: needsT, instead: 'z = t(x + y)' },
  { code: 'z += y', gives: needsT, instead: 'z = t(z + y)' },
  { code: '((a: Tensor): Tensor => -a)(x)', gives: needsT, instead: '((a: Tensor): Tensor => t(-a))(x)' },
  { code: '[x, y].map((a): Tensor => a * 2)[0]', gives: needsT, instead: '[x, y].map((a) => t(a * 2))[0]' },
  {
    code: '(x + y).sum()',
    gives: { error: "TS2339 'sum' does not exist on type 'number'" },
    instead: 't(x + y).sum()',
  },
  { code: '(x - y).shape', gives: { error: "TS2339 'shape' does not exist on type 'number'" } },
  {
    code: '((a: Tensor) => a)(x + 1)',
    gives: { error: 'TS2345 t(expression)' },
    instead: '((a: Tensor) => a)(t(x + 1))',
  },
  // Parts are typed by what they are.
  { code: "compileCache('p', (a: Tensor, b: Tensor) => a + b * 2)(x, y)", gives: 'Tensor' },
  { code: "compileCache('p', (a: Tensor) => [a + 1, a * 2])(x)[1]", gives: 'Tensor' },
  { code: "compileCache('p', (a: Tensor) => ({ sum: a + 1, n: 'x' }))(x).sum", gives: 'Tensor' },
  { code: "compileCache('p', (a: number) => a + 1)(2)", gives: 'number' },
  { code: "compileCache('p', (a: Tensor) => a.size(0) === 1)(x)", gives: 'boolean' },
  // Comparisons.
  { code: 'x > 0', gives: 'boolean' },
  { code: 't(x > 0).sum()', gives: 'Tensor' },
  { code: 'where(x > 0, x, 0)', gives: 'Tensor' },
  { code: 'x.index(y > 0)', gives: 'Tensor' },
  { code: 'x.maskedFill(y < 2, -Infinity)', gives: 'Tensor' },
  {
    code: 'z = x > 0',
    gives: { error: "TS2322 'boolean' is not assignable to type 'Tensor'" },
    instead: 'z = t(x > 0)',
  },
  { code: 'x === y', gives: 'boolean' },
  // Sizes are numbers.
  { code: 'x.shape[0] / 2', gives: 'number' },
  { code: 'x.reshape([x.size(0) * 2, -1])', gives: 'Tensor' },
  // Indices.
  { code: 'x[0]', gives: 'Tensor' },
  { code: 'x[n]', gives: 'Tensor' },
  { code: 'x[-1].sum()', gives: 'Tensor' },
  { code: "x['1:3, :, 0']", gives: 'Tensor' },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code.
  { code: 'x[`:${n}`]', gives: 'Tensor' },
  { code: "x['..., 0']", gives: 'Tensor' },
  { code: "x['None, 0']", gives: 'Tensor' },
  { code: 'x[0] + 1', gives: 'number' },
  { code: "x['foo']", gives: { error: "TS7015 index expression is not of type 'number'" } },
  { code: 'x[0] = y', gives: { error: 'TS2542 only permits reading' }, instead: 'x[0].copy_(y)' },
  // Ranks, where they are annotated.
  { code: 'image[0][1]', gives: 'Tensor<1>' },
  { code: '((a: Tensor<3>) => a.sum())(x)', gives: 'Tensor' },
  { code: '((a: Tensor<2>) => a.sum())(t<2>(x + y))', gives: 'Tensor' },
  { code: '((a: Tensor<3>) => a.sum())(row)', gives: { error: "TS2345 'Tensor<1>' is not assignable" } },
  // Telling them apart, and what the compiler does not see.
  { code: 'isTensor(either) ? either.sum() : t(either)', gives: 'Tensor' },
  {
    code: "typeof either === 'number' ? x : either.sum()",
    gives: { error: "TS2339 'sum' does not exist on type 'never'" },
  },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code.
  { code: '`${x}`', gives: 'string' },
  { code: 'Math.sqrt(x)', gives: 'number' },
  { code: 'x.toFixed(2)', gives: 'string' },
  { code: "F.relu('x')", gives: { error: "TS2345 'string' is not assignable" } },
  { code: 'z = 1n', gives: { error: "TS2322 'bigint'" } },
];
