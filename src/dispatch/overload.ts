/** @file One `compileCache` on one function: from admission to native code or the eager run (DESIGN §2). */

import type { Project, Store } from '../../cache/index.ts';
import { sha256Hex } from '../../cache/layout.ts';
import { type CaptureOutcome, capture, flattenOrRefuse, refusalText } from '../capture/capture.ts';
import type { CaptureRefusal } from '../capture/graphTracer.ts';
import { classIdentity, closureValues, type SourceMeta } from '../capture/sources.ts';
import { oneLine, TnError } from '../core/errors.ts';
import { formatLocation } from '../core/location.ts';
import { tryFfi } from '../runtime/ffi.ts';
import { asyncCallsPending, inTurn } from './asyncOrder.ts';
import { warnOfCache } from './cacheFailure.ts';
import { checkCall } from './check.ts';
import { compileEntry, findNative } from './compileEntry.ts';
import { Entry, type TakenCall } from './entry.ts';
import { matchCall } from './match.ts';
import { currentMode, debug, type Mode, warnOnce } from './mode.ts';
import { type OverloadMaker, PartOverload } from './partOverload.ts';
import { processStore } from './processStore.ts';
import { writeCapture } from './records.ts';
import { sourceKeyOf } from './sourceKey.ts';
import { looksAtThis, uncapturable } from './uncapturable.ts';

/** Entries of one overload for one state of the sources. */
const MAX_ENTRIES = 8;
/** Kinds of calls that are tried in one process although others were refused. */
const MAX_REFUSALS = 8;

export class Overload extends PartOverload {
  private readonly usesThis: boolean;
  private loaded: LoadedPart | null = null;
  /** Static signatures that were refused in this process. */
  private readonly refused = new Set<string>();

  constructor(...args: Parameters<OverloadMaker>) {
    super(...args);
    this.usesThis = looksAtThis(this.raw);
  }

  protected override dispatch(self: unknown, args: unknown[], mode: Mode): unknown {
    const { meta } = this;
    if (!meta) {
      if (mode === 'require') throw this.missError('the file was not transformed');
      warnOnce(
        `compileCache "${this.part}" runs eagerly: its file was not transformed. Run it with \`tn run FILE.ts\` or \`node --import torchnative/register\`.`,
      );
      return this.eager(self, args);
    }
    const loaded = this.load(meta);
    const closure = closureValues(meta);
    const { entry, missed, misses } = this.find(loaded, self, args, closure, mode);
    if (entry) {
      if (!entry.native) {
        if (mode === 'require') throw this.missError(entry.reason || 'no native code');
        return this.eager(self, args);
      }
      if (asyncCallsPending()) entry.assertFree();
      const result =
        mode === 'check' ? checkCall(this.part, entry, entry.native, self, args, this.raw) : entry.run(entry.native);
      this.report.native++;
      return result;
    }
    if (mode === 'require') throw this.missError(missed || 'nothing is captured');
    return this.captureCall(loaded, self, args, closure, mode, misses);
  }

  override async callAsync(self: unknown, args: unknown[]): Promise<unknown> {
    const hit = this.takeHit(self, args);
    if (hit) return inTurn(hit.access, hit.start);
    const waits = asyncCallsPending();
    return inTurn('everything', () => {
      // What had to wait may be a hit by now.
      const late = waits ? this.takeHit(self, args) : null;
      return late ? late.start() : { result: this.call(self, args), until: null };
    });
  }

  override whenAlone(run: () => unknown): Promise<unknown> {
    return inTurn('everything', () => ({ result: run(), until: null }));
  }

  /** A call that native code can run off this thread; null for every other call, which has to run here. */
  private takeHit(self: unknown, args: unknown[]): TakenCall | null {
    const mode = currentMode();
    // A check runs the function as written, too.
    if (!this.meta || mode === 'check' || tryFfi()?.asyncCalls === 0) return null;
    const { entry } = this.find(this.load(this.meta), self, args, closureValues(this.meta), mode);
    return entry?.native
      ? entry.take(this.part, entry.native, (start) => {
          this.report.native++;
          this.report.ms += performance.now() - start;
        })
      : null;
  }

  /** The entry that the call fits, with native code where there is some; else why each entry did not fit. */
  private find(
    loaded: LoadedPart,
    self: unknown,
    args: unknown[],
    closure: ReadonlyMap<string, string>,
    mode: Mode,
  ): Found {
    const target = this.usesThis ? self : undefined;
    let missed = '';
    const misses: Miss[] = [];
    for (let i = 0; i < loaded.entries.length; i++) {
      const entry = loaded.entries[i];
      const difference = entry.closureDifference(closure);
      if (difference || !matchCall(entry.call.pattern, target, args, this.names, classIdentity, entry.match)) {
        missed = difference ?? entry.match.reason;
        misses.push({ entry: entry.record.entry, reason: missed });
        debug(2, () => `"${this.part}" ${entry.record.entry}: ${missed}`);
        continue;
      }
      if (mode === 'capture' && !loaded.fresh.has(entry)) {
        missed = 'TN_MODE=capture';
        continue;
      }
      if (entry.state === 'unknown' || isTimeToLookAgain(entry)) {
        findNative(loaded.store, entry, this.options, mode);
        this.noteUncompilable(loaded, entry);
      }
      if (entry.native && i > 0) {
        loaded.entries.splice(i, 1);
        loaded.entries.unshift(entry);
      }
      return { entry, missed, misses };
    }
    return { entry: null, missed, misses };
  }

  private captureCall(
    loaded: LoadedPart,
    self: unknown,
    args: unknown[],
    closure: ReadonlyMap<string, string>,
    mode: Mode,
    misses: readonly Miss[],
  ): unknown {
    const meta = this.meta as SourceMeta;
    if (loaded.store.problem) warnOfCache(loaded.store.problem);
    if (loaded.store.problem || loaded.disabled) return this.eager(self, args);
    if (loaded.entries.length >= MAX_ENTRIES && mode !== 'capture') {
      warnOnce(
        `compileCache "${this.part}" has ${MAX_ENTRIES} entries already; other calls run eagerly (${misses.at(-1)?.reason}). Declare a Dim for what changes, pass it as a tensor, or \`tn cache rm ${this.part}\`.`,
        `${this.part}: entries`,
      );
      return this.eager(self, args);
    }
    if (mode !== 'capture' && this.refused.size >= MAX_REFUSALS) return this.eager(self, args);
    const hopeless = uncapturable(this.raw);
    if (hopeless) {
      this.refuse(loaded, hopeless);
      return this.eager(self, args);
    }
    const target = this.usesThis ? self : undefined;
    const request = {
      part: this.part,
      self: target,
      args,
      names: this.names,
      matchers: this.matchersFor(args),
      classId: classIdentity,
      run: (_: unknown, values: unknown[]) => this.raw.apply(self, values),
    };
    const flat = flattenOrRefuse(request, [...args]);
    const signature =
      'reason' in flat ? flat.reason : sha256Hex(JSON.stringify([flat.self, flat.args, [...closure].sort()]));
    if (mode !== 'capture' && this.refused.has(signature)) return this.eager(self, args);

    const outcome = capture(request);
    if (outcome.kind === 'captured') {
      this.report.captured++;
      this.keep(loaded, outcome, closure, meta, mode, misses);
      return outcome.result;
    }
    this.report.eager++;
    this.refused.add(signature);
    if (outcome.kind === 'narrowed') {
      this.noteVerdict(loaded, outcome.refusal);
      if (mode === 'capture') throw outcome.error;
      warnOnce(`${outcome.error.message}\n  until then it runs eagerly`);
      return outcome.result;
    }
    this.refuse(loaded, outcome.refusal);
    return outcome.result;
  }

  private refuse(loaded: LoadedPart, refusal: CaptureRefusal): void {
    this.noteVerdict(loaded, refusal);
    warnOnce(
      `compileCache "${this.part}" runs eagerly: ${refusalText(refusal)}.${refusal.fix ? ` Way out: ${refusal.fix}.` : ''}`,
    );
  }

  private keep(
    loaded: LoadedPart,
    outcome: CaptureOutcome & { kind: 'captured' },
    closure: ReadonlyMap<string, string>,
    meta: SourceMeta,
    mode: Mode,
    missed: readonly Miss[],
  ): void {
    const { store, project } = loaded;
    try {
      store.noteProject(project, this.options.out === undefined ? undefined : loaded.root);
      const written = writeCapture({
        store,
        project: project.name,
        projectRoot: project.root,
        root: loaded.root,
        part: this.part,
        sourceKey: loaded.sourceKey,
        meta,
        closure,
        usesThis: this.usesThis,
        parameters: this.parameters,
        captured: outcome.captured,
        missed,
      });
      if (!written.ok) {
        loaded.disabled = written.problem.message;
        warnOfCache(written.problem);
        return;
      }
      store.clearVerdicts(project, this.part, '');
      const entry = new Entry(written.value);
      const same = loaded.entries.findIndex((other) => other.record.entry === entry.record.entry);
      if (same >= 0) loaded.entries.splice(same, 1);
      loaded.entries.unshift(entry);
      loaded.fresh.add(entry);
      if (this.options.compile !== 'never') {
        compileEntry(store, entry, this.options, mode);
        this.noteUncompilable(loaded, entry);
      } else {
        entry.state = 'eager';
        entry.reason = "compile: 'never'";
      }
    } catch (error) {
      // The user's call has succeeded: a fault of ours costs speed, not the result.
      loaded.disabled = oneLine(error);
      warnOnce(`compileCache "${this.part}" runs eagerly: ${oneLine(error)}`);
      debug(1, () => String((error as Error).stack));
    }
  }

  /** `tn cache ls` tells why a record has no native code, as long as that is so. */
  private noteUncompilable({ store, project, sourceKey }: LoadedPart, entry: Entry): void {
    const { entry: variant } = entry.record;
    const { part } = this;
    if (entry.isUncompilable) {
      store.putVerdict(project, {
        part,
        variant,
        sourceKey,
        reason: entry.reason,
        location: null,
        files: this.sourceFiles(project),
      });
    } else if (entry.native && store.findVerdict(project, part, sourceKey, variant)) {
      store.clearVerdicts(project, part, variant);
    }
  }

  private sourceFiles(project: Project): string[] {
    const { info } = (this.meta as SourceMeta).file;
    return info.files.map(([name]) => resolveBeside(`${project.root}/`, name));
  }

  private noteVerdict(loaded: LoadedPart, { reason, location }: CaptureRefusal): void {
    loaded.store.noteProject(loaded.project);
    loaded.store.putVerdict(loaded.project, {
      part: this.part,
      sourceKey: loaded.sourceKey,
      reason,
      location: location ? formatLocation(location) : null,
      files: this.sourceFiles(loaded.project),
    });
  }

  private load(meta: SourceMeta): LoadedPart {
    if (this.loaded) return this.loaded;
    const store = processStore();
    const { info } = meta.file;
    const project = store.projectFor(info.file);
    const root = this.options.out === undefined ? project.recordRoot : resolveBeside(info.file, this.options.out);
    const sourceKey = sourceKeyOf(meta.source);
    const entries: Entry[] = [];
    if (!store.problem) {
      for (const record of store.readManifests(root, this.part).records) {
        if (record.manifest.sourceKey !== sourceKey) continue;
        try {
          entries.push(new Entry(record));
        } catch (error) {
          debug(1, () => `record ${record.folder} is not used: ${oneLine(error)}`);
        }
      }
    }
    if (info.unresolved) {
      warnOnce(
        `compileCache "${this.part}": ${info.unresolved.join(', ')}, imported by ${info.file} or a file it imports, leads nowhere: changes behind it are not seen. Way out: \`paths\` in tsconfig.json, or a relative import.`,
        `unresolved: ${info.unresolved.join(', ')}`,
      );
    }
    this.loaded = { store, project, root, sourceKey, entries, fresh: new Set(), disabled: null };
    return this.loaded;
  }

  private missError(reason: string): TnError {
    const { loaded } = this;
    const verdict = loaded?.store.findVerdict(loaded.project, this.part, loaded.sourceKey);
    const why = verdict ? [`${verdict.reason}${verdict.location ? ` at ${verdict.location}` : ''}`] : [];
    return new TnError({
      what: `compileCache "${this.part}": TN_MODE=require, and no native code fits this call.`,
      found: [reason, ...why],
      where: this.place,
      fix: `run once without TN_MODE=require, or \`tn cache compile ${this.part}\``,
    });
  }
}

/** An entry that a call did not fit, and why. */
interface Miss {
  readonly entry: string;
  readonly reason: string;
}

interface Found {
  /** With or without native code. */
  readonly entry: Entry | null;
  /** Why the last entry did not fit; '' when there is none. */
  readonly missed: string;
  readonly misses: readonly Miss[];
}

/** A part as this process knows it. */
export interface LoadedPart {
  readonly store: Store;
  readonly project: Project;
  /** Where its records are. */
  readonly root: string;
  readonly sourceKey: string;
  readonly entries: Entry[];
  /** Captured by this process. */
  readonly fresh: Set<Entry>;
  /** Why nothing more is captured; null while all is well. */
  disabled: string | null;
}

function isTimeToLookAgain({ retryAt }: Entry): boolean {
  return retryAt > 0 && performance.now() >= retryAt;
}

/** A path relative to the folder of `file`. */
function resolveBeside(file: string, path: string): string {
  if (path.startsWith('/')) return path;
  const parts = file.split('/').slice(0, -1);
  for (const step of path.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.' && step !== '') parts.push(step);
  }
  return parts.join('/') || '/';
}
