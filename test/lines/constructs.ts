/**
 * @file Programs whose lines are known. A comment that holds the name of an operation alone stands directly before the
 * place where a node of that operation must be reported, one that says `guard` before a guard's. Nothing else may be.
 */

/** A function that becomes a part, with what stands before it and the `this` of its call; or a class that is called. */
export interface Construct {
  readonly name: string;
  readonly before?: string;
  readonly fn?: string;
  readonly self?: string;
  /** PART stands for the part's name. */
  readonly code?: string;
}

/** Operations of tensors, by methods, functions, modules and operators. */
const operations: readonly Construct[] = [
  { name: 'chain', fn: `(x, y) => x./*add*/add(1)./*mul*/mul(y)./*sub*/sub(2)` },
  {
    name: 'chain-over-lines',
    fn: `(x, y) =>
  x
    ./*add*/add(y)
    // a comment between
    ./*relu*/relu()
      ./*mul*/mul(3)`,
  },
  { name: 'argument', fn: `(x, y) => x./*add*/add(y./*mul*/mul(2))` },
  { name: 'functional', fn: `(x, y) => nn.functional./*relu*/relu(x./*sub*/sub(y))` },
  {
    name: 'layer',
    before: `const linear = new nn.Linear(4, 4);`,
    fn: `function (this: nn.Linear, x: T) { return this./*linear*/forward(x)./*add*/add(1); }`,
    self: 'linear',
  },
  {
    name: 'norm',
    before: `const norm = new nn.LayerNorm(4);`,
    fn: `function (this: nn.LayerNorm, x: T) { const h = x./*mul*/mul(2); return this./*layerNorm*/forward(h); }`,
    self: 'norm',
  },
  {
    name: 'sequential',
    before: `const both = new nn.Sequential(new nn.Linear(4, 4), new nn.ReLU());`,
    fn: `function (this: nn.Sequential, x: T) { return this./*linear*//*relu*/forward(x); }`,
    self: 'both',
  },
  { name: 'operator-add', fn: `(x, y) => t(x /*add*/+ y)` },
  { name: 'operators', fn: `(x, y) => t((x /*sub*/- y) /*mul*/* 2 /*add*/+ x /*div*// 3)` },
  {
    name: 'operator-lines',
    fn: `(x, y) => t(x
  /*add*/+ y // and
  /*sub*/- /* why */ x
     /*mul*/* 3)`,
  },
  { name: 'operator-chain', fn: `(x, y) => t(x /*add*/+ y /*add*/+ x /*add*/+ 1)` },
  { name: 'index', fn: `(x, y) => y./*mul*/mul(/*select*/x[0])` },
  { name: 'index-text', fn: `(x, y) => y./*add*/add(/*slice*/x['1:2'])` },
  { name: 'index-template', fn: `(x, y) => y./*add*/add(/*slice*/x[\`0:\${1 + x.ndim - y.ndim}\`])` },
  { name: 'unary', fn: `(x) => t(/*neg*/-x)` },
  { name: 'power', fn: `(x) => t(x /*pow*/** 2)` },
  { name: 'comparison', fn: `(x, y) => /*where*/where(t(x /*lt*/< y), x, y)` },
  { name: 'compound', fn: `(x, y) => { let z = x; z /*add*/+= y; z /*mul*/*= 2; return t(z); }` },
  { name: 'compound-member', fn: `(x, y) => { const o = { sum: x }; o.sum /*sub*/-= y; return t(o.sum); }` },
  {
    name: 'compound-element',
    fn: `(x, y) => { const all = [x, y]; let i = 0; all[i++] /*add*/+= y; return t(all[0] /*mul*/* i); }`,
  },
  { name: 'method-and-operator', fn: `(x, y) => t(x./*relu*/relu() /*add*/+ y./*exp*/exp())` },
  {
    name: 'write',
    fn: `(x, y) => { const z = x./*mul*/mul(2); z.select(0, 1)./*selectScatter*/copy_(y./*select*/select(0, 0)); return z./*add*/add(1); }`,
  },
];

/** Where such operations may stand in a program. */
const places: readonly Construct[] = [
  { name: 'arrow-block', fn: `(x, y) => { return x./*add*/add(y); }` },
  { name: 'function', fn: `function (x, y) { const h = x./*exp*/exp(); return h./*sub*/sub(y); }` },
  {
    name: 'declared',
    before: `function declared(x: T, y: T): T { return inner(x./*add*/add(y)); function inner(z: T): T { return z./*relu*/relu(); } }`,
    fn: `declared`,
  },
  { name: 'other-file', fn: `(x, y) => scaled(x)./*add*/add(y)` },
  { name: 'other-file-operator', fn: `(x, y) => helpers.blended(x, y)` },
  { name: 'default-value', fn: `(x, y, z = x./*exp*/exp()) => z./*add*/add(y)` },
  {
    name: 'destructured',
    fn: `(x, y) => { const { z = x./*exp*/exp(), ...rest } = { w: y } as { z?: T; w: T }; return z./*mul*/mul(rest.w); }`,
  },
  { name: 'callback', fn: `(x, y) => [x, y].map((z) => z./*exp*//*exp*/exp()).reduce((p, q) => p./*add*/add(q))` },
  {
    name: 'loop',
    fn: `(x, y) => { let z = x; for (let i = 0; i < 2; i++) { z = z./*add*//*add*/add(y); } return z; }`,
  },
  { name: 'while', fn: `(x, y) => { let i = 0; let z = x; while (i++ < 1) z = t(z /*div*// y); return z; }` },
  { name: 'for-of', fn: `(x, y) => { let z = x; for (const w of [x, y]) z = z./*mul*//*mul*/mul(w); return z; }` },
  {
    name: 'switch',
    fn: `(x, y) => { switch (x.shape.length) { case 1: return y; case 2: return x./*sub*/sub(y); default: return x; } }`,
  },
  {
    name: 'try',
    fn: `(x, y) => { try { throw new Error(''); } catch { return x./*add*/add(y); } finally { void 0; } }`,
  },
  { name: 'ternary', fn: `(x, y) => (x.ndim === 2 ? x./*add*/add(y) : y)` },
  { name: 'comma', fn: `(x, y) => (void 0, x./*sub*/sub(y))` },
  { name: 'optional', fn: `(x, y) => (x as T | undefined)?./*add*/add(y)!./*relu*/relu() as T` },
  { name: 'casts', fn: `(x, y) => (x as T satisfies T)./*add*/add(y)!./*exp*/exp()` },
  { name: 'invoked', fn: `(x, y) => ((z: T) => z./*mul*/mul(y))(x)` },
  {
    name: 'recursion',
    fn: `(x, y) => { const deep = (z: T, k: number): T => (k === 0 ? z : deep(z./*add*//*add*/add(y), k - 1)); return deep(x, 2); }`,
  },
  { name: 'spread', fn: `(x, y) => { const args: [T] = [y]; return x./*add*/add(...args); }` },
  { name: 'tabs', fn: `(x, y) => {\n\t\tconst z = x./*add*/add(y);\n\t\treturn z./*relu*/relu();\n\t}` },
  { name: 'wide-characters', fn: `(x, y) => { const ü = '😀'; void ü; return x./*add*/add(y); }` },
  { name: 'template', fn: `(x, y) => { const text = \`\${x.ndim}\${y.ndim}\`; return x./*add*/add(text.length); }` },
  {
    name: 'namespace',
    before: `namespace Spaced { export function mix(x: T, y: T): T { return x./*sub*/sub(y); } }`,
    fn: `(x, y) => Spaced.mix(x, y)`,
  },
  { name: 'enum', before: `enum Kind { Two = 2 }`, fn: `(x) => x./*mul*/mul(Kind.Two)` },
];

/** Classes: what decorators of either dialect, fields and accessors leave of them. */
const classes: readonly Construct[] = [
  {
    name: 'method',
    code: `class Method extends nn.Module { @compileCache('PART', options) forward(x: T, y: T): T { return x./*add*/add(y); } }
new Method().forward(a, b);`,
  },
  {
    name: 'method-lines',
    code: `class Lines extends nn.Module {
  readonly linear = new nn.Linear(4, 4);
  @compileCache('PART', options)
  forward(x: T, y: T): T {
    const h = this.linear./*linear*/forward(x);
    return t(h /*add*/+ y);
  }
}
new Lines().forward(a, b);`,
  },
  {
    name: 'static-method',
    code: `class Static { @compileCache('PART', options) static mix(x: T, y: T): T { return x./*sub*/sub(y); } }
Static.mix(a, b);`,
  },
  {
    name: 'arrow-field',
    code: `class Field { readonly mix = compileCache('PART', options, (x: T, y: T): T => Field.once(x./*add*/add(y))); static once = (z: T): T => z./*relu*/relu(); }
new Field().mix(a, b);`,
  },
  {
    name: 'getter',
    code: `class Getter extends nn.Module { readonly scale = new nn.Parameter(tensor([1, 2, 3, 4])); get doubled(): T { return this.scale./*mul*/mul(2); } @compileCache('PART', options) forward(x: T): T { return x./*add*/add(this.doubled); } }
new Getter().forward(a);`,
  },
  {
    name: 'inherited',
    code: `class Base extends nn.Module { protected half(x: T): T { return x./*mul*/mul(0.5); } }
class Derived extends Base { @compileCache('PART', options) forward(x: T, y: T): T { return super.half(x)./*add*/add(y); } }
new Derived().forward(a, b);`,
  },
  {
    name: 'private-method',
    code: `class Private extends nn.Module { #mix(x: T, y: T): T { return x./*sub*/sub(y); } @compileCache('PART', options) forward(x: T, y: T): T { return this.#mix(x, y); } }
new Private().forward(a, b);`,
  },
  {
    name: 'class-expression',
    before: `const Made = class extends nn.Module { forward(x: T, y: T): T { return x./*add*/add(y); } };`,
    fn: `function (this: InstanceType<typeof Made>, x: T, y: T) { return this.forward(x, y); }`,
    self: 'new Made()',
  },
  {
    name: 'static-block',
    before: `class Block { static readonly list: ((x: T, y: T) => T)[] = []; static { Block.list.push((x, y) => x./*div*/div(y)); } }`,
    fn: `(x, y) => [...Block.list][0]!(x, y)`,
  },
  {
    name: 'generator',
    before: `function* steps(x: T, y: T): Generator<T> { yield x./*add*/add(y); yield x./*mul*/mul(y); }`,
    fn: `(x, y) => { const [p, q] = [...steps(x, y)] as [T, T]; return p./*sub*/sub(q); }`,
  },
  {
    name: 'async-driver',
    code: `const stepped = compileCache('PART', options, (x: T, y: T) => x./*add*/add(y));
await (async () => { await null; stepped(a, b); })();`,
  },
  {
    name: 'nested-part',
    before: `const nested = compileCache('inner', options, (x: T) => x./*relu*/relu());`,
    fn: `(x, y) => nested(x./*add*/add(y))`,
  },
];

/** Decisions about sizes of two dims: conditions of the call, each with its line. */
const guards: readonly Construct[] = [
  {
    name: 'guard-if',
    fn: `(x, y) => { if (x.shape[0] /*guard*/> y.shape[0]) return x./*add*/add(1); return y.mul(2); }`,
  },
  {
    name: 'guard-equal',
    fn: `(x, y) => { const same = x.shape[0] /*guard*/=== y.shape[0]; return same ? x : x./*sub*/sub(2); }`,
  },
  { name: 'guard-ternary', fn: `(x, y) => (x.shape[0] /*guard*/<= y.shape[0] ? y : x./*relu*/relu())` },
  {
    name: 'guard-and',
    fn: `(x, y) => { const [n, m] = [x.shape[0], y.shape[0]]; return n /*guard*/> m && n /*guard*/!== m * 2 ? x./*add*/add(3) : y; }`,
  },
  {
    name: 'guard-truth',
    fn: `(x, y) => { const left = x.shape[0] - y.shape[0]; if (/*guard*/left) return x./*exp*/exp(); return x; }`,
  },
  {
    name: 'guard-not',
    fn: `(x, y) => { const left = x.shape[0] - y.shape[0]; return /*guard*/!left ? x : x./*exp*/exp(); }`,
  },
  { name: 'guard-none', fn: `(x, y) => x./*add*/add(Math.max(x.shape[0], y.shape[0]))` },
  {
    name: 'guard-while',
    fn: `(x, y) => { let z = x; while (z.shape[0] /*guard*/< y.shape[0]) z = z.add(1); return z./*add*/add(1); }`,
  },
  {
    name: 'guard-lines',
    fn: `(x, y) => {
  const n = x.shape[0];
  if (
    n
      /*guard*/>= y.shape[0] // both
  ) {
    return x./*add*/add(n);
  }
  return x;
}`,
  },
  {
    name: 'guard-switch',
    fn: `(x, y) => { switch (x.shape[0]) { case /*guard*/y.shape[0]: return x; default: return x./*neg*/neg(); } }`,
  },
  { name: 'guard-helper', fn: `(x, y) => (longer(x, y) ? x./*add*/add(1) : y)` },
];

export const constructs: readonly Construct[] = [...operations, ...places, ...classes, ...guards];

export const helperFile = `import type { Tensor } from 'torchnative';
import { t } from 'torchnative';

/* A comment of
   two lines. */ export const scaled = (h: Tensor): Tensor => h./*relu*/relu()./*sub*/sub(3);
export function blended(x: Tensor, y: Tensor): Tensor {
  return t(x /*mul*/* 0.5 /*add*/+ y /*mul*/* 0.5);
}
export const longer = (x: Tensor, y: Tensor): boolean => x.shape[0] /*guard*/> y.shape[0];
`;

const head = `import { compileCache, Dim, nn, t, tensor, type Tensor, where } from 'torchnative';
import * as helpers from './helpers.js';
import { longer, scaled } from './helpers.js';

type T = Tensor;
const options = { out: '../parts', compile: 'never' } as const;
const sized = { ...options, inputMatchers: [{ 0: Dim('n') }, { 0: Dim('m') }] };
const a = tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]]);
const b = tensor([[2, 2, 2, 2], [3, 3, 3, 3], [4, 4, 4, 4]]);
const long = tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3], [1, 1, 1, 1], [2, 2, 2, 2]]);
`;

/** All of them as one file. */
export function constructsFile(): string {
  const bodies = constructs.map(({ name, before = '', fn, self = 'undefined', code }) => {
    if (code !== undefined) return code.replace('PART', name);
    const [declared, first] = name.startsWith('guard-') ? ['sized', 'long'] : ['options', 'a'];
    return `${before}\nvoid compileCache('${name}', ${declared}, ${fn}).call(${self}, ${first}, b);`;
  });
  return [head, ...bodies, ''].join('\n');
}

/** `name line:column` of every mark: where nodes and guards of that name must be. */
export function marksOf(text: string): string[] {
  const marks: string[] = [];
  for (const match of text.matchAll(/(?:\/\*\w+\*\/)+/g)) {
    const before = text.slice(0, match.index + match[0].length).split('\n');
    const place = `${before.length}:${(before.at(-1) as string).length + 1}`;
    for (const [name] of match[0].matchAll(/\w+/g)) marks.push(`${name} ${place}`);
  }
  return [...new Set(marks)];
}
