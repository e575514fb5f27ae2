/** @file Pieces of JavaScript text: names, and sizes as functions of the dims. */

import type { Atom, Term } from '../../symbolic/canonical.ts';
import { type Expr, freeSymbols } from '../../symbolic/expr.ts';

const reserved = new Set(
  `arguments await async break case catch class const continue debugger default delete do else enum eval export extends
  false finally for function if implements import in instanceof interface let new null package private protected public
  return static super switch this throw true try typeof undefined var void while with yield`.split(/\s+/),
);

/** A name for a parameter or a binding, made of the user's. */
export function jsName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_$]+/g, '_').replace(/^(?=[0-9])/, '_') || '_';
  return reserved.has(name) ? `${name}_` : name;
}

/** As given, with a number behind where it is taken. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let n = 2; taken.has(unique); n++) unique = `${name}${n}`;
  taken.add(unique);
  return unique;
}

/** A property of an object literal or type. */
export function jsKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : jsString(name);
}

export function jsString(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}

/** `(n, pos) => pos + 1`: of the symbols in this order, those behind the last one that is used left out. */
export function exprFunction(e: Expr, symbols: readonly string[]): string {
  const used = freeSymbols(e);
  const last = symbols.findLastIndex((name) => used.has(name));
  const names = symbols.slice(0, last + 1);
  const call = names.length === 1 ? names[0] : `(${names.join(', ')})`;
  return `${names.length === 0 ? '()' : call} => ${exprToJs(e)}`;
}

/** Numbers are exact: sizes and positions stay below 2^53. */
export function exprToJs(e: Expr): string {
  if (e.terms.length === 0) return '0';
  return e.terms
    .map((term, i) => {
      const sign = term.coefficient < 0 ? (i === 0 ? '-' : ' - ') : i === 0 ? '' : ' + ';
      return sign + termToJs(term);
    })
    .join('');
}

function termToJs({ coefficient, factors }: Term): string {
  const size = Math.abs(coefficient);
  const texts = factors.map(atomToJs);
  if (size !== 1 || texts.length === 0) texts.unshift(String(size));
  return texts.join(' * ');
}

function atomToJs(atom: Atom): string {
  switch (atom.kind) {
    case 'symbol':
      return atom.name;
    case 'min':
    case 'max':
      return `Math.${atom.kind}(${atom.args.map(exprToJs).join(', ')})`;
    case 'floordiv':
      return `Math.floor((${exprToJs(atom.left)}) / (${exprToJs(atom.right)}))`;
    case 'mod': {
      const [left, right] = [exprToJs(atom.left), exprToJs(atom.right)];
      return `((${left}) - (${right}) * Math.floor((${left}) / (${right})))`;
    }
  }
}
