/** @file `Dim`: the declaration of a size that may differ from call to call. */

import { TnError } from '../core/errors.ts';
import { isIdentifier } from './canonical.ts';
import { type DimRange, valueInterval } from './domain.ts';

export interface DimOptions {
  /** Least value, default 1. */
  readonly min?: number;
  /** Greatest value, default Infinity. */
  readonly max?: number;
  /** Every value is a multiple of this positive integer, default 1. */
  readonly multipleOf?: number;
}

/** A named size with a range. Made by `Dim()`; frozen. */
export class DimSpec implements DimRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly multipleOf: number;

  constructor(name: string, { min = 1, max = Infinity, multipleOf = 1 }: DimOptions = {}) {
    this.name = name;
    this.min = min;
    this.max = max;
    this.multipleOf = multipleOf;
    validate(this);
    Object.freeze(this);
  }

  /** `Dim("pos", { max: 447 })`: what the user wrote, defaults left out. */
  toString(): string {
    const options = [];
    if (this.min !== 1) options.push(`min: ${this.min}`);
    if (this.max !== Infinity) options.push(`max: ${this.max}`);
    if (this.multipleOf !== 1) options.push(`multipleOf: ${this.multipleOf}`);
    return options.length === 0 ? `Dim("${this.name}")` : `Dim("${this.name}", { ${options.join(', ')} })`;
  }
}

/**
 * Declares a size that stays symbolic in compiled code (torch.export.Dim): any multiple of `multipleOf` from `min` to
 * `max`. The same name is the same symbol within one part; different names are never merged.
 * Throws TnError when the name is no identifier, a bound no integer, or no value is left.
 */
export function Dim(name: string, options: DimOptions = {}): DimSpec {
  return new DimSpec(name, options);
}

export function isDim(x: unknown): x is DimSpec {
  return x instanceof DimSpec;
}

function validate(dim: DimSpec): void {
  const { name, min, max, multipleOf } = dim;
  const refuse = (found: string, fix: string): never => {
    throw new TnError({ what: `Dim("${String(name)}") is not a valid dimension.`, found: [found], fix });
  };
  if (typeof name !== 'string' || !isIdentifier(name))
    refuse(`name ${JSON.stringify(name)}`, 'name it like a variable: n, batch, pos_1');
  if (!Number.isSafeInteger(min)) refuse(`min ${min}`, 'min must be an integer');
  if (max !== Infinity && !Number.isSafeInteger(max)) refuse(`max ${max}`, 'max must be an integer, or left out');
  if (!Number.isSafeInteger(multipleOf) || multipleOf < 1)
    refuse(`multipleOf ${multipleOf}`, 'multipleOf must be a positive integer');
  if (min > max) refuse(`min ${min} is greater than max ${max}`, 'swap them');
  const values = valueInterval(dim);
  if (values.min > values.max)
    refuse(`no multiple of ${multipleOf} lies from ${min} to ${max}`, 'widen the range or change multipleOf');
}
