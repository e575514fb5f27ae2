/** @file Loop variables with their extents, and simplification of index expressions by what the extents prove. */

import { type Atom, Expr, makeTerm, type Term } from '../../symbolic/canonical.ts';
import { add, constValue, floorDiv, freeSymbols, int, mod, mul, sub, symbol } from '../../symbolic/expr.ts';
import { boundsOf, type Ranges } from '../../symbolic/range.ts';
import { mapAtoms, partsOf, rebuildAtom } from '../../symbolic/traverse.ts';

interface Bounds {
  /** Expressions over dims alone. */
  readonly min: Expr;
  readonly max: Expr;
}

const one = int(1);
const zero = int(0);

/** Numbers of one width: terms are sorted by name, and equal kernels must come out equal wherever they stand. */
function padded(number: number): string {
  return String(number).padStart(7, '0');
}

/** True for loop variables and indirect indices; dims are user identifiers and never begin so. */
export function isLoopSymbol(name: string): boolean {
  return name.startsWith('$');
}

export class IndexSpace {
  readonly ranges: Ranges;
  private readonly extents = new Map<string, Expr>();
  private readonly indirectNames = new Map<string, string>();
  private readonly simplified = new Map<string, Expr>();
  private next = 0;

  constructor(ranges: Ranges) {
    this.ranges = ranges;
  }

  /** A loop variable that runs over 0 … extent - 1. */
  fresh(extent: Expr): Expr {
    const name = `$i${padded(this.next++)}`;
    this.extents.set(name, extent);
    return symbol(name);
  }

  declare(name: string, extent: Expr): void {
    this.extents.set(name, extent);
  }

  variable(name: string): Expr {
    return symbol(name);
  }

  indirectName(key: string): string {
    let name = this.indirectNames.get(key);
    if (!name) {
      name = `$x${padded(this.indirectNames.size)}`;
      this.indirectNames.set(key, name);
    }
    return name;
  }

  extentOf(name: string): Expr {
    const extent = this.extents.get(name);
    if (!extent) throw new Error(`internal: no extent of ${name}`);
    return extent;
  }

  /** Whether an expression is known not to be negative, for all dims in range and all loop variables. */
  nonNegative(e: Expr): boolean {
    const bounds = this.bounds(e);
    return bounds !== null && boundsOf(bounds.min, this.ranges).min >= 0;
  }

  /** `a < b` where that is decided for every index, else undefined. */
  less(a: Expr, b: Expr): boolean | undefined {
    if (this.nonNegative(sub(sub(b, a), one))) return true;
    if (this.nonNegative(sub(a, b))) return false;
    return undefined;
  }

  equal(a: Expr, b: Expr): boolean {
    return a.key === b.key || this.simplify(sub(a, b)).key === '0';
  }

  simplify(e: Expr): Expr {
    if (e.terms.every((term) => term.factors.every((atom) => atom.kind === 'symbol'))) return this.dropUnitLoops(e);
    let done = this.simplified.get(e.key);
    if (!done) {
      done = mapAtoms(e, (atom) => this.simplifyAtom(atom));
      this.simplified.set(e.key, done);
    }
    return done;
  }

  /** A loop of extent 1 has the index 0. */
  private dropUnitLoops(e: Expr): Expr {
    if (![...freeSymbols(e)].some((name) => isLoopSymbol(name) && this.isUnit(name))) return e;
    return mapAtoms(e, (atom) =>
      atom.kind === 'symbol' && this.isUnit(atom.name) ? zero : rebuildAtom(atom, partsOf(atom)),
    );
  }

  private isUnit(name: string): boolean {
    const extent = this.extents.get(name);
    return extent !== undefined && constValue(extent) === 1;
  }

  private simplifyAtom(atom: Atom): Expr {
    if (atom.kind === 'symbol') return this.isUnit(atom.name) ? zero : symbol(atom.name);
    const parts = partsOf(atom).map((part) => this.simplify(part));
    if (atom.kind === 'floordiv') return this.quotient(parts[0], parts[1]);
    if (atom.kind === 'mod') return this.remainder(parts[0], parts[1]);
    if (parts.length === 2) {
      if (this.nonNegative(sub(parts[1], parts[0]))) return atom.kind === 'min' ? parts[0] : parts[1];
      if (this.nonNegative(sub(parts[0], parts[1]))) return atom.kind === 'min' ? parts[1] : parts[0];
    }
    return rebuildAtom(atom, parts);
  }

  /** floor(a / b) with the multiples of b pulled out, and nothing left where the rest is known to be in [0, b). */
  private quotient(a: Expr, b: Expr): Expr {
    const { whole, rest } = this.split(a, b);
    if (this.within(rest, b)) return whole;
    for (const unit of this.units(rest)) {
      const divisor = divideExact(b, unit);
      if (!divisor) continue;
      const inner = this.split(rest, unit);
      if (inner.whole.terms.length === 0 || !this.within(inner.rest, unit)) continue;
      // floor((unit*w + r) / (unit*d)) = floor(w / d) for r in [0, unit)
      return add(whole, this.quotient(inner.whole, divisor));
    }
    return add(whole, floorDiv(rest, b));
  }

  private remainder(a: Expr, b: Expr): Expr {
    const { rest } = this.split(a, b);
    if (this.within(rest, b)) return rest;
    for (const unit of this.units(rest)) {
      const divisor = divideExact(b, unit);
      if (!divisor) continue;
      const inner = this.split(rest, unit);
      if (inner.whole.terms.length === 0 || !this.within(inner.rest, unit)) continue;
      return add(mul(unit, this.remainder(inner.whole, divisor)), inner.rest);
    }
    return mod(rest, b);
  }

  /** `a = b * whole + rest`, as much of it as cancels exactly. */
  private split(a: Expr, b: Expr): { whole: Expr; rest: Expr } {
    let whole = zero;
    let rest = a;
    const [lead] = b.terms;
    for (const term of a.terms) {
      const quotient = lead && divideExact(new Expr([term]), new Expr([lead]));
      if (!quotient) continue;
      const left = sub(rest, mul(quotient, b));
      if (left.terms.length !== rest.terms.length - b.terms.length) continue;
      whole = add(whole, quotient);
      rest = left;
    }
    return { whole, rest };
  }

  private within(e: Expr, limit: Expr): boolean {
    return this.nonNegative(e) && this.nonNegative(sub(sub(limit, one), e));
  }

  /** Strides that a sum is made of: each term without its loop variables. Largest first. */
  private units(e: Expr): Expr[] {
    const units = new Map<string, Expr>();
    for (const term of e.terms) {
      if (term.coefficient <= 0) continue;
      const dims = term.factors.filter((atom) => atom.kind === 'symbol' && !isLoopSymbol(atom.name));
      const unit = new Expr([makeTerm(term.coefficient, dims)]);
      if (unit.key !== '1') units.set(unit.key, unit);
    }
    return [...units.values()].sort((a, b) => this.weigh(b) - this.weigh(a));
  }

  /** A size to compare by: dims taken at a thousand or their maximum. */
  weigh(e: Expr): number {
    let total = 0;
    for (const term of e.terms) {
      let product = term.coefficient;
      for (const atom of term.factors) product *= this.weighAtom(atom);
      total += product;
    }
    return total;
  }

  private weighAtom(atom: Atom): number {
    switch (atom.kind) {
      case 'symbol': {
        if (isLoopSymbol(atom.name)) return this.weigh(this.extentOf(atom.name));
        const range = this.ranges.get(atom.name);
        return range ? Math.max(range.min, Math.min(range.max, 1000)) : 1000;
      }
      case 'floordiv':
        return Math.floor(this.weigh(atom.left) / Math.max(1, this.weigh(atom.right)));
      case 'mod':
        return this.weigh(atom.right);
      case 'min':
        return Math.min(...atom.args.map((arg) => this.weigh(arg)));
      case 'max':
        return Math.max(...atom.args.map((arg) => this.weigh(arg)));
    }
  }

  /** Bounds over dims, each loop variable at its ends; null where a term's sign or an atom's range is not known. */
  private bounds(e: Expr): Bounds | null {
    let min = zero;
    let max = zero;
    for (const term of e.terms) {
      const product = this.termBounds(term);
      if (!product) return null;
      min = add(min, product.min);
      max = add(max, product.max);
    }
    return { min, max };
  }

  private termBounds(term: Term): Bounds | null {
    if (term.factors.every((atom) => !this.mentionsLoops(atom))) {
      const same = new Expr([term]);
      return { min: same, max: same };
    }
    let low: Expr = one;
    let high: Expr = one;
    for (const atom of term.factors) {
      const bounds = this.atomBounds(atom);
      if (!bounds || boundsOf(bounds.min, this.ranges).min < 0) return null;
      low = mul(low, bounds.min);
      high = mul(high, bounds.max);
    }
    const coefficient = int(term.coefficient);
    const ends = { min: mul(low, coefficient), max: mul(high, coefficient) };
    return term.coefficient >= 0 ? ends : { min: ends.max, max: ends.min };
  }

  private atomBounds(atom: Atom): Bounds | null {
    if (!this.mentionsLoops(atom)) {
      const same = rebuildAtom(atom, partsOf(atom));
      return { min: same, max: same };
    }
    switch (atom.kind) {
      case 'symbol':
        return { min: zero, max: sub(this.extentOf(atom.name), one) };
      case 'mod':
        return this.nonNegative(sub(atom.right, one)) && !this.mentionsLoopsIn(atom.right)
          ? { min: zero, max: sub(atom.right, one) }
          : null;
      case 'floordiv': {
        const inner = this.bounds(atom.left);
        if (!inner || this.mentionsLoopsIn(atom.right) || !this.nonNegative(sub(atom.right, one))) return null;
        return { min: floorDiv(inner.min, atom.right), max: floorDiv(inner.max, atom.right) };
      }
      case 'min':
      case 'max': {
        const parts = atom.args.map((arg) => this.bounds(arg));
        if (parts.some((part) => part === null)) return null;
        return {
          min: rebuildAtom(
            atom,
            parts.map((part) => part!.min),
          ),
          max: rebuildAtom(
            atom,
            parts.map((part) => part!.max),
          ),
        };
      }
    }
  }

  private mentionsLoops(atom: Atom): boolean {
    return atom.kind === 'symbol' ? isLoopSymbol(atom.name) : partsOf(atom).some((part) => this.mentionsLoopsIn(part));
  }

  private mentionsLoopsIn(e: Expr): boolean {
    for (const name of freeSymbols(e)) if (isLoopSymbol(name)) return true;
    return false;
  }
}

/** `a / b` when that is exact whatever the values, for a `b` of one term; else null. */
export function divideExact(a: Expr, b: Expr): Expr | null {
  if (b.terms.length !== 1) return a.key === b.key ? one : null;
  const terms: Term[] = [];
  for (const term of a.terms) {
    const [divisor] = b.terms;
    if (term.coefficient % divisor.coefficient !== 0) return null;
    const left: Atom[] = [...term.factors];
    for (const atom of divisor.factors) {
      const at = left.findIndex((other) => other.key === atom.key);
      if (at < 0) return null;
      left.splice(at, 1);
    }
    terms.push(makeTerm(term.coefficient / divisor.coefficient, left));
  }
  return terms.reduce((sum, term) => add(sum, new Expr([term])), zero);
}
