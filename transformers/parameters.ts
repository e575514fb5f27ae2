/** @file The parameters of a function, as metadata tells them. */

import { child, children, literalKind, maybeChild, type Node, text } from './ast.ts';

/** The parameters of a function as metadata sees them. */
export interface ParameterInfo {
  /** Null for a pattern. */
  readonly name: string | null;
  /** The fields that an object pattern takes, when it names all of them. */
  readonly fields?: readonly string[];
  readonly optional: boolean;
  /** The source text of its type. */
  readonly type?: string;
  readonly hasDefault?: true;
  readonly rest?: true;
}

/** Names of the fields that an object pattern takes, or null when it may take others. */
function fieldsOf(pattern: Node): string[] | null {
  if (pattern.type !== 'ObjectPattern') return null;
  const names: string[] = [];
  for (const property of children(pattern, 'properties')) {
    if (property.type !== 'Property' || property.computed === true) return null;
    const key = child(property, 'key');
    if (key.type === 'Identifier') names.push(text(key, 'name'));
    else if (literalKind(key) === 'string') names.push(text(key, 'value'));
    else return null;
  }
  return names;
}

/** Describes the parameters of a function; TypeScript's `this` parameter is none. */
export function parametersOf(fn: Node, code: string): ParameterInfo[] {
  const list: ParameterInfo[] = [];
  for (const written of children(fn, 'params')) {
    const outer = written.type === 'TSParameterProperty' ? child(written, 'parameter') : written;
    const rest = outer.type === 'RestElement';
    const hasDefault = outer.type === 'AssignmentPattern';
    const target = rest ? child(outer, 'argument') : hasDefault ? child(outer, 'left') : outer;
    const name = target.type === 'Identifier' ? text(target, 'name') : null;
    if (name === 'this') continue;
    const fields = fieldsOf(target);
    const annotation = maybeChild(target, 'typeAnnotation') ?? maybeChild(outer, 'typeAnnotation');
    const type = annotation && maybeChild(annotation, 'typeAnnotation');
    list.push({
      name,
      ...(fields ? { fields } : {}),
      optional: hasDefault || rest || target.optional === true,
      ...(type ? { type: code.slice(type.start, type.end).replace(/\s+/g, ' ') } : {}),
      ...(hasDefault ? { hasDefault: true as const } : {}),
      ...(rest ? { rest: true as const } : {}),
    });
  }
  return list;
}
