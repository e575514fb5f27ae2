/** @file Decides predicates from the ranges of their symbols and from what is known to hold. Sound both ways. */

import { boundsOf } from './bounds.ts';
import { constantPart, constValue, type Expr, int, neg, scale, sub } from './canonical.ts';
import { floorMod, gcd } from './divide.ts';
import { domainPoints, domainSize, type Ranges } from './domain.ts';
import { multipleOf } from './interval.ts';
import { alwaysZero } from './periodic.ts';
import { simplify } from './range.ts';
import {
  evaluatePredicate,
  negate,
  type Predicate,
  predicateKey,
  predicateSymbols,
  type Statement,
  statementOf,
} from './relation.ts';

/** Domains up to this size are walked whole. */
const walkLimit = 2048;
/** How many known predicates are combined to prove one. */
const combinationDepth = 2;

/**
 * True: `p` holds for all values in range for which everything in `known` holds. False: it holds for none of them.
 * Undefined: neither was shown.
 */
export function prove(p: Predicate, ranges: Ranges, known: readonly Predicate[] = []): boolean | undefined {
  const { op, value } = statementOf(p);
  const simple = simplify(value, ranges);
  const fromRanges = decide(op, simple, ranges);
  if (fromRanges !== undefined) return fromRanges;
  const relevant = relevantFacts(p, known);
  if (relevant.length > 0) {
    const fromFacts = decideFromFacts(p, { op, value: simple }, ranges, relevant);
    if (fromFacts !== undefined) return fromFacts;
  }
  return decideByWalk(p, ranges);
}

function decide(op: Statement['op'], value: Expr, ranges: Ranges): boolean | undefined {
  if (op === 'ge') {
    const { min, max } = boundsOf(value, ranges);
    return min >= 0 ? true : max < 0 ? false : undefined;
  }
  const zero = isZero(value, ranges);
  return zero === undefined || op === 'eq' ? zero : !zero;
}

function isZero(value: Expr, ranges: Ranges): boolean | undefined {
  const constant = constValue(value);
  if (constant !== null) return constant === 0;
  const { min, max } = boundsOf(value, ranges);
  if (min > 0 || max < 0) return false;
  if (min === 0 && max === 0) return true;
  const offset = constantPart(value);
  const step = multipleOf(sub(value, int(offset)), ranges);
  if (step > 1 && floorMod(offset, step) !== 0) return false;
  return alwaysZero(value, ranges) ? true : undefined;
}

/** Facts that share symbols with `p`, directly or through another fact. */
function relevantFacts(p: Predicate, known: readonly Predicate[]): Predicate[] {
  const names = new Set(predicateSymbols(p));
  const chosen = new Set<Predicate>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const fact of known) {
      const symbols = predicateSymbols(fact);
      if (chosen.has(fact) || ![...symbols].some((name) => names.has(name))) continue;
      chosen.add(fact);
      for (const name of symbols) names.add(name);
      grown = true;
    }
  }
  return [...chosen];
}

function decideFromFacts(
  p: Predicate,
  { op, value }: Statement,
  ranges: Ranges,
  facts: readonly Predicate[],
): boolean | undefined {
  const positive = predicateKey(p);
  const negative = predicateKey(negate(p));
  for (const fact of facts) {
    const key = predicateKey(fact);
    if (key === positive) return true;
    if (key === negative) return false;
  }
  const statements = facts.map(statementOf);
  const bounds = statements.flatMap((fact) =>
    fact.op === 'ge' ? [fact.value] : fact.op === 'eq' ? [fact.value, neg(fact.value)] : [],
  );
  const atLeast = (e: Expr, least: number) => reaches(sub(e, int(least)), bounds, ranges, combinationDepth);
  if (op === 'ge') {
    if (atLeast(value, 0)) return true;
    return atLeast(neg(value), 1) ? false : undefined;
  }
  if (atLeast(value, 1) || atLeast(neg(value), 1)) return op === 'ne';
  if (atLeast(value, 0) && atLeast(neg(value), 0)) return op === 'eq';
  const unequal = statements.some((fact) => fact.op === 'ne' && sameUpToSign(fact.value, value));
  return unequal ? op === 'ne' : undefined;
}

function sameUpToSign(a: Expr, b: Expr): boolean {
  return a.key === b.key || neg(a).key === b.key;
}

/**
 * Whether `goal >= 0` follows from `facts >= 0`: some positive multiples of facts are taken off the goal, each chosen so
 * that a term cancels, until the ranges alone show the rest to be non-negative.
 */
function reaches(goal: Expr, facts: readonly Expr[], ranges: Ranges, fuel: number): boolean {
  if (boundsOf(goal, ranges).min >= 0) return true;
  if (fuel === 0) return false;
  return facts.some((fact) =>
    fact.terms.some((term) => {
      const opposite = goal.terms.find((other) => other.key === term.key);
      if (term.factors.length === 0 || opposite === undefined || opposite.coefficient * term.coefficient < 0)
        return false;
      const common = gcd(opposite.coefficient, term.coefficient);
      try {
        const scaled = scale(goal, Math.abs(term.coefficient) / common);
        const rest = sub(scaled, scale(fact, Math.abs(opposite.coefficient) / common));
        return reaches(simplify(rest, ranges), facts, ranges, fuel - 1);
      } catch {
        return false;
      }
    }),
  );
}

/** A small domain is walked: all true or all false decides. */
function decideByWalk(p: Predicate, ranges: Ranges): boolean | undefined {
  const names = predicateSymbols(p);
  if (domainSize(names, ranges) > walkLimit) return undefined;
  let verdict: boolean | undefined;
  try {
    for (const point of domainPoints(names, ranges)) {
      const value = evaluatePredicate(p, point);
      if (verdict !== undefined && verdict !== value) return undefined;
      verdict = value;
    }
  } catch {
    return undefined;
  }
  return verdict;
}
