/** @file The exhaustive table of operations. */

import { TnError } from '../core/errors.ts';
import { attentionOps } from './attention.ts';
import { binaryOps } from './binary.ts';
import { convolutionOps } from './convolution.ts';
import { creationOps } from './creation.ts';
import { fourierOps } from './fourier.ts';
import { indexingOps } from './indexing.ts';
import { joiningOps } from './joining.ts';
import { linearOps } from './linear.ts';
import { normalizationOps } from './normalization.ts';
import { orderingOps } from './ordering.ts';
import { randomOps } from './random.ts';
import type { OpRecord } from './record.ts';
import { reductionOps } from './reduction.ts';
import { scatterOps } from './scatter.ts';
import { ternaryOps } from './ternary.ts';
import { unaryOps } from './unary.ts';
import { viewOps } from './views.ts';

/** Every record with its own attribute types, for code that calls one by name. */
export const ops = {
  ...unaryOps,
  ...binaryOps,
  ...ternaryOps,
  ...reductionOps,
  ...orderingOps,
  ...viewOps,
  ...scatterOps,
  ...indexingOps,
  ...joiningOps,
  ...creationOps,
  ...normalizationOps,
  ...linearOps,
  ...convolutionOps,
  ...attentionOps,
  ...fourierOps,
  ...randomOps,
};

export type OpName = keyof typeof ops;

export const opNames = Object.keys(ops) as readonly OpName[];

/** The record of an op met in a graph or a file. The attribute types are erased: the graph's attrs came from the same record. */
export function opByName(name: string): OpRecord {
  if (!Object.hasOwn(ops, name)) {
    throw new TnError({
      what: `unknown operation "${name}"`,
      fix: 'it was recorded by another version: capture again',
    });
  }
  return ops[name as OpName] as unknown as OpRecord;
}
