/** @file Arguments and `this` flattened: tensors become inputs, Module fields become parameters, everything else is pinned by value. */

import type { DType } from '../core/dtype.ts';
import { Module } from '../nn/module.ts';
import { type DimSpec, isDim } from '../symbolic/dim.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Matcher, type MatcherMap, tensorAxis } from './matchers.ts';

/** What an entry expects of one value, and how inputs are collected from it. Plain JSON: it stands in the manifest. */
export type InputTree =
  | {
      readonly kind: 'tensor';
      readonly input: number;
      readonly dtype: DType;
      readonly sizes: readonly (number | string)[];
    }
  | { readonly kind: 'dim'; readonly input: number; readonly symbol: string }
  | { readonly kind: 'parameter'; readonly index: number; readonly dtype: DType; readonly sizes: readonly number[] }
  | { readonly kind: 'plain'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly InputTree[] }
  | {
      readonly kind: 'object';
      /** '' for plain records, else the class's name and a hash of the sources that define it. */
      readonly classId: string;
      readonly fields: readonly (readonly [string, InputTree])[];
    };

export type FlatInput =
  | {
      readonly kind: 'tensor';
      readonly path: string;
      readonly tensor: Tensor;
      readonly dims: readonly (DimSpec | null)[];
    }
  | {
      readonly kind: 'dim';
      readonly path: string;
      readonly dim: DimSpec;
      readonly value: number;
      /** Where the number stands: a capture puts a symbolic one there. */
      readonly owner: Record<string, unknown>;
      readonly key: string;
    };

export interface FlatCall {
  readonly self: InputTree;
  readonly args: readonly InputTree[];
  readonly inputs: readonly FlatInput[];
  readonly parameters: readonly { readonly path: string; readonly tensor: Tensor }[];
}

/** Identity of a class by its source; null for one whose file was not transformed. */
export type ClassId = (definition: object) => string | null;

/** Why a value cannot be flattened: capture is refused and the call stays eager. */
export class CannotFlatten extends Error {
  readonly fix: string;
  constructor(reason: string, fix: string) {
    super(reason);
    this.fix = fix;
  }
}

/** Object.is-exact text of a plain value; null when it is none. */
export function plainText(value: unknown): string | null {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'boolean':
      return String(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'string':
      return JSON.stringify(value);
    default:
      return value === null ? 'null' : null;
  }
}

/** The value that `plainText` gave this text for. */
export function plainValue(text: string): unknown {
  switch (text) {
    case 'undefined':
      return undefined;
    case 'null':
    case 'true':
    case 'false':
      return JSON.parse(text);
  }
  if (text.startsWith('"')) return JSON.parse(text);
  return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text);
}

/** Flattens one call. `args` is the array that the function will be called with: a capture writes into it. */
export function flattenCall(
  self: unknown,
  args: unknown[],
  names: readonly string[],
  matchers: readonly Matcher[],
  classId: ClassId,
): FlatCall {
  const walker = new Walker(classId);
  const root: Record<string, unknown> = { this: self };
  return {
    self: walker.visit(root, 'this', 'this', null, false),
    args: args.map((_, i) =>
      walker.visit(
        args as unknown as Record<string, unknown>,
        String(i),
        names[i] ?? `argument ${i}`,
        matchers[i],
        false,
      ),
    ),
    inputs: walker.inputs,
    parameters: walker.parameters,
  };
}

/** How a class itself, as `this` of a static method, is named. */
export function staticClassId(id: string): string {
  return `static ${id}`;
}

function isWritable(owner: object, key: string): boolean {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  return property === undefined || property.writable === true;
}

class Walker {
  readonly inputs: FlatInput[] = [];
  readonly parameters: { path: string; tensor: Tensor }[] = [];
  private readonly classId: ClassId;
  private readonly parameterIndex = new Map<Tensor, number>();
  private readonly open = new Set<object>();

  constructor(classId: ClassId) {
    this.classId = classId;
  }

  visit(owner: Record<string, unknown>, key: string, path: string, matcher: Matcher, inModule: boolean): InputTree {
    const value = owner[key];
    if (isTensor(value)) return inModule ? this.parameter(value, path) : this.tensor(value, path, matcher);
    if (isDim(matcher)) {
      if (Object.isFrozen(owner) || !isWritable(owner, key)) {
        throw new CannotFlatten(`${path} cannot be written`, 'pass a copy that is not frozen');
      }
      this.inputs.push({ kind: 'dim', path, dim: matcher, value: value as number, owner, key });
      return { kind: 'dim', input: this.inputs.length - 1, symbol: matcher.name };
    }
    const plain = plainText(value);
    if (plain !== null) return { kind: 'plain', value: plain };
    if (typeof value === 'function' && path === 'this') return this.staticFields(value, matcher);
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new CannotFlatten(`${path} is a ${typeof value}`, 'pass data, or make it a method');
    }
    return this.container(value as object, path, matcher, inModule);
  }

  private tensor(tensor: Tensor, path: string, matcher: Matcher): InputTree {
    const rank = tensor.sizes.length;
    const dims = new Array<DimSpec | null>(rank).fill(null);
    if (matcher && typeof matcher === 'object' && !isDim(matcher)) {
      for (const key of Object.keys(matcher)) {
        const wanted = (matcher as MatcherMap)[key];
        const axis = tensorAxis(key, rank);
        if (axis !== null && isDim(wanted)) dims[axis] = wanted;
      }
    }
    this.inputs.push({ kind: 'tensor', path, tensor, dims });
    const sizes = tensor.sizes.map((size, axis) => dims[axis]?.name ?? size);
    return { kind: 'tensor', input: this.inputs.length - 1, dtype: tensor.dtype, sizes };
  }

  private parameter(tensor: Tensor, path: string): InputTree {
    let index = this.parameterIndex.get(tensor);
    if (index === undefined) {
      index = this.parameters.push({ path, tensor }) - 1;
      this.parameterIndex.set(tensor, index);
    }
    return { kind: 'parameter', index, dtype: tensor.dtype, sizes: tensor.sizes };
  }

  private container(value: object, path: string, matcher: Matcher, insideModule: boolean): InputTree {
    if (this.open.has(value))
      throw new CannotFlatten(`${path} refers back to an object that holds it`, 'break the cycle');
    this.open.add(value);
    const map = matcher && typeof matcher === 'object' && !isDim(matcher) ? (matcher as MatcherMap) : null;
    const inner = (key: string): Matcher => (map ? (Object.hasOwn(map, key) ? map[key] : map['*']) : null);
    const owner = value as Record<string, unknown>;
    // What a Module holds is lifted with it, through arrays and records too.
    const inModule = insideModule || value instanceof Module;
    const visit = (key: string): InputTree => this.visit(owner, key, `${path}.${key}`, inner(key), inModule);
    let tree: InputTree;
    if (Array.isArray(value)) {
      tree = { kind: 'array', items: value.map((_, i) => visit(String(i))) };
    } else {
      const prototype = Object.getPrototypeOf(value) as { constructor?: { name: string } } | null;
      const plainRecord = prototype === null || prototype === Object.prototype;
      if (!plainRecord) {
        if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value) || value instanceof Promise) {
          throw new CannotFlatten(
            `${path} is a ${prototype.constructor?.name}`,
            'pass tensors, arrays, records or class instances',
          );
        }
      }
      tree = {
        kind: 'object',
        classId: plainRecord ? '' : this.classOf(prototype, path),
        fields: Object.keys(value).map((key) => [key, visit(key)] as const),
      };
    }
    this.open.delete(value);
    return tree;
  }

  /** `this` of a static method: the class, with its own fields. */
  private staticFields(definition: object, matcher: Matcher): InputTree {
    const id = this.classId(definition);
    if (id === null) throw new CannotFlatten('`this` is a function', 'call it without `this`, or make it a method');
    const owner = definition as Record<string, unknown>;
    const fields = Object.keys(owner).map(
      (key) => [key, this.visit(owner, key, `this.${key}`, matcher, true)] as const,
    );
    return { kind: 'object', classId: staticClassId(id), fields };
  }

  private classOf(prototype: { constructor?: { name: string } }, path: string): string {
    const id = prototype.constructor ? this.classId(prototype.constructor) : null;
    if (id === null) {
      const name = prototype.constructor?.name || 'an unnamed class';
      throw new CannotFlatten(
        `${path} is an instance of ${name}, whose source is not known`,
        'run with `tn run FILE.ts` or `node --import torchnative/register`, and import torchnative in the file that defines it',
      );
    }
    return id;
  }
}
