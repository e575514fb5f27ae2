/** @file Reads expressions and predicates back from their text. The grammar is that of the printers, plus any spacing. */

import { TnError } from '../core/errors.ts';
import { add, type Expr, int, isIdentifier, mul, neg, sub, symbol } from './canonical.ts';
import { floorDiv, mod } from './divide.ts';
import { extreme } from './extremes.ts';

const token = /\s*(?:([A-Za-z_$][A-Za-z0-9_$]*)|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(<=|>=|==|!=|[-+*/%(),<>[\]]))/y;

/** A cursor over the tokens of one text. */
export class Scanner {
  readonly text: string;
  readonly #tokens: string[] = [];
  #position = 0;

  constructor(text: string) {
    this.text = text;
    token.lastIndex = 0;
    const end = text.trimEnd().length;
    while (token.lastIndex < end) {
      const match = token.exec(text);
      if (!match) this.fail();
      this.#tokens.push(match[1] ?? match[2] ?? match[3]);
    }
  }

  /** The next token; '' at the end. */
  peek(): string {
    return this.#tokens[this.#position] ?? '';
  }

  next(): string {
    const current = this.peek();
    this.#position++;
    return current;
  }

  accept(wanted: string): boolean {
    if (this.peek() !== wanted) return false;
    this.#position++;
    return true;
  }

  expect(wanted: string): void {
    if (!this.accept(wanted)) this.fail();
  }

  fail(): never {
    throw new TnError({
      what: `"${this.text}" is not a size expression.`,
      found: [`stopped at "${this.peek() || 'the end'}"`],
    });
  }
}

/** The inverse of an expression's text. Also reads parentheses and `a % b`. Throws TnError on anything else. */
export function parseExpr(text: string): Expr {
  const scanner = new Scanner(text);
  const result = readSum(scanner);
  if (scanner.peek() !== '') scanner.fail();
  return result;
}

export function readSum(scanner: Scanner): Expr {
  let result = scanner.accept('-') ? neg(readProduct(scanner)) : readProduct(scanner);
  for (;;) {
    if (scanner.accept('+')) result = add(result, readProduct(scanner));
    else if (scanner.accept('-')) result = sub(result, readProduct(scanner));
    else return result;
  }
}

function readProduct(scanner: Scanner): Expr {
  let result = readFactor(scanner);
  for (;;) {
    if (scanner.accept('*')) result = mul(result, readFactor(scanner));
    else if (scanner.accept('%')) result = mod(result, readFactor(scanner));
    else return result;
  }
}

function readFactor(scanner: Scanner): Expr {
  const current = scanner.next();
  if (/^\d+$/.test(current)) return int(Number(current));
  if (current === '(') {
    const inner = readSum(scanner);
    scanner.expect(')');
    return inner;
  }
  if (current === '-') return neg(readFactor(scanner));
  if (!isIdentifier(current)) scanner.fail();
  if (!scanner.accept('(')) return symbol(current);
  const args = [readSum(scanner)];
  while (scanner.accept(',')) args.push(readSum(scanner));
  scanner.expect(')');
  if ((current === 'min' || current === 'max') && args.length >= 2) return extreme(current, args);
  if (args.length === 2 && current === 'floordiv') return floorDiv(args[0], args[1]);
  if (args.length === 2 && current === 'mod') return mod(args[0], args[1]);
  return scanner.fail();
}
