/** @file What a narrowed dim is told to the user: the value that fails, and a declaration that would not. */

import { formatLocation, type SourceLocation } from '../core/location.ts';
import { constValue, type Expr } from './canonical.ts';
import { DimSpec } from './dim.ts';
import { lcm, valueInterval } from './domain.ts';
import { prove } from './prove.ts';
import { type Predicate, predicateToString } from './relation.ts';
import { counterexample } from './search.ts';
import { partsOf } from './traverse.ts';

/** A declared dim that the captured code works for only in part. */
export interface Narrowing {
  /** The dim's name. */
  readonly dim: string;
  /** What the code needs, in the user's terms. */
  readonly predicate: string;
  /** A value of the declared range for which it fails. */
  readonly counterexample: number;
  readonly location: SourceLocation | null;
  /** What led to the predicate, e.g. the op; null if not said. */
  readonly because: string | null;
  /** What to do, to paste. */
  readonly fix: string;
}

/** A declaration within `dim` that keeps `sample` and makes `p` true for all its values; null if there is none but the sample. */
export function narrowedDim(dim: DimSpec, p: Predicate, sample: number): DimSpec | null {
  for (const divisor of [...divisorsIn(p)].sort((a, b) => a - b)) {
    const multipleOf = lcm(dim.multipleOf, divisor);
    if (sample % multipleOf !== 0 || !Number.isSafeInteger(multipleOf)) continue;
    const candidate = rangeWith(dim, { multipleOf });
    if (candidate && holdsFor(candidate, p)) return candidate;
  }
  const max = lastHolding(dim, p, sample, dim.max, (max) => rangeWith(dim, { min: sample, max }));
  const min = lastHolding(dim, p, sample, dim.min, (min) => rangeWith(dim, { min, max: sample }));
  const candidate = rangeWith(dim, { min, max });
  if (candidate === null) return null;
  const values = valueInterval(candidate);
  return values.min === values.max ? null : candidate;
}

function rangeWith(dim: DimSpec, change: { min?: number; max?: number; multipleOf?: number }): DimSpec | null {
  try {
    return new DimSpec(dim.name, { min: dim.min, max: dim.max, multipleOf: dim.multipleOf, ...change });
  } catch {
    return null;
  }
}

function holdsFor(dim: DimSpec, p: Predicate): boolean {
  return prove(p, new Map([[dim.name, dim]])) === true;
}

/** The farthest bound from `sample` towards `end` such that no value between them fails. */
function lastHolding(
  dim: DimSpec,
  p: Predicate,
  sample: number,
  end: number,
  between: (bound: number) => DimSpec | null,
): number {
  let bound = end;
  for (let step = 0; step < 64; step++) {
    const range = between(bound);
    if (range === null) return sample;
    const found = counterexample(p, new Map([[dim.name, range]]), new Map([[dim.name, sample]]));
    if (found === null) return bound;
    bound = found.get(dim.name)! + (end > sample ? -1 : 1);
  }
  return sample;
}

/** The constants that sizes are divided by in a predicate. */
function divisorsIn(p: Predicate): Set<number> {
  const divisors = new Set<number>();
  const visit = (e: Expr) => {
    for (const term of e.terms) {
      for (const atom of term.factors) {
        if (atom.kind === 'mod' || atom.kind === 'floordiv') {
          const divisor = constValue(atom.right);
          if (divisor !== null && divisor > 1) divisors.add(divisor);
        }
        for (const part of partsOf(atom)) visit(part);
      }
    }
  };
  visit(p.left);
  visit(p.right);
  return divisors;
}

/** `Dim("pos", { multipleOf: 4 }), or pad before line 88, or drop \`pos\` from inputMatchers`. */
export function fixText(declared: DimSpec, narrowed: DimSpec | null, location: SourceLocation | null): string {
  const ways: string[] = [];
  if (narrowed !== null) ways.push(String(narrowed));
  if (narrowed !== null && narrowed.multipleOf !== declared.multipleOf && location) {
    ways.push(`pad before line ${location.line}`);
  }
  ways.push(`drop \`${declared.name}\` from inputMatchers`);
  return ways.join(', or ');
}

/** The middle of the error: for one dim its declaration, then each need with the value that fails and the line. */
export function needLines(declared: DimSpec, sample: number, narrowings: readonly Narrowing[]): string[] {
  const label = (text: string) => (text.length < 6 ? text.padEnd(6) : `${text}  `);
  const lines = [`${label(declared.name)}declared ${declared}, sample ${sample}`];
  for (const narrowing of narrowings) {
    lines.push(
      `${label('needs')}${narrowing.predicate}        fails for ${declared.name} = ${narrowing.counterexample}`,
    );
    const place = narrowing.location ? `at ${formatLocation(narrowing.location)}` : '';
    const because = [narrowing.because ?? '', place].filter((part) => part !== '').join('   ');
    if (because !== '') lines.push(`${label('because')}${because}`);
  }
  return lines;
}

export function makeNarrowing(
  declared: DimSpec,
  p: Predicate,
  sample: number,
  failing: number,
  because: string | undefined,
  location: SourceLocation | null,
): Narrowing {
  return {
    dim: declared.name,
    predicate: predicateToString(p),
    counterexample: failing,
    location,
    because: because ?? null,
    fix: fixText(declared, narrowedDim(declared, p, sample), location),
  };
}
