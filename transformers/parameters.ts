/** @file The parameters of a function, as metadata tells them. */

import { child, children, maybeChild, type Node, text } from './ast.ts';

/** The parameters of a function as metadata sees them. */
export interface ParameterInfo {
  /** Null for a pattern. */
  readonly name: string | null;
  readonly optional: boolean;
  /** The source text of its type. */
  readonly type?: string;
  readonly hasDefault?: true;
  readonly rest?: true;
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
    const annotation = maybeChild(target, 'typeAnnotation') ?? maybeChild(outer, 'typeAnnotation');
    const type = annotation && maybeChild(annotation, 'typeAnnotation');
    list.push({
      name,
      optional: hasDefault || rest || target.optional === true,
      ...(type ? { type: code.slice(type.start, type.end).replace(/\s+/g, ' ') } : {}),
      ...(hasDefault ? { hasDefault: true as const } : {}),
      ...(rest ? { rest: true as const } : {}),
    });
  }
  return list;
}
