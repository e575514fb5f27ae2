/** @file A cache folder for each test, and what a part did with its calls. */

import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, vi } from 'vitest';
import type { RecordRef } from '../../../cache/index.ts';
import { processStore } from '../processStore.ts';
import { partReports } from '../reports.ts';

// A Set, not an array: plain data that functions of a part's files use is compared at each call.
const made = new Set<string>();

export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tn-dispatch-')));
  made.add(folder);
  return folder;
}

/** The file's tests share compiled objects; each has its records to itself by the names of its parts. */
export function useOwnCache(): void {
  const cache = temporaryFolder();
  beforeEach(() => {
    vi.stubEnv('TN_CACHE_DIR', cache);
    vi.stubEnv('TN_MODE', '');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });
}

/** How the calls of a part ran so far: `native captured eager`. */
export function counts(part: string): string {
  const report = partReports().get(part);
  return report ? `${report.native} native, ${report.captured} captured, ${report.eager} eager` : 'none';
}

/** Runs `body` and gives what it wrote to standard error. */
export function warningsOf(body: () => void): string {
  let text = '';
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    body();
  } finally {
    spy.mockRestore();
  }
  return text;
}

/** The records of a part in this repository's own record root, or in `root`. */
export function recordsOf(part: string, root?: string): readonly RecordRef[] {
  const store = processStore();
  return store.readManifests(root ?? store.projectFor(import.meta.filename).recordRoot, part).records;
}

export function artifacts(): string[] {
  try {
    return readdirSync(join(process.env.TN_CACHE_DIR as string, 'artifacts'));
  } catch {
    return [];
  }
}
