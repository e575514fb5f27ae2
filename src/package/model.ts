/**
 * @file What a package is made of: the parts with their calls and code, the weight blocks that they share, and the state
 * that they keep. All forms (libraries, executables, programs) are written from this.
 */

import type { Manifest, ManifestBinding, RecordRef, Store } from '../../cache/index.ts';
import { sha256Hex } from '../../cache/layout.ts';
import type { WeightSlot } from '../compile/compile.ts';
import type { Isa, PackageTarget } from '../compile/toolchain/index.ts';
import { type DType, isDType } from '../core/dtype.ts';
import { invariant, TnError } from '../core/errors.ts';
import type { StridedView } from '../core/view.ts';
import type { AbiJson } from '../dispatch/abiJson.ts';
import { CacheFailure } from '../dispatch/cacheFailure.ts';
import { graphOf } from '../dispatch/compileEntry.ts';
import { type CallJson, loadCall } from '../dispatch/loadedCall.ts';
import { currentPrecision, type Precision } from '../dispatch/mode.ts';
import { packageVersion } from '../dispatch/version.ts';
import type { Graph } from '../graph/graph.ts';
import { decodeTensor } from '../onnx/tensorProto.ts';
import { codeLevel, type LoweredPart, lowerRecord } from './lowered.ts';
import { partNames } from './names.ts';
import type { Progress } from './progress.ts';
import { recomputeSamples } from './recompute.ts';
import { wrongRequest } from './refusal.ts';
import { type StoredWeight, type WeightBlock, WeightBlocks, type WeightSource } from './weights.ts';

/** One address of a part's weights array. */
export interface PackageSlot {
  /** Payload entry of the weight, or of a state's first contents. */
  readonly block: number;
  /** Which state of the package it is; -1: read only. */
  readonly state: number;
  readonly bytes: number;
}

/** Memory that parts write and keep from call to call, each context its own. */
export interface PackageState {
  /** The parameter's path: `this.cache.keys`. */
  readonly path: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly block: number;
  readonly bytes: number;
}

/** Inputs of the recorded call, row-major, and what they give from a new context. */
export interface PartSamples {
  readonly inputs: readonly StridedView[];
  readonly outputs: readonly StridedView[];
  /** What each written parameter held after the call, in the order of `call.writtenParameters`. */
  readonly writes: readonly StridedView[];
  /** What each written input held after the call, in the order of `call.writtenInputs`. */
  readonly inputWrites: readonly StridedView[];
}

export interface PackagePart {
  /** Unique in the package and a C identifier: the part, or part_entry where a part has several entries. */
  readonly name: string;
  readonly part: string;
  readonly entry: string;
  readonly record: RecordRef;
  readonly manifest: Manifest;
  readonly call: CallJson;
  readonly graph: Graph;
  /** The instance whose weights the slots name. */
  readonly binding: ManifestBinding;
  /** Every instance whose weights are inside; `binding` is the first. */
  readonly bindings: readonly ManifestBinding[];
  readonly abi: AbiJson;
  readonly slots: readonly PackageSlot[];
  /** Symbols in the manifest's order: the order of dims in tables and calls. */
  readonly symbols: readonly string[];
  readonly samples: PartSamples;
  readonly precision: Precision;
  /** Code by level; levels that share their code share the object. */
  readonly code: ReadonlyMap<Isa, LoweredPart>;
}

export interface PackageModel {
  readonly name: string;
  /** Starts every global symbol. */
  readonly prefix: string;
  /** Of the code and the blocks that belong to it: a payload of another one is refused. */
  readonly id: bigint;
  readonly target: PackageTarget;
  readonly levels: readonly Isa[];
  /** Of all parts. */
  readonly precision: Precision;
  readonly parts: readonly PackagePart[];
  /** In payload order: block i is the payload's entry i. */
  readonly blocks: readonly WeightBlock[];
  readonly states: readonly PackageState[];
}

export interface ModelRequest {
  readonly store: Store;
  readonly name: string;
  readonly records: readonly RecordRef[];
  readonly target: PackageTarget;
  readonly levels: readonly Isa[];
  /** Name of a binding, where records list several; every binding with `'all'`. */
  readonly weightsOf?: string;
  readonly allBindings?: boolean;
  readonly progress: Progress;
}

/**
 * At the precision that `setPrecision()` or TN_PRECISION says.
 * @throws TnError, WrongRequest when a record is damaged or weights have to be chosen
 */
export function buildModel(request: ModelRequest): PackageModel {
  const { store, name, records, target, levels, progress } = request;
  const weights = new WeightBlocks(store);
  const states = new States(weights);
  const names = partNames(records);
  const drafts = records.map((record, i) => {
    progress.step(`reading ${record.part}`);
    return draftPart(request, record, names[i]);
  });
  // States first: a part that only reads what another one writes reads the state.
  for (const draft of [...drafts].sort(byCapture)) states.collect(draft);
  const parts = drafts.map((draft): PackagePart => {
    progress.step(`packing the weights of ${draft.part}`);
    const slots = draft.bindings.map((binding) => slotsOf(draft, binding, weights, states));
    return { ...draft, slots: slots[0], samples: samplesOf(request, draft, states) };
  });
  const precision = currentPrecision();
  const prefix = `${name}_`;
  const { blocks } = weights;
  const id = identity({ name, target, levels, precision, parts, blocks, states: states.list });
  return { name, prefix, id, target, levels, precision, parts, blocks, states: states.list };
}

type DraftPart = Omit<PackagePart, 'slots'>;

function draftPart(request: ModelRequest, record: RecordRef, name: string): DraftPart {
  const { store, levels, progress } = request;
  const { manifest, part, entry } = record;
  const call = manifest.call as CallJson;
  const { pattern } = loadCall(manifest);
  const graph = graphOf(store, record);
  const precision = currentPrecision();
  const code = new Map<Isa, LoweredPart>();
  for (const isa of levels) {
    progress.step(`compiling ${part} for ${isa}`);
    const shared = codeLevel(isa, precision);
    code.set(isa, code.get(shared) ?? lowerRecord(store, record, graph, { isa: shared, precision }));
  }
  const abis = [...code.values()].map(({ abi }) => abi);
  invariant(
    abis.every((abi) => JSON.stringify(abi) === JSON.stringify(abis[0])),
    () => `the levels of "${part}" do not agree on its arguments`,
  );
  const bindings = chooseBindings(request, record);
  return {
    name,
    part,
    entry,
    record,
    manifest,
    call,
    graph,
    binding: bindings[0],
    bindings,
    abi: abis[0],
    symbols: pattern.symbols,
    precision,
    samples: readSamples(store, record, call),
    code,
  };
}

/** The instances whose weights go in: all of them, the one that is named, or the only one. */
function chooseBindings(request: ModelRequest, { part, manifest }: RecordRef): readonly ManifestBinding[] {
  const { weightsOf, allBindings } = request;
  const { weights } = manifest;
  const distinct = weights.filter((one, i) => weights.findIndex((other) => sameWeights(one, other)) === i);
  const named = weightsOf === undefined ? undefined : weights.find(({ name }) => name === weightsOf);
  if (named) return [named];
  if (allBindings || distinct.length === 1) return distinct;
  const list = distinct.map(({ name, params }) => `${name}: ${describeWeights(params)}`);
  throw wrongRequest({
    what:
      weightsOf === undefined
        ? `part "${part}" ran with the weights of ${distinct.length} instances`
        : `part "${part}" has no weights called "${weightsOf}"`,
    found: list,
    fix: 'say which with --weights-of NAME',
  });
}

function sameWeights(a: ManifestBinding, b: ManifestBinding): boolean {
  const blobs = ({ params }: ManifestBinding): string =>
    Object.keys(params)
      .sort()
      .map((path) => `${path} ${params[path].blob}`)
      .join('\n');
  return blobs(a) === blobs(b);
}

function describeWeights(params: ManifestBinding['params']): string {
  const [first] = Object.entries(params);
  return first ? `${first[0]} ${first[1].blob.slice(0, 8)}…` : 'no weights';
}

function readSamples(store: Store, record: RecordRef, call: CallJson): PartSamples {
  const samples = store.readSamples(record);
  if (!samples.ok) throw new CacheFailure(samples.problem);
  const outputs = samples.value.outputs.map((bytes) => decodeTensor(bytes).view);
  const { manifest } = record;
  const { truncated } = manifest.samples;
  if (truncated && Object.keys(truncated).length > 0) {
    throw new TnError({ what: `the samples of "${record.part}" are not whole`, fix: 'run the program again' });
  }
  const written = outputs.slice(manifest.outputs.length);
  const inputCount = call.writtenInputs.length;
  return {
    inputs: samples.value.inputs.map((bytes) => decodeTensor(bytes).view),
    outputs: outputs.slice(0, manifest.outputs.length),
    inputWrites: written.slice(0, inputCount),
    writes: written.slice(inputCount),
  };
}

/** Written parameters: the same path of the same class is the same memory, whichever part names it. */
class States {
  readonly list: PackageState[] = [];
  private readonly sources: StoredWeight[] = [];
  private readonly indices = new Map<string, number>();
  private readonly weights: WeightBlocks;

  constructor(weights: WeightBlocks) {
    this.weights = weights;
  }

  /** A state starts as it was before the call that is collected first: the one captured first. */
  collect(draft: DraftPart): void {
    for (const index of draft.call.writtenParameters) {
      const key = stateKey(draft, index);
      if (this.indices.has(key)) continue;
      const source = parameterSource(draft, draft.binding, index);
      const block = this.weights.add(source, { kind: 'rows' });
      const { path, shape, dtype } = parameterOf(draft, draft.binding, index);
      this.indices.set(key, this.list.length);
      this.sources.push(source);
      this.list.push({ path, dtype, shape, block, bytes: this.weights.blocks[block].bytes });
    }
  }

  /** Number of the state that a slot stands for, or -1. */
  find(draft: DraftPart, { source, layout }: WeightSlot): number {
    if (source.kind !== 'parameter') return -1;
    const state = this.indices.get(stateKey(draft, source.index)) ?? -1;
    if (state < 0 || layout.kind === 'rows') return state;
    throw new TnError({
      what: `part "${draft.part}" multiplies by ${this.list[state].path}, which another part of the package writes`,
      fix: 'package these parts apart, or pass the tensor as an argument',
    });
  }

  /** What the parameter holds in a new context, where it is a state; null where it is none. */
  initial(draft: DraftPart, index: number): StoredWeight | null {
    return this.sources[this.indices.get(stateKey(draft, index)) ?? -1] ?? null;
  }
}

/** The recorded samples; computed anew where a new context holds other weights or state than the recorded call met. */
function samplesOf({ store, progress }: ModelRequest, draft: DraftPart, states: States): PartSamples {
  const { call, graph, samples, manifest, binding } = draft;
  const parameters = call.parameterPaths.map(
    (_, index) => states.initial(draft, index) ?? parameterSource(draft, binding, index),
  );
  const recorded = manifest.weights[0].params;
  if (parameters.every(({ blob }, i) => blob === recorded[call.parameterPaths[i]].blob)) return samples;
  progress.step(`computing what ${draft.part} gives`);
  return recomputeSamples({ store, graph, call, samples, parameters });
}

function byCapture(a: DraftPart, b: DraftPart): number {
  const key = ({ manifest, part, entry }: DraftPart): string => `${manifest.created} ${part} ${entry}`;
  return key(a) < key(b) ? -1 : 1;
}

function stateKey({ call, graph }: DraftPart, index: number): string {
  const { self } = call;
  const owner = self.kind === 'object' ? self.classId : '';
  const { value } = graph.parameters[index];
  return JSON.stringify([owner, call.parameterPaths[index], value.dtype, value.shape.map((size) => size.key)]);
}

function parameterOf({ call, part }: DraftPart, binding: ManifestBinding, index: number) {
  const path = call.parameterPaths[index];
  const { blob, dtype, shape } = binding.params[path];
  if (!isDType(dtype))
    throw new TnError(`part "${part}": ${path} has dtype ${dtype}, which this version does not know`);
  return { path, blob, dtype, shape };
}

function parameterSource(draft: DraftPart, binding: ManifestBinding, index: number): StoredWeight {
  const { blob, dtype, shape } = parameterOf(draft, binding, index);
  return { record: draft.record, blob, dtype, sizes: shape };
}

function slotsOf(
  draft: DraftPart,
  binding: ManifestBinding,
  weights: WeightBlocks,
  states: States,
): readonly PackageSlot[] {
  return draft.abi.weights.map((slot): PackageSlot => {
    const state = states.find(draft, slot);
    if (state >= 0) return { block: states.list[state].block, state, bytes: states.list[state].bytes };
    const { kind, index } = slot.source;
    const source: WeightSource =
      kind === 'constant' ? { constant: draft.graph.constants[index].data } : parameterSource(draft, binding, index);
    const block = weights.add(source, slot.layout);
    return { block, state: -1, bytes: weights.blocks[block].bytes };
  });
}

/** 64 bits over all that the code is made of and the blocks that it names; no path, time or compiler. */
function identity(model: Omit<PackageModel, 'id' | 'prefix'>): bigint {
  const parts = model.parts.map((part) => [
    part.name,
    part.entry,
    part.slots,
    part.abi,
    part.manifest.dims,
    part.manifest.guards.map(({ predicate }) => predicate),
    [...part.code].map(([isa, { files }]) => [isa, files]),
  ]);
  const blocks = model.blocks.map(({ name }) => name);
  const text = JSON.stringify([model.name, model.target.name, model.levels, parts, blocks, model.states]);
  return BigInt(`0x${sha256Hex('torchnative package 1', packageVersion(), text).slice(0, 16)}`);
}
