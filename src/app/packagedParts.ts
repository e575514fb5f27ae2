/** @file The compiled parts of a packaged program, as its payload describes them, ready to be matched and run. */

import type { Parameter } from '../capture/matchers.ts';
import { invariant, TnError } from '../core/errors.ts';
import type { AbiJson } from '../dispatch/abiJson.ts';
import { type CallJson, type CallSource, loadCall } from '../dispatch/loadedCall.ts';
import { MatchedCall } from '../dispatch/matchedCall.ts';
import { assertPrecision, type Precision } from '../dispatch/mode.ts';
import { NativePart } from '../dispatch/nativePart.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import { linkedProgram } from '../runtime/program.ts';
import type { Payload } from './payload.ts';
import { payloadWeights } from './payloadWeights.ts';

/** A part in `package.json` of the payload: what the manifest of its record says, and where its weights are. */
export interface PartJson extends CallSource {
  readonly name: string;
  readonly part: string;
  readonly entry: string;
  readonly call: CallJson;
  readonly abi: AbiJson;
  /** In the order of `abi.weights`. `block`: an index in the payload, -1 where nothing is stored. */
  readonly slots: readonly { readonly block: number }[];
}

/** Raised when the description changes its meaning. */
export const packageFormat = 1;

export interface PackageJson {
  readonly format: typeof packageFormat;
  /** Of all parts' code. */
  readonly precision: Precision;
  readonly parts: readonly PartJson[];
}

/** One compiled form of a part. */
export class PackagedEntry extends MatchedCall {
  readonly name: string;
  /** Whether `this` is part of a call: it is passed on to functions that do not look at it, too. */
  readonly usesThis: boolean;
  private readonly parts: PackagedParts;
  private readonly json: PartJson;
  private readonly index: number;
  private prepared: NativePart | null = null;

  constructor(parts: PackagedParts, json: PartJson, index: number) {
    super(loadCall(json));
    this.parts = parts;
    this.json = json;
    this.index = index;
    this.name = json.name;
    const { self } = this.call.pattern;
    this.usesThis = json.call.usesThis ?? !(self.kind === 'plain' && self.value === 'undefined');
  }

  /** The code for this CPU; null when it is below what the package has code for. @throws TnError without a runtime */
  native(): NativePart | null {
    this.prepared ??= this.prepare();
    return this.prepared;
  }

  private prepare(): NativePart | null {
    const address = this.parts.codeOf(this.index);
    if (address === 0) return null;
    const { part, abi, slots } = this.json;
    const { pattern, writtenParameters } = this.call;
    const runtime = this.parts.runtime();
    return new NativePart({
      part,
      abi,
      program: linkedProgram(address, runtime),
      weights: payloadWeights(this.parts.payload, runtime, slots),
      symbols: pattern.symbols,
      writtenInputs: pattern.writtenInputs,
      writtenParameters,
    });
  }
}

export class PackagedParts {
  readonly payload: Payload;
  /** The linked runtime. */
  readonly runtime: () => NativeRuntime;
  /** Address of a part's code that was chosen for this CPU; 0: there is none for it. */
  readonly codeOf: (index: number) => number;
  private json: PackageJson | null = null;
  private readonly entries = new Map<string, PackagedEntry[]>();

  constructor(payload: Payload, runtime: () => NativeRuntime, codeOf: (index: number) => number) {
    this.payload = payload;
    this.runtime = runtime;
    this.codeOf = codeOf;
  }

  /** The entries of a part; the first is tried first. Read when its first call comes. */
  entriesOf(part: string): PackagedEntry[] {
    let entries = this.entries.get(part);
    if (!entries) {
      entries = [];
      for (const [index, json] of this.parts().entries()) {
        if (json.part === part) entries.push(new PackagedEntry(this, json, index));
      }
      this.entries.set(part, entries);
    }
    return entries;
  }

  /** A part's parameters, where the transformer left them to the record. */
  parametersOf(part: string): readonly Parameter[] | null {
    return this.parts().find((json) => json.part === part)?.call.parameters ?? null;
  }

  /** What `setPrecision` may ask for. @throws TnError for any other precision */
  checkPrecision(asked: Precision): void {
    assertPrecision(asked, 'setPrecision');
    const { precision } = this.description();
    if (asked === precision) return;
    throw new TnError({
      what: `setPrecision: this program was packaged at precision "${precision}", not "${asked}".`,
      fix: `package it with --precision ${asked}`,
    });
  }

  private parts(): readonly PartJson[] {
    return this.description().parts;
  }

  private description(): PackageJson {
    this.json ??= this.payload.json('package.json') as PackageJson;
    const { format } = this.json;
    invariant(format === packageFormat, () => `the package is of format ${format}`);
    return this.json;
  }
}
