/** @file `inputMatchers` against what the function declares of its parameters, when the decorator runs: names, axes, kinds. */

import { TnError } from '../core/errors.ts';
import { isDim } from '../symbolic/dim.ts';
import type { InputMatchers, Matcher, Parameter } from './matchers.ts';

/** The part that is decorated, for errors. */
export interface DecoratedPart {
  readonly name: string;
  /** Where the function stands, when known. */
  readonly place: string | null;
  readonly parameters: readonly Parameter[];
}

/** The matchers in parameter order. Throws TnError for a name that is no parameter, or a matcher that no argument can meet. */
export function declaredMatchers(part: DecoratedPart, matchers: InputMatchers | undefined): readonly Matcher[] {
  if (!matchers) return [];
  const list = isList(matchers) ? positional(part, matchers) : named(part, matchers);
  for (const [i, parameter] of part.parameters.entries()) {
    if (!parameter.rest && parameter.type !== undefined)
      checkMatcher(part, list[i], parameter.name ?? `argument ${i}`, parameter.type);
  }
  return list;
}

function isList(matchers: InputMatchers): matchers is readonly Matcher[] {
  return Array.isArray(matchers);
}

function positional(part: DecoratedPart, matchers: readonly Matcher[]): readonly Matcher[] {
  const { parameters } = part;
  if (matchers.length > parameters.length && !parameters.at(-1)?.rest) {
    const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
    throw problem(
      part,
      `inputMatchers has ${count(matchers.length, 'item')}, the function takes ${count(parameters.length, 'parameter')}.`,
      'one matcher a parameter, null where nothing is declared',
    );
  }
  return matchers;
}

function named(part: DecoratedPart, matchers: { readonly [name: string]: Matcher }): readonly Matcher[] {
  const { parameters } = part;
  const [first] = parameters;
  // Of a function of one destructured parameter, the names that its user sees are the fields.
  if (parameters.length === 1 && first.fields) {
    refuseUnknown(part, matchers, [...first.fields, '*'], 'field', `fields: ${first.fields.join(', ')}`);
    return [matchers];
  }
  const names = parameters.map((parameter) => parameter.name);
  refuseUnknown(part, matchers, names, 'parameter', `parameters: ${signature(parameters) || '(none)'}`);
  return names.map((name) => (name !== null && Object.hasOwn(matchers, name) ? matchers[name] : null));
}

function refuseUnknown(
  part: DecoratedPart,
  matchers: object,
  known: readonly (string | null)[],
  kind: string,
  found: string,
): void {
  const unknown = Object.keys(matchers).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => `\`${name}\``).join(', ');
  throw new TnError({
    what: `compileCache "${part.name}": inputMatchers names ${names}, which is no ${kind}.`,
    found: [found],
    where: part.place,
    fix: `use the ${kind} names, or an array in parameter order`,
  });
}

/** `x: Tensor, k?: number`, as declared. */
function signature(parameters: readonly Parameter[]): string {
  return parameters
    .map(({ name, fields, optional, rest, type }) => {
      const target = name ?? (fields ? `{ ${fields.join(', ')} }` : '(destructured)');
      return `${rest ? '...' : ''}${target}${optional && !rest ? '?' : ''}${type === undefined ? '' : `: ${type}`}`;
    })
    .join(', ');
}

function problem(part: DecoratedPart, text: string, fix: string): TnError {
  return new TnError({
    what: `compileCache "${part.name}": ${text}`,
    found: [`parameters: ${signature(part.parameters) || '(none)'}`],
    where: part.place,
    fix,
  });
}

/** What an argument can be, by a member of its declared type. */
type Kind =
  | { readonly is: 'number' | 'string' | 'boolean' | 'empty' | 'unknown' }
  /** `rank` null: not annotated. */
  | { readonly is: 'tensor'; readonly rank: number | null };

function checkMatcher(part: DecoratedPart, matcher: Matcher, name: string, type: string): void {
  if (matcher === null || matcher === undefined) return;
  const kinds = unionMembers(type)
    .flatMap(kindsOf)
    .filter((kind) => kind.is !== 'empty');
  if (kinds.length === 0 || kinds.some((kind) => kind.is === 'unknown')) return;
  const declared = `\`${name}\`, which is declared ${type}`;
  if (isDim(matcher)) {
    if (kinds.some((kind) => kind.is === 'number')) return;
    const tensor = kinds.some((kind) => kind.is === 'tensor');
    const fix = tensor
      ? `say which axis: ${name}: { 0: ${matcher} }`
      : 'a Dim declares a number, or an axis of a tensor';
    throw problem(part, `inputMatchers gives ${matcher} to ${declared}.`, fix);
  }
  if (typeof matcher !== 'object') {
    if (kinds.some((kind) => kind.is === typeof matcher)) return;
    const fix = 'a literal of the declared type, or null for no condition';
    throw problem(part, `inputMatchers gives ${JSON.stringify(matcher)} to ${declared}.`, fix);
  }
  const ranks = kinds.flatMap((kind) => (kind.is === 'tensor' ? [kind.rank] : []));
  if (ranks.length === 0) {
    throw problem(part, `inputMatchers gives axes to ${declared}.`, 'a Dim, a literal, or null for no condition');
  }
  const rank = ranks.includes(null) ? null : Math.max(...(ranks as number[]));
  for (const key of Object.keys(matcher)) {
    if (isAxis(key, rank)) continue;
    const range =
      rank === null ? 'axes are whole numbers' : rank === 0 ? 'it has none' : `it has ${-rank} to ${rank - 1}`;
    throw problem(part, `inputMatchers names axis ${key} of ${declared}.`, range);
  }
}

function isAxis(key: string, rank: number | null): boolean {
  const axis = Number(key);
  return Number.isInteger(axis) && (rank === null || (axis >= -rank && axis < rank));
}

/** The members of a union, as text: `|` outside of brackets and quotes separates them. */
function unionMembers(type: string): readonly string[] {
  const members: string[] = [];
  let depth = 0;
  let quote = '';
  let member = '';
  for (const char of type) {
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if ('([{<'.includes(char)) depth++;
    else if (')]}>'.includes(char)) depth--;
    else if (char === '|' && depth === 0) {
      members.push(member.trim());
      member = '';
      continue;
    }
    member += char;
  }
  members.push(member.trim());
  return members.filter((text) => text !== '');
}

const tensorType = /^(?:nn\.)?(?:Tensor|Parameter)(?:<\s*(\d+)\s*>)?$/;

function kindsOf(member: string): readonly Kind[] {
  const inner = /^\((.*)\)$/.exec(member)?.[1];
  if (inner !== undefined && !inner.includes('=>')) return unionMembers(inner).flatMap(kindsOf);
  const tensor = tensorType.exec(member);
  if (tensor) return [{ is: 'tensor', rank: tensor[1] === undefined ? null : Number(tensor[1]) }];
  if (/^(?:Tensor|Parameter)</.test(member)) return [{ is: 'tensor', rank: null }];
  if (member === 'TensorLike') return [{ is: 'tensor', rank: null }, { is: 'number' }];
  if (member === 'number' || member === 'Size' || /^-?[\d.]+$/.test(member)) return [{ is: 'number' }];
  if (member === 'string' || /^(['"`]).*\1$/.test(member)) return [{ is: 'string' }];
  if (member === 'boolean' || member === 'true' || member === 'false') return [{ is: 'boolean' }];
  if (member === 'null' || member === 'undefined') return [{ is: 'empty' }];
  return [{ is: 'unknown' }];
}
