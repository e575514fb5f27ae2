/**
 * @file Eager verdicts: parts that could not be captured, and why, so that no later process tries again in vain.
 *
 * `<cache>/verdicts/<project id>/<part>.<12 hex>.json`. A verdict holds for one source key; it goes when the part is
 * met with another, and is not listed once a file it was given for has changed.
 */

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type StoreContext, volatilePath } from './context.ts';
import { isTemporary, listFolder, makeFolder, readFileOrNull, readJson, replaceFile } from './files.ts';
import { decodeName, encodeName, makeVolatile, sha256Hex } from './layout.ts';
import { attempt, type StoreResult } from './problem.ts';
import type { Project } from './project.ts';

export interface Verdict {
  readonly part: string;
  /** Keeps verdicts of one part apart: its overload and static signature, say. Default ''. */
  readonly variant: string;
  readonly sourceKey: string;
  /** One line. */
  readonly reason: string;
  /** The user's line: `model.ts:88:14`. */
  readonly location: string | null;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Source files of the closure, absolute: when one of them changes the verdict is no longer listed. */
  readonly files: readonly string[];
}

/** Notes that a part stays eager, in place of any earlier verdict of the same variant. */
export function putVerdict(context: StoreContext, project: Project, verdict: Verdict): StoreResult<void> {
  const path = verdictPath(context, project, verdict.part, verdict.variant);
  return attempt('noting why a part stays eager', path, () => {
    makeVolatile(context.cache, 'verdicts');
    makeFolder(volatilePath(context, 'verdicts', project.id));
    const whole = { schema: 1, ...verdict, state: stateOf(verdict.files) };
    replaceFile(path, JSON.stringify(whole, null, 1) + '\n', { durable: false, mode: 0o600 });
  });
}

/** The verdict for this state of the sources; one for another state is removed. */
export function findVerdict(
  context: StoreContext,
  project: Project,
  part: string,
  sourceKey: string,
  variant = '',
): Verdict | null {
  if (context.distrusted) return null;
  const path = verdictPath(context, project, part, variant);
  const verdict = readVerdict(path);
  if (!verdict) return null;
  if (verdict.sourceKey === sourceKey) return verdict;
  tryRemove(path);
  return null;
}

/** Removes a part's verdicts (all of the project's without a part): what `tn cache rm` does, and a capture that succeeds. */
export function clearVerdicts(context: StoreContext, project: Project, part?: string, variant?: string): number {
  if (context.distrusted) return 0;
  if (part !== undefined && variant !== undefined)
    return tryRemove(verdictPath(context, project, part, variant)) ? 1 : 0;
  let cleared = 0;
  for (const name of listFolder(volatilePath(context, 'verdicts', project.id))) {
    const of = /^(.+)\.[0-9a-f]{12}\.json$/.exec(name);
    if (!of || (part !== undefined && decodeName(of[1]) !== part)) continue;
    if (tryRemove(volatilePath(context, 'verdicts', project.id, name))) cleared++;
  }
  return cleared;
}

/** Verdicts of a project that still stand: none of their files has changed. Sorted by part. */
export function listVerdicts(context: StoreContext, project: Project): Verdict[] {
  if (context.distrusted) return [];
  const folder = volatilePath(context, 'verdicts', project.id);
  const all = listFolder(folder).filter((name) => !isTemporary(name));
  return all.flatMap((name) => readVerdict(join(folder, name), true) ?? []);
}

function readVerdict(path: string, onlyCurrent = false): Verdict | null {
  const value = readJson(path) as (Partial<Verdict> & { schema?: unknown; state?: unknown }) | null | undefined;
  if (value?.schema !== 1 || typeof value.part !== 'string' || typeof value.sourceKey !== 'string') return null;
  const files = Array.isArray(value.files)
    ? value.files.filter((file): file is string => typeof file === 'string')
    : [];
  if (onlyCurrent && value.state !== stateOf(files)) return null;
  return {
    part: value.part,
    variant: String(value.variant ?? ''),
    sourceKey: value.sourceKey,
    reason: String(value.reason ?? ''),
    location: typeof value.location === 'string' ? value.location : null,
    created: String(value.created ?? ''),
    files,
  };
}

/** One hash over the contents of all files; a missing one counts as such. */
function stateOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = readFileOrNull(file);
    hash.update(`${file}\0${bytes ? bytes.length : -1}\0`).update(bytes ?? '');
  }
  return hash.digest('hex');
}

function verdictPath(context: StoreContext, project: Project, part: string, variant: string): string {
  return volatilePath(context, 'verdicts', project.id, `${encodeName(part)}.${sha256Hex(variant).slice(0, 12)}.json`);
}

function tryRemove(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch {
    return false;
  }
}
