/**
 * @file `tn check`: what of a program cannot be captured, told from its source, before anything runs.
 *
 * `parts.ts` finds the `compileCache` calls, `walk.ts` the code that a capture of each would run, `values.ts` what is known
 * of the values there; `rules/` holds one rule a file, which look at that. This folder alone loads TypeScript's compiler.
 */

import { ts } from 'ts-morph';
import type { Finding, Look, Rule } from './finding.ts';
import { isIgnored, isIgnoredFile } from './ignored.ts';
import { type Body, type Part, partsOf } from './parts.ts';
import { readPrograms, type SyntaxProblem } from './program.ts';
import { rules } from './rules/index.ts';
import { Types } from './types.ts';
import { Values } from './values.ts';
import { codeRules, walkPart } from './walk.ts';

export interface CheckOptions {
  /** A tsconfig.json, in place of the one nearest to each file. */
  readonly config?: string;
}

export interface CheckResult {
  /** By file, line and column. */
  readonly findings: readonly Finding[];
  /** How many parts were looked at. */
  readonly parts: number;
  /** Files that are no TypeScript: nothing else is told then. */
  readonly problems: readonly SyntaxProblem[];
  /** A file for which the types of the package were not found: little can be told of it. */
  readonly untyped: string | null;
}

const inCode = codeRules(rules);

/** Checks files, given by absolute paths. */
export function checkFiles(paths: readonly string[], options: CheckOptions = {}): CheckResult {
  const { files, problems } = readPrograms(paths, options.config);
  if (problems.length > 0) return { findings: [], parts: 0, problems, untyped: null };
  const found = new Findings();
  const typesOf = new Map<ts.Program, Types>();
  let count = 0;
  let untyped: string | null = null;
  for (const { file, program } of files) {
    const types = typesOf.get(program) ?? new Types(program.getTypeChecker());
    typesOf.set(program, types);
    if (isIgnoredFile(file) || file.text.includes('const __tnFile = __tn.file(')) continue;
    const parts = partsOf(file, types).filter(({ call }) => !isLeftAlone(call));
    if (parts.some(({ call }) => types.isUnknown(types.at(call.expression)))) untyped ??= file.fileName;
    found.repeated(parts);
    for (const part of parts) checkPart(part, types, found);
    count += parts.length;
  }
  return { findings: found.sorted(), parts: count, problems, untyped };
}

function checkPart(part: Part, types: Types, found: Findings): void {
  const { fn } = part;
  const look = (rule: Rule, values: Values): Look => ({
    part,
    types,
    values,
    report: (node, message, remedy = rule.remedy) => found.add(rule, part, node, message, remedy),
  });
  const nowhere = (fn ?? part.call) as Body;
  const outer = new Values(types, { fn: nowhere, args: [], self: 'unknown' });
  for (const rule of rules) rule.part?.(look(rule, outer));
  if (!fn) return;
  walkPart({ ...part, fn }, types, ({ node, values }) => {
    for (const rule of inCode) rule.code(node, look(rule, values));
  });
}

function isLeftAlone(node: ts.Node): boolean {
  return ts.findAncestor(node, isIgnored) !== undefined;
}

/** Findings, each place once: several parts, and several calls, may lead there. */
class Findings {
  private readonly byPlace = new Map<string, Finding>();

  add(rule: Pick<Rule, 'name'>, part: Part, node: ts.Node, message: string, remedy: string): void {
    if (isLeftAlone(node)) return;
    const file = node.getSourceFile();
    const from = node.getStart(file);
    const key = `${file.fileName}\0${from}\0${rule.name}`;
    if (this.byPlace.has(key)) return;
    const start = file.getLineAndCharacterOfPosition(from);
    const end = file.getLineAndCharacterOfPosition(node.end);
    this.byPlace.set(key, {
      file: file.fileName,
      line: start.line + 1,
      column: start.character + 1,
      endLine: end.line + 1,
      endColumn: end.character + 1,
      rule: rule.name,
      message,
      remedy,
      part: part.name,
    });
  }

  /** One name, one place: two functions of one name in a file would share entries. */
  repeated(parts: readonly Part[]): void {
    const first = new Map<string, Part>();
    for (const part of parts) {
      // Of two in functions one alone may be called.
      if (part.name === null || ts.findAncestor(part.call, ts.isFunctionLike)) continue;
      const known = first.get(part.name);
      if (!known) {
        first.set(part.name, part);
        continue;
      }
      const { line } = known.call.getSourceFile().getLineAndCharacterOfPosition(known.call.getStart());
      const message = `"${part.name}" is the name of another part of this file, at line ${line + 1}`;
      this.add(
        { name: 'undecoratable' },
        part,
        part.call.arguments[0],
        message,
        'give each function a name of its own',
      );
    }
  }

  sorted(): Finding[] {
    return [...this.byPlace.values()].sort(
      (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
    );
  }
}
