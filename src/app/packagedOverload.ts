/** @file One `compileCache` on one function of a packaged program: a compiled part that fits the call, or the function as written. */

import { classIdentity, closureValues, type SourceMeta } from '../capture/sources.ts';
import { oneLine, TnError } from '../core/errors.ts';
import { checkCall } from '../dispatch/check.ts';
import { matchCall } from '../dispatch/match.ts';
import { debug, type Mode, warnOnce } from '../dispatch/mode.ts';
import type { NativePart } from '../dispatch/nativePart.ts';
import { type OverloadMaker, PartOverload } from '../dispatch/partOverload.ts';
import type { PackagedEntry, PackagedParts } from './packagedParts.ts';

export class PackagedOverload extends PartOverload {
  private readonly parts: PackagedParts;
  private entries: PackagedEntry[] | null = null;

  constructor(parts: PackagedParts, ...args: Parameters<OverloadMaker>) {
    super(...args);
    this.parts = parts;
  }

  protected override dispatch(self: unknown, args: unknown[], mode: Mode): unknown {
    const { meta } = this;
    if (!meta) return this.missed(self, args, mode, 'its file was not transformed when it was packaged');
    this.entries ??= this.parts.entriesOf(this.part);
    const { entries } = this;
    let reason = 'the package holds no code for it';
    const closure = entries.length > 0 ? closureValues(meta) : null;
    for (let i = 0; i < entries.length && closure; i++) {
      const entry = entries[i];
      const target = entry.usesThis ? self : undefined;
      const difference = entry.closureDifference(closure);
      if (difference || !matchCall(entry.call.pattern, target, args, this.names, classIdentity, entry.match)) {
        reason = difference ?? entry.match.reason;
        debug(2, () => `"${entry.name}": ${reason}`);
        continue;
      }
      const native = nativeOf(entry);
      if (typeof native === 'string') return this.missed(self, args, mode, native);
      if (i > 0) {
        entries.splice(i, 1);
        entries.unshift(entry);
      }
      const result = mode === 'check' ? checkCall(this.part, entry, native, self, args, this.raw) : entry.run(native);
      this.report.native++;
      return result;
    }
    return this.missed(self, args, mode, reason);
  }

  override hasCodeFor(self: unknown, args: readonly unknown[]): boolean {
    const { meta } = this;
    if (!meta) return false;
    this.entries ??= this.parts.entriesOf(this.part);
    const closure = closureValues(meta);
    return this.entries.some(
      (entry) =>
        !entry.closureDifference(closure) &&
        matchCall(entry.call.pattern, entry.usesThis ? self : undefined, args, this.names, classIdentity, entry.match),
    );
  }

  private missed(self: unknown, args: unknown[], mode: Mode, reason: string): unknown {
    if (mode === 'require') {
      throw new TnError({
        what: `compileCache "${this.part}": TN_MODE=require, and no native code fits this call.`,
        found: [reason],
        where: this.place,
        fix: 'package the part again with an entry for such calls',
      });
    }
    warnOnce(`compileCache "${this.part}" runs eagerly: ${reason}`, `${this.part}: ${reason}`);
    return this.eager(self, args);
  }
}

/** The code of an entry, or why there is none here. */
function nativeOf(entry: PackagedEntry): NativePart | string {
  try {
    return entry.native() ?? 'this CPU is below every level that the program has code for';
  } catch (error) {
    if (error instanceof TnError) return oneLine(error);
    throw error;
  }
}

/** Makes the overloads of a packaged program. */
export function packagedOverloads(parts: PackagedParts): OverloadMaker {
  return (part, options, raw, meta: SourceMeta | null, parameters) => {
    // Packaged functions have no text to read parameter names from: the record has them.
    const isNamed = parameters.length === 0 || parameters.some(({ name }) => name !== null);
    const named = isNamed ? null : parts.parametersOf(part);
    return new PackagedOverload(parts, part, options, raw, meta, named ?? parameters);
  };
}
