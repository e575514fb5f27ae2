/** @file The symbols of one capture: their ranges, their values in the sample call, and the guards that were needed. */

import { TnError } from '../core/errors.ts';
import { captureLocation, type SourceLocation } from '../core/location.ts';
import { type Expr, int, symbol } from './canonical.ts';
import type { DimSpec } from './dim.ts';
import type { Ranges } from './domain.ts';
import { fixText, makeNarrowing, type Narrowing, narrowedDim, needLines } from './narrowing.ts';
import { prove } from './prove.ts';
import { simplify, simplifyExactDivisions } from './range.ts';
import { evaluatePredicate, negate, type Predicate, predicate, predicateKey, predicateSymbols } from './relation.ts';
import { counterexample } from './search.ts';
import { evaluate, freeSymbols, isPolynomial } from './traverse.ts';

export type { Narrowing } from './narrowing.ts';

export interface Guard {
  /** In the form that holds for the sample. */
  readonly predicate: Predicate;
  readonly location: SourceLocation | null;
  /** 'call': tested on each call. 'narrow': it excludes values of one declared dim, so the part cannot be compiled as declared. */
  readonly kind: 'call' | 'narrow';
  readonly because?: string;
}

/** Predicates that are not proved are decided by the sample and kept. One environment belongs to one capture. */
export class ShapeEnv {
  readonly guards: Guard[] = [];
  /** The value of each symbol in the sample call. */
  readonly samples = new Map<string, number>();
  /** Called when code that does not know symbolic sizes uses one as a plain number: its sample value serves from then on. */
  onEscape: ((what: string) => void) | null = null;
  /**
   * The first symbolic number in the text of an error that is thrown. The error ends the capture; if it does not, because
   * it was caught inside, the text may have decided something.
   */
  mention: { readonly what: string; readonly location: SourceLocation | null } | null = null;
  readonly #dims = new Map<string, DimSpec>();
  /** Decisions by predicate key and by text: what is once decided stays so. */
  readonly #decided = new Map<string, boolean>();

  get ranges(): Ranges {
    return this.#dims;
  }

  /** The declarations, by name. */
  get dims(): ReadonlyMap<string, DimSpec> {
    return this.#dims;
  }

  /**
   * Makes a dim's symbol known, with its value in the sample call.
   * Throws TnError when the name is known with another range or another value, or the value is out of range.
   */
  declare(dim: DimSpec, sample: number): void {
    const known = this.#dims.get(dim.name);
    if (known && (known.min !== dim.min || known.max !== dim.max || known.multipleOf !== dim.multipleOf)) {
      throw new TnError({
        what: `Dim \`${dim.name}\`: found different definitions.`,
        found: [String(known), String(dim)],
        fix: 'declare it once and use that, or give the two dims different names',
      });
    }
    const before = this.samples.get(dim.name);
    if (before !== undefined && before !== sample) {
      throw new TnError({
        what: `Dim \`${dim.name}\` has two sizes in one call.`,
        found: [`${before} and ${sample}`],
        fix: 'the same name means the same size: give sizes that may differ different names',
      });
    }
    if (!Number.isSafeInteger(sample) || sample < dim.min || sample > dim.max || sample % dim.multipleOf !== 0) {
      throw new TnError({
        what: `Dim \`${dim.name}\`: ${sample} is out of range.`,
        found: [`declared ${dim}`],
        fix: 'widen the declaration, or pass a value within it',
      });
    }
    this.#dims.set(dim.name, dim);
    this.samples.set(dim.name, sample);
  }

  /** The expression of a declared dim. Throws TnError for an unknown name. */
  symbol(name: string): Expr {
    if (!this.#dims.has(name)) throw new TnError({ what: `Dim \`${name}\` is not declared.` });
    return symbol(name);
  }

  /** The value of an expression in the sample call. */
  hint(e: Expr): number {
    return evaluate(e, this.samples);
  }

  /** What ranges and guards say: true or false for all calls that fit, undefined if both can be. Records nothing. */
  prove(p: Predicate): boolean | undefined {
    const known = this.guards.map((guard) => guard.predicate);
    return prove(p, this.#dims, known);
  }

  /**
   * Whether `p` holds. Proved if it can be; else decided by the sample and recorded in the form that holds, with the
   * user's line. `because` says what asked, in the user's terms, e.g. `reshape([1, pos/4, 4, 64])`.
   */
  decide(p: Predicate, because?: string): boolean {
    return this.#settle(p, because, false);
  }

  /**
   * Whether an index bound holds, recorded as a condition of the call even if it concerns one dim alone: indices are
   * arguments, and a call outside the bound is another entry, not a fault of the declaration.
   */
  requireIndexBound(p: Predicate, because?: string): boolean {
    return this.#settle(p, because, true);
  }

  /**
   * Pins symbols to their sample values: the way out where code needs a plain number. Each pinned symbol is a narrowing
   * (unless its range is that one value).
   */
  specialize(names: Iterable<string>, because?: string): void {
    for (const name of names) this.decide(predicate('eq', this.symbol(name), int(this.samples.get(name)!)), because);
  }

  /** As `specialize`, for the symbols of `e`; returns its value. */
  specializeExpr(e: Expr, because?: string): number {
    this.specialize(freeSymbols(e), because);
    return this.hint(e);
  }

  /** `e` in its simplest form for all values that ranges and guards leave. */
  simplify(e: Expr): Expr {
    if (isPolynomial(e)) return e;
    return simplifyExactDivisions(simplify(e, this.#dims), this.guards);
  }

  #settle(p: Predicate, because: string | undefined, isIndexBound: boolean): boolean {
    const written = `${p.left.key} ${p.op} ${p.right.key}`;
    const before = this.#decided.get(written);
    if (before !== undefined) return before;
    const key = predicateKey(p);
    let holds = this.#decided.get(key) ?? this.prove(p);
    if (holds === undefined) {
      holds = evaluatePredicate(p, this.samples);
      this.#record(holds ? p : negate(p), because, isIndexBound);
    }
    this.#decided.set(key, holds).set(written, holds);
    return holds;
  }

  #record(p: Predicate, because: string | undefined, isIndexBound: boolean): void {
    const narrows =
      !isIndexBound && predicateSymbols(p).size === 1 && counterexample(p, this.#dims, this.samples) !== null;
    const guard = { predicate: p, location: captureLocation(), kind: narrows ? 'narrow' : 'call' } as const;
    this.guards.push(because === undefined ? guard : { ...guard, because });
  }

  /** The guards that exclude values of a declared dim, in the order met. */
  narrowings(): Narrowing[] {
    return this.#narrowGuards().map(({ guard, dim, sample }) => {
      const failing = counterexample(guard.predicate, this.#dims, this.samples)?.get(dim.name) ?? sample;
      return makeNarrowing(dim, guard.predicate, sample, failing, guard.because, guard.location);
    });
  }

  #narrowGuards(): { guard: Guard; dim: DimSpec; sample: number }[] {
    return this.guards
      .filter((guard) => guard.kind === 'narrow')
      .map((guard) => {
        const [name] = predicateSymbols(guard.predicate);
        return { guard, dim: this.#dims.get(name)!, sample: this.samples.get(name)! };
      });
  }

  /** One error for all narrowings of the part: each dim with its declaration, needs, failing values, lines and a fix. */
  narrowError(partName: string): TnError {
    const all = this.narrowings();
    const names = [...new Set(all.map(({ dim }) => dim))];
    const quoted = names.map((name) => `\`${name}\``);
    const found = names.flatMap((name) => {
      const own = all.filter(({ dim }) => dim === name);
      return needLines(this.#dims.get(name)!, this.samples.get(name)!, own);
    });
    const [first] = names;
    return new TnError({
      what: `compileCache "${partName}": dim${names.length > 1 ? 's' : ''} ${listOf(quoted)} cannot stay symbolic.`,
      found,
      where: null, // each need has its own line
      fix: names.length === 1 ? this.#fixFor(first) : names.map((name) => this.#fixFor(name)).join('; '),
    });
  }

  /** A fix that answers all narrowings of one dim together. */
  #fixFor(name: string): string {
    const declared = this.#dims.get(name)!;
    const own = this.#narrowGuards().filter(({ dim }) => dim.name === name);
    let narrowed: DimSpec | null = declared;
    for (const { guard, sample } of own) narrowed &&= narrowedDim(narrowed, guard.predicate, sample);
    return fixText(declared, narrowed, own[0]?.guard.location ?? null);
  }
}

function listOf(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
