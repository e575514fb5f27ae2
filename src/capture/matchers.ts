/** @file `inputMatchers`: what a decorated method declares of its arguments, and whether a call is admitted by it. */

import { TnError } from '../core/errors.ts';
import { type DimSpec, isDim } from '../symbolic/dim.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A literal (equal by Object.is), a Dim, null for no condition, or a map: axes of a tensor, or fields, indices or '*' of a container. */
export type Matcher = null | undefined | DimSpec | number | string | boolean | MatcherMap;
export interface MatcherMap {
  readonly [key: string | number]: Matcher;
}
export type InputMatchers = { readonly [parameter: string]: Matcher } | readonly Matcher[];

export interface Parameter {
  /** null for a destructured one. */
  readonly name: string | null;
  /** Of a destructured object, when all of its fields are named. */
  readonly fields?: readonly string[];
  readonly optional?: boolean;
  readonly hasDefault?: boolean;
  readonly rest?: boolean;
  /** Its declared type, as text. */
  readonly type?: string;
}

/** The matcher of each of `count` arguments: a rest parameter's is a map (or `'*'`) over the arguments that it takes. */
export function matchersOfCall(
  matchers: readonly Matcher[],
  parameters: readonly Parameter[],
  count: number,
): readonly Matcher[] {
  const rest = parameters.length - 1;
  if (!parameters.at(-1)?.rest || matchers.length <= rest) return matchers;
  const own = matchers[rest];
  const map = typeof own === 'object' && own !== null && !isDim(own) ? own : null;
  const taken = Array.from({ length: Math.max(count - rest, 0) }, (_, i) =>
    map === null ? null : Object.hasOwn(map, String(i)) ? map[i] : map['*'],
  );
  return [...matchers.slice(0, rest), ...taken];
}

/** Dims met during one admission, so that the same name means the same size throughout. */
export type AdmittedDims = Map<string, { readonly spec: DimSpec; readonly value: number }>;

/** null when the value fits, else why it does not, in the user's names. */
export function admitValue(matcher: Matcher, value: unknown, path: string, dims: AdmittedDims): string | null {
  if (matcher === null || matcher === undefined) return null;
  if (isDim(matcher)) {
    if (typeof value !== 'number') return `${path} is no number`;
    return admitDim(matcher, value, path, dims);
  }
  if (typeof matcher !== 'object') {
    return Object.is(matcher, value) ? null : `${path} is ${describe(value)}, not ${describe(matcher)}`;
  }
  if (isTensor(value)) return admitTensor(matcher, value, path, dims);
  if (typeof value !== 'object' || value === null) return `${path} is ${describe(value)}, not a container`;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(matcher)) {
    if (key === '*') continue;
    if (!Object.hasOwn(fields, key)) return `${path}.${key} does not exist`;
  }
  for (const key of Object.keys(fields)) {
    const inner = Object.hasOwn(matcher, key) ? matcher[key] : matcher['*'];
    const problem = admitValue(inner, fields[key], `${path}.${key}`, dims);
    if (problem) return problem;
  }
  return null;
}

function admitTensor(matcher: MatcherMap, tensor: Tensor, path: string, dims: AdmittedDims): string | null {
  for (const key of Object.keys(matcher)) {
    const wanted = matcher[key];
    if (wanted === null || wanted === undefined) continue;
    const axis = tensorAxis(key, tensor.sizes.length);
    if (axis === null) return `${path} has ${tensor.sizes.length} axes, inputMatchers names axis ${key}`;
    const size = tensor.sizes[axis];
    if (isDim(wanted)) {
      const problem = admitDim(wanted, size, `axis ${axis} of ${path}`, dims);
      if (problem) return problem;
    } else if (!Object.is(wanted, size)) {
      return `axis ${axis} of ${path} is ${size}, not ${describe(wanted)}`;
    }
  }
  return null;
}

/** The axis that a key of a tensor's matcher means (negative ones count from the end), or null. */
export function tensorAxis(key: string, rank: number): number | null {
  const axis = Number(key);
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) return null;
  return axis < 0 ? axis + rank : axis;
}

function admitDim(spec: DimSpec, value: number, path: string, dims: AdmittedDims): string | null {
  if (!Number.isSafeInteger(value)) return `${path} is ${value}, not an integer`;
  if (value < spec.min || value > spec.max || value % spec.multipleOf !== 0) {
    const multiple = spec.multipleOf === 1 ? '' : `, multiple of ${spec.multipleOf}`;
    return `${path} is ${value}, outside Dim("${spec.name}") ${spec.min}..${spec.max}${multiple}`;
  }
  const known = dims.get(spec.name);
  if (!known) dims.set(spec.name, { spec, value });
  else if (known.spec.min !== spec.min || known.spec.max !== spec.max || known.spec.multipleOf !== spec.multipleOf) {
    throw new TnError({
      what: `Dim("${spec.name}") is declared with different ranges in one part.`,
      found: [`${known.spec.min}..${known.spec.max} and ${spec.min}..${spec.max}`],
      fix: 'make one Dim and use it in both places, or give them different names',
    });
  } else if (known.value !== value) return `${path} is ${value}, but Dim("${spec.name}") is ${known.value} elsewhere`;
  return null;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'an object';
  return String(value);
}
