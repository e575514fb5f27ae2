/** @file Names of packages and parts as C identifiers. */

import { publicNames } from './coreSources.ts';
import { wrongRequest } from './refusal.ts';

/** Of a package: it starts every symbol of it. */
const longestName = 48;

const keywords = new Set(
  `auto break case char const continue default do double else enum extern float for goto if inline int long register
  restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm main and or not
  xor class new delete this template typename namespace operator private protected public try catch throw using virtual
  bool true false friend explicit export mutable`.split(/\s+/),
);

/** Prefixes of code inside a package: one a level, one for the core, one for the runtime. */
const ownPrefix = /^(core|rt|plain|v3|v4|v4x|neon)_/;

/** The name that the user gave, or one made of what is packaged. @throws WrongRequest when that is impossible. */
export function packageName(given: string | undefined, fallback: string): string {
  if (given !== undefined) {
    const wrong = whyNoName(given);
    if (wrong) {
      throw wrongRequest({
        what: `--name ${given}: ${wrong}`,
        fix: 'give letters, digits and _, a letter first: it starts every symbol of the library',
      });
    }
    return given;
  }
  const letters = plain(fallback).slice(0, longestName).replace(/_+$/, '');
  const name = keywords.has(letters) ? `${letters}_part` : letters;
  if (whyNoName(name) !== null) {
    throw wrongRequest({ what: `no name for C can be made of "${fallback}"`, fix: 'say --name NAME' });
  }
  return name;
}

function whyNoName(name: string): string | null {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) return 'not a name that C takes';
  if (keywords.has(name)) return 'a word of the C language';
  if (name.length > longestName) return `longer than ${longestName} letters`;
  // `tn_` is the runtime's own prefix: a package under it could not be linked beside another one.
  if (/^tn(_|$)/i.test(name)) return 'tn_ belongs to the runtime';
  return null;
}

export interface NamedEntry {
  readonly part: string;
  readonly entry: string;
}

/**
 * A C name for each entry, unique among them: the part's name, with the entry's digits where a part has several entries.
 * Depends on the entries alone, not on their order.
 */
export function partNames(entries: readonly NamedEntry[]): string[] {
  const plainNames = entries.map(({ part }) => partName(part));
  return entries.map(({ part, entry }, i) => {
    const isShared = plainNames.some((name, j) => j !== i && name === plainNames[i]);
    if (!isShared) return plainNames[i];
    const isAlone = entries.filter((other) => other.part === part).length === 1;
    return `${plainNames[i]}_${isAlone ? digest(part) : entry}`;
  });
}

function partName(part: string): string {
  const name = plain(part) || 'part';
  const taken = !/^[A-Za-z]/.test(name) || keywords.has(name) || publicNames().has(name) || ownPrefix.test(name);
  return taken ? `part_${name}` : name;
}

/** A C identifier for a name inside a function (a dim, an argument), without regard to others. */
export function identifierOf(text: string): string {
  const name = plain(text) || 'value';
  return !/^[A-Za-z]/.test(name) || keywords.has(name) ? `${name}_`.replace(/^(?=[^A-Za-z])/, 'v') : name;
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
}

/** Parts whose names differ in what C does not take (`a-b`, `a.b`): told apart by their letters' sum. */
function digest(part: string): string {
  return [...Buffer.from(part)].reduce((sum, byte) => (sum * 31 + byte) % 0xffffff, 7).toString(16);
}
