/**
 * @file How deeply a source may be nested, told before it is parsed: the parser is native code, and a stack that
 * overflows there takes the whole process along.
 */

import { resourceLimits } from 'node:worker_threads';

/** What the parser's worst construct takes is a quarter of this: the rest is for whoever has called. */
const depthPerMegabyte = 500;
/** Threads get this from Node if nothing else is said; the first one has twice as much. */
const usualMegabytes = 4;
/** Shorter texts cannot be nested too deeply anywhere. */
const shortText = 500;

/** Brackets take more stack than operators. */
const bracket = 4;

/** Whether the stack of this thread may be too small for a text. */
export function isTooDeep(code: string): boolean {
  if (code.length < shortText) return false;
  const megabytes = resourceLimits.stackSizeMb ?? usualMegabytes;
  return new Nesting(code).deepest > megabytes * depthPerMegabyte;
}

/** Words after which the next line goes on with the same expression. */
const goesOn = new Set([
  ...[
    'as',
    'await',
    'case',
    'delete',
    'do',
    'else',
    'extends',
    'in',
    'infer',
    'instanceof',
    'is',
    'keyof',
    'new',
    'of',
  ],
  ...['return', 'satisfies', 'throw', 'typeof', 'void', 'yield'],
]);
/** Words that go on with a statement or expression after its closing brace. */
const followsBrace = new Set([
  ...['as', 'catch', 'else', 'extends', 'finally', 'from', 'implements', 'in', 'instanceof', 'is', 'of', 'satisfies'],
  'while',
]);
/** Words that hold a statement without a bracket around it. */
const holdsStatement = new Set(['case', 'default', 'do', 'else', 'for', 'if', 'while', 'with']);
const longestWord = 10;

const [newline, quote, doubleQuote, dollar, comma, slash, star, semicolon] = [10, 39, 34, 36, 44, 47, 42, 59];
const [less, greater, at, backslash, underscore, backtick] = [60, 62, 64, 92, 95, 96];
const [openParenthesis, closeParenthesis, openBracket, closeBracket, openBrace, closeBrace] = [
  40, 41, 91, 93, 123, 125,
];

function isWord(character: number): boolean {
  return (
    (character >= 97 && character <= 122) ||
    (character >= 65 && character <= 90) ||
    (character >= 48 && character <= 57) ||
    character === underscore ||
    character === dollar ||
    character >= 128
  );
}

/**
 * An upper bound of how deeply the parser's calls nest, in operators: brackets that are open, and in each of them what
 * may be nested without brackets (`a ? b : c ? d : …`, `else if`, `A<B<…`). Regular expressions are read as code, which
 * is near enough.
 */
class Nesting {
  deepest = 0;
  private readonly code: string;
  private place = 0;
  private total = 0;
  /** What was counted in the brackets around this one: links, angles, holders, and whether it is a template's. */
  private readonly outer: (readonly [number, number, number, boolean])[] = [];
  /** Words and operators of the expression so far. */
  private links = 0;
  /** Open `<`: they may hold commas. */
  private angles = 0;
  /** Words that hold statements: nothing but the closing bracket ends what they may nest. */
  private holders = 0;
  private inTemplate = false;
  /** The last character that is no white space, and where the last word began. */
  private last = 0;
  private wordStart = 0;

  constructor(code: string) {
    this.code = code;
    // (Most characters are white space or letters.)
    while (this.place < code.length) {
      const character = code.charCodeAt(this.place);
      if (character <= 32 && character !== newline) this.place++;
      else if (isWord(character)) this.word();
      else this.step(character);
    }
  }

  private step(character: number): void {
    const { code } = this;
    if (character === newline) {
      this.place++;
      this.lineEnd();
    } else if (character === slash && code.charCodeAt(this.place + 1) === slash) this.skipTo('\n', 0);
    else if (character === slash && code.charCodeAt(this.place + 1) === star) this.skipTo('*/', 2);
    else {
      this.place++;
      if (character === quote || character === doubleQuote) this.string(character);
      else if (character === backtick) this.template();
      else this.punctuation(character);
      this.last = character;
    }
  }

  private skipTo(end: string, length: number): void {
    const found = this.code.indexOf(end, this.place + length);
    this.place = found < 0 ? this.code.length : found + length;
  }

  private word(): void {
    const { code } = this;
    const start = this.place;
    let end = start + 1;
    while (isWord(code.charCodeAt(end))) end++;
    this.wordStart = start;
    this.place = end;
    const written = end - start <= longestWord ? code.slice(start, end) : '';
    if (this.last === closeBrace && !followsBrace.has(written)) this.endExpression();
    if (holdsStatement.has(written)) this.holders++;
    else this.links++;
    this.total++;
    if (this.total > this.deepest) this.deepest = this.total;
    this.last = code.charCodeAt(end - 1);
  }

  private count(what: 'links' | 'angles', weight: number): void {
    this[what] += weight;
    this.total += weight;
    if (this.total > this.deepest) this.deepest = this.total;
  }

  private endExpression(): void {
    this.total -= this.links + this.angles;
    this.links = 0;
    this.angles = 0;
  }

  private punctuation(character: number): void {
    switch (character) {
      case openParenthesis:
      case openBracket:
      case openBrace:
        this.open(false);
        return;
      case closeParenthesis:
      case closeBracket:
      case closeBrace:
        this.close();
        return;
      case comma:
        this.total -= this.links;
        this.links = 0;
        return;
      case semicolon:
        this.endExpression();
        return;
      case less:
        this.count('angles', bracket);
        return;
      case greater:
        if (this.angles > 0) this.count('angles', -bracket);
        else this.count('links', 1);
        return;
      case backslash:
        this.place++; // in a regular expression
        return;
      default:
        this.count('links', 1);
    }
  }

  private open(template: boolean): void {
    this.outer.push([this.links, this.angles, this.holders, this.inTemplate]);
    this.links = 0;
    this.angles = 0;
    this.holders = 0;
    this.inTemplate = template;
    this.total += bracket;
    if (this.total > this.deepest) this.deepest = this.total;
  }

  private close(): void {
    const outer = this.outer.pop();
    if (!outer) return;
    this.total -= this.links + this.angles + this.holders + bracket;
    const wasTemplate = this.inTemplate;
    [this.links, this.angles, this.holders, this.inTemplate] = outer;
    if (wasTemplate) this.template();
    // What is called or indexed is one deeper.
    else this.count('links', 1);
  }

  /** From after a quote to after the one that ends it; a quote that nothing ends on its line was none. */
  private string(end: number): void {
    const { code } = this;
    for (let i = this.place; i < code.length; i++) {
      const character = code.charCodeAt(i);
      if (character === backslash) i++;
      else if (character === newline) return;
      else if (character === end) {
        this.place = i + 1;
        return;
      }
    }
  }

  /** From inside a template's text to its end, or into the next `${`. */
  private template(): void {
    const { code } = this;
    for (; this.place < code.length; this.place++) {
      const character = code.charCodeAt(this.place);
      if (character === backslash) this.place++;
      else if (character === backtick) {
        this.place++;
        this.count('links', 1); // it may have a tag
        return;
      } else if (character === dollar && code.charCodeAt(this.place + 1) === openBrace) {
        this.place += 2;
        this.open(true);
        return;
      }
    }
  }

  /** A line that ends with an operand, before one that begins with a word: a statement ends. */
  private lineEnd(): void {
    const { code, last } = this;
    const isOperand =
      isWord(last) ||
      last === closeParenthesis ||
      last === closeBracket ||
      last === closeBrace ||
      last === quote ||
      last === doubleQuote ||
      last === backtick;
    if (!isOperand) return;
    let next = this.place;
    while (code.charCodeAt(next) <= 32) next++;
    const character = code.charCodeAt(next);
    if (!isWord(character) && character !== at) return;
    if (isWord(last) && goesOn.has(this.lastWord())) return;
    let end = next;
    while (isWord(code.charCodeAt(end)) && end - next <= longestWord) end++;
    if (!followsBrace.has(code.slice(next, end))) this.endExpression();
  }

  private lastWord(): string {
    let end = this.wordStart;
    while (isWord(this.code.charCodeAt(end)) && end - this.wordStart <= longestWord) end++;
    return this.code.slice(this.wordStart, end);
  }
}
