/** @file What the store refuses, as errors inside the dispatcher, said once a process. */

import type { StoreProblem } from '../../cache/index.ts';
import { TnError } from '../core/errors.ts';
import { warnOnce } from './mode.ts';

/** A problem of the store on its way up. */
export class CacheFailure extends TnError {
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem) {
    super({ what: problem.message, fix: problem.fix });
    this.problem = problem;
  }
}

/** Kinds that concern one file; all others concern the folder, whatever part meets them next. */
const ofOneFile: ReadonlySet<StoreProblem['kind']> = new Set(['bad-data', 'bad-name', 'missing', 'io']);

export function concernsAll({ kind }: StoreProblem): boolean {
  return !ofOneFile.has(kind);
}

/** One line, once for each kind of problem. */
export function warnOfCache(problem: StoreProblem): void {
  warnOnce(`parts run eagerly: ${problem.message} (${problem.fix})`, `cache: ${problem.kind}`);
}
