/** @file Random expressions with an independent reference: a plain tree evaluated with BigInt. */

import fc from 'fast-check';
import { add, type Expr, floorDiv, int, max, min, mod, mul, neg, sub, symbol } from '../expr.ts';

/** What was written, before any canonical form. */
export type Tree =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'neg'; readonly left: Tree }
  | { readonly kind: 'add' | 'sub' | 'mul' | 'min' | 'max'; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'floordiv' | 'mod'; readonly left: Tree; readonly divisor: number };

export const names = ['a', 'b', 'n'] as const;

/** Trees over some symbols; `depth` bounds the nesting. */
export function trees(symbols: readonly string[] = names, depth = 4): fc.Arbitrary<Tree> {
  const leaf = fc.oneof(
    fc.integer({ min: -12, max: 12 }).map((value): Tree => ({ kind: 'int', value })),
    fc.constantFrom(...symbols).map((name): Tree => ({ kind: 'symbol', name })),
  );
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: depth, depthIdentifier: 'tree' },
      leaf,
      tie('tree').map((left): Tree => ({ kind: 'neg', left })),
      fc
        .tuple(fc.constantFrom('add', 'sub', 'mul', 'min', 'max', 'add'), tie('tree'), tie('tree'))
        .map(([kind, left, right]): Tree => ({ kind: kind as 'add', left, right })),
      fc
        .tuple(fc.constantFrom('floordiv', 'mod'), tie('tree'), fc.constantFrom(1, 2, 3, 4, 6, 8, -2, -3))
        .map(([kind, left, divisor]): Tree => ({ kind: kind as 'mod', left, divisor })),
    ),
  }));
  return tree;
}

/** The tree through the constructors under test. */
export function build(tree: Tree): Expr {
  switch (tree.kind) {
    case 'int':
      return int(tree.value);
    case 'symbol':
      return symbol(tree.name);
    case 'neg':
      return neg(build(tree.left));
    case 'floordiv':
      return floorDiv(build(tree.left), int(tree.divisor));
    case 'mod':
      return mod(build(tree.left), int(tree.divisor));
    default: {
      const operations = { add, sub, mul, min, max };
      return operations[tree.kind](build(tree.left), build(tree.right));
    }
  }
}

/** The tree's meaning, in unbounded integers. */
export function reference(tree: Tree, values: ReadonlyMap<string, number>): bigint {
  switch (tree.kind) {
    case 'int':
      return BigInt(tree.value);
    case 'symbol':
      return BigInt(values.get(tree.name)!);
    case 'neg':
      return -reference(tree.left, values);
    case 'floordiv':
      return floorDivBig(reference(tree.left, values), BigInt(tree.divisor));
    case 'mod': {
      const left = reference(tree.left, values);
      const divisor = BigInt(tree.divisor);
      return left - divisor * floorDivBig(left, divisor);
    }
    default: {
      const a = reference(tree.left, values);
      const b = reference(tree.right, values);
      if (tree.kind === 'add') return a + b;
      if (tree.kind === 'sub') return a - b;
      if (tree.kind === 'mul') return a * b;
      const [low, high] = a < b ? [a, b] : [b, a];
      return tree.kind === 'min' ? low : high;
    }
  }
}

function floorDivBig(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** Small ranges with a multiple, and all their values. */
export const smallRange = fc
  .record({
    min: fc.integer({ min: -9, max: 20 }),
    length: fc.integer({ min: 0, max: 14 }),
    multipleOf: fc.constantFrom(1, 1, 1, 2, 3, 4),
  })
  .map(({ min, length, multipleOf }) => ({ min, max: min + length, multipleOf }))
  .filter(({ min, max, multipleOf }) => Math.ceil(min / multipleOf) * multipleOf <= max);
