/** @file What `tn check` finds, and what a rule is. */

import type { ts } from 'ts-morph';
import type { Part } from './parts.ts';
import type { Types } from './types.ts';
import type { Values } from './values.ts';

/** One thing that cannot be captured, or not as it is meant. */
export interface Finding {
  /** Absolute path. */
  readonly file: string;
  /** 1-based, as are the others; the end is behind the last character. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
  /** The part that leads there; null when its name is not written as a literal. */
  readonly part: string | null;
}

/** What a rule looks with. */
export interface Look {
  readonly part: Part;
  readonly types: Types;
  /** What is known of expressions in the code that is looked at. */
  readonly values: Values;
  /** Notes a finding at a node; the rule's own remedy unless another is given. */
  report(node: ts.Node, message: string, remedy?: string): void;
}

/** One kind of finding. */
export interface Rule {
  readonly name: string;
  /** One sentence: what is found. */
  readonly summary: string;
  /** What to do about it, in general. */
  readonly remedy: string;
  /** Looks at the `compileCache` call itself, and at the function behind it. */
  readonly part?: (look: Look) => void;
  /** Looks at each node of the code that a capture runs: the part's, and that of project functions which it calls. */
  readonly code?: (node: ts.Node, look: Look) => void;
}
