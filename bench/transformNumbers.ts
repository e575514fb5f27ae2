/** @file Loops on plain numbers, rewritten because the file imports the package, and the same loops left alone. */

import type { Tensor } from 'torchnative';

/** Keeps the file one that the transformer takes, and gives the operators other things than numbers to see. */
export type Anything = Tensor | number;

/** Five operators a turn: two of arithmetic, a comparison and a condition in each of two places. */
export function arithmetic(turns: number, a: number, b: number): number {
  let sum = a;
  for (let i = a; i < turns; i = i + b) sum = sum * a - i;
  return sum;
}

// tn-ignore
export function arithmeticAlone(turns: number, a: number, b: number): number {
  let sum = a;
  for (let i = a; i < turns; i = i + b) sum = sum * a - i;
  return sum;
}

export function comparisons(turns: number, a: number, b: number): number {
  let found = a;
  for (let i = a; i < turns; i += b) if (i % 3 === b || (i > 7 && !(i <= found))) found = -found;
  return found;
}

// tn-ignore
export function comparisonsAlone(turns: number, a: number, b: number): number {
  let found = a;
  for (let i = a; i < turns; i += b) if (i % 3 === b || (i > 7 && !(i <= found))) found = -found;
  return found;
}

export function functions(turns: number, a: number, b: number): number {
  let most = a;
  for (let i = a; i < turns; i += b) most = Math.max(Math.min(i, 1000), Math.floor(most / 2));
  return most;
}

// tn-ignore
export function functionsAlone(turns: number, a: number, b: number): number {
  let most = a;
  for (let i = a; i < turns; i += b) most = Math.max(Math.min(i, 1000), Math.floor(most / 2));
  return most;
}
