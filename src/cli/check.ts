/** @file `tn check FILE…`: what cannot be captured, before anything runs. */

import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import colors from 'picocolors';
import type { CheckOptions, CheckResult } from '../../transformers/check/check.ts';
import type { Finding } from '../../transformers/check/finding.ts';
import { badRequest, CommandFailure } from './failure.ts';
import { scriptFiles } from './scriptFiles.ts';

export interface CheckCommand {
  readonly json?: boolean;
  readonly sarif?: boolean;
  /** A tsconfig.json, or its folder. */
  readonly project?: string;
}

/** Ends with 0 when nothing is found, with 1 otherwise. */
export async function check(names: readonly string[], options: CheckCommand): Promise<void> {
  if (options.json && options.sarif) throw badRequest('tn check: --json and --sarif exclude each other');
  const config = options.project === undefined ? undefined : configAt(options.project);
  if (names.length === 0 && config === undefined) throw badRequest('tn check: name files, folders or patterns');
  const named = scriptFiles(names, 'tn check');
  // TypeScript's compiler takes half a second to load: not before the request is known to make sense.
  const { ConfigError, filesOfConfig } = await import('../../transformers/check/program.ts');
  let result: CheckResult;
  let files: readonly string[];
  try {
    files = named.length > 0 || config === undefined ? named : filesOfConfig(config);
    result = await checked(files, { config });
  } catch (error) {
    if (error instanceof ConfigError) throw badRequest(`tn check: ${error.message}`);
    throw error;
  }
  const [problem, ...more] = result.problems;
  if (problem) {
    const place = `${shown(problem.file)}:${problem.line}:${problem.column}`;
    const others = more.length > 0 ? ` (and ${more.length} more)` : '';
    throw new CommandFailure(2, `${place}: ${problem.message}${others}`);
  }
  const { findings } = result;
  if (options.sarif) {
    const { sarifOf } = await import('./sarif.ts');
    process.stdout.write(JSON.stringify(sarifOf(findings), null, 2) + '\n');
  } else if (options.json) {
    process.stdout.write(JSON.stringify(findings, null, 2) + '\n');
  } else {
    for (const finding of findings) process.stdout.write(textOf(finding));
  }
  if (result.untyped !== null) {
    const why =
      'the types of torchnative were not found, little can be told: is it installed, and tsconfig.json right?';
    process.stderr.write(`${shown(result.untyped)}: ${why}\n`);
  }
  process.stderr.write(
    `${summary(findings)}; ${count(result.parts, 'part')} in ${count(files.length, 'file')} checked\n`,
  );
  if (findings.length > 0) process.exitCode = 1;
}

/** Sources that are nested too deeply for this thread's stack are checked in one with a larger. */
async function checked(files: readonly string[], options: CheckOptions): Promise<CheckResult> {
  const { checkFiles } = await import('../../transformers/check/check.ts');
  try {
    return checkFiles(files, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const { checkInThread } = await import('../../transformers/check/thread.ts');
  try {
    return await checkInThread(files, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw badRequest(`tn check: ${files.map(shown).join(', ')}: nested too deeply`);
  }
}

function configAt(name: string): string {
  const path = resolve(name);
  const config = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, 'tsconfig.json') : path;
  if (!existsSync(config)) throw badRequest(`tn check: no such file: ${relative(process.cwd(), config)}`);
  return config;
}

function shown(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}

/** As compilers print it: `file:line:column  rule  message`, and what to do on a line of its own. */
function textOf({ file, line, column, rule, message, remedy, part }: Finding): string {
  const place = colors.cyan(`${shown(file)}:${line}:${column}`);
  const of = part === null ? '' : colors.dim(` (part "${part}")`);
  return `${place}  ${colors.yellow(rule)}  ${message}${of}\n    ${remedy}\n`;
}

function summary(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing found';
  return `${count(findings.length, 'finding')} in ${count(new Set(findings.map(({ file }) => file)).size, 'file')}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
