/** @file The face of the predicates: their form and text, proofs, counterexamples. */

export { prove } from './prove.ts';
export {
  evaluatePredicate,
  negate,
  type Predicate,
  parsePredicate,
  predicate,
  predicateKey,
  predicateSymbols,
  predicateToC,
  predicateToString,
} from './relation.ts';
export { counterexample } from './search.ts';
