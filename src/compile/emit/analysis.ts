/** @file Questions about inlined scalars: which loop variables they depend on, what they access, the same over other variables. */

import { type Expr, freeSymbols, substitute } from '../../symbolic/expr.ts';
import { walkScalar } from '../fuse/operands.ts';
import type { Lowering } from '../lower/builder.ts';
import type { ScalarNode } from '../lower/ir.ts';
import { isLoopSymbol } from '../lower/space.ts';

/** Index expressions that a scalar itself uses. */
function ownExprs(scalar: ScalarNode): readonly Expr[] {
  switch (scalar.kind) {
    case 'memory':
      return [scalar.offset];
    case 'index':
      return [scalar.expr];
    case 'less':
      return [scalar.left, scalar.right];
    default:
      return [];
  }
}

/** All index expressions below `root`, those of values used as indices included. */
export function exprsBelow(lowering: Lowering, root: ScalarNode): Expr[] {
  const all: Expr[] = [];
  walkScalar(lowering, root, (scalar) => {
    all.push(...ownExprs(scalar));
  });
  return all;
}

/** Whether an index expression depends on a loop variable, also through values read from tensors. */
export function exprDependsOn(lowering: Lowering, e: Expr, variable: string): boolean {
  for (const name of freeSymbols(e)) {
    if (name === variable) return true;
    const indirect = isLoopSymbol(name) ? lowering.scalars.indirects.get(name) : undefined;
    if (indirect && dependsOn(lowering, indirect.value, variable)) return true;
  }
  return false;
}

function dependsOn(lowering: Lowering, root: ScalarNode, variable: string): boolean {
  let found = false;
  walkScalar(lowering, root, (scalar) => {
    if (scalar.kind === 'produced') found = true;
    if (!found && ownExprs(scalar).some((e) => freeSymbols(e).has(variable))) found = true;
  });
  return found;
}

/**
 * What can be computed before a loop over `variable`: the largest subexpressions that do not depend on it and are
 * evaluated whatever happens (nothing inside a branch).
 */
export function invariantParts(
  lowering: Lowering,
  root: ScalarNode,
  variable: string,
): { scalars: ScalarNode[]; exprs: Expr[] } {
  const scalars: ScalarNode[] = [];
  const exprs: Expr[] = [];
  const seen = new Set<ScalarNode>();
  const visit = (scalar: ScalarNode): void => {
    if (seen.has(scalar)) return;
    seen.add(scalar);
    if (scalar.kind === 'constant' || scalar.kind === 'produced') return;
    if (!dependsOn(lowering, scalar, variable)) {
      scalars.push(scalar);
      return;
    }
    for (const e of ownExprs(scalar)) {
      for (const name of freeSymbols(e)) {
        const indirect = isLoopSymbol(name) ? lowering.scalars.indirects.get(name) : undefined;
        if (!indirect) continue;
        if (dependsOn(lowering, indirect.value, variable)) visit(indirect.value);
        else exprs.push(lowering.space.variable(name));
      }
    }
    if (scalar.kind === 'op') scalar.args.forEach(visit);
    else if (scalar.kind === 'cast') visit(scalar.arg);
    else if (scalar.kind === 'select') visit(scalar.condition);
  };
  visit(root);
  return { scalars, exprs };
}

/** `root` with loop variables replaced. */
export function substituteScalar(
  lowering: Lowering,
  root: ScalarNode,
  replacements: ReadonlyMap<string, Expr>,
): ScalarNode {
  const { scalars, space } = lowering;
  const done = new Map<ScalarNode, ScalarNode>();
  const expr = (e: Expr): Expr => {
    const all = new Map(replacements);
    for (const name of freeSymbols(e)) {
      const indirect = isLoopSymbol(name) ? scalars.indirects.get(name) : undefined;
      if (indirect) all.set(name, scalars.indirect(visit(indirect.value), expr(indirect.limit), indirect.what));
    }
    return space.simplify(substitute(e, all));
  };
  const visit = (scalar: ScalarNode): ScalarNode => {
    let result = done.get(scalar);
    if (!result) {
      result = rebuild(scalar);
      done.set(scalar, result);
    }
    return result;
  };
  const rebuild = (scalar: ScalarNode): ScalarNode => {
    switch (scalar.kind) {
      case 'memory':
        return scalars.memory(scalar.buffer, expr(scalar.offset), scalar.layout);
      case 'index':
        return scalars.index(expr(scalar.expr), scalar.dtype);
      case 'less':
        return scalars.less(expr(scalar.left), expr(scalar.right));
      case 'op':
        return scalars.op(scalar.op, scalar.args.map(visit));
      case 'cast':
        return scalars.cast(visit(scalar.arg), scalar.dtype);
      case 'select':
        return scalars.select(visit(scalar.condition), visit(scalar.whenTrue), visit(scalar.whenFalse));
      default:
        return scalar;
    }
  };
  return visit(root);
}
