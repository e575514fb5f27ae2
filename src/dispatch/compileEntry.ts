/** @file From a record to native code that has been checked: find the artifact, or compile, verify and publish it. */

import type { Artifact, Manifest, RecordRef, Store } from '../../cache/index.ts';
import { sha256Hex } from '../../cache/layout.ts';
import { COMPILE_LAYERS, hashLayers } from '../../cache/ownSources.ts';
import { type CompiledPart, compileGraph, programFile } from '../compile/compile.ts';
import {
  type BuildRequest,
  type BuildResult,
  type Compiler,
  compileInBackground,
  compileSync,
  findCompiler,
  type Isa,
  kernelFlags,
  programFlags,
  sharedFlags,
  targetIsa,
} from '../compile/toolchain/index.ts';
import { oneLine, TnError } from '../core/errors.ts';
import type { StridedView } from '../core/view.ts';
import { canonicalText } from '../graph/canonical.ts';
import type { Graph } from '../graph/graph.ts';
import { bindDims } from '../graph/interpreter.ts';
import { decodeModel } from '../onnx/reader.ts';
import { loadProgram } from '../runtime/program.ts';
import { artifactHeaders } from '../runtime/sources.ts';
import { TensorObject } from '../tensor/tensor.ts';
import { type AbiJson, abiToJson } from './abiJson.ts';
import { CacheFailure, concernsAll, warnOfCache } from './cacheFailure.ts';
import { boundsText } from './compare.ts';
import type { Entry } from './entry.ts';
import type { RunNative } from './firstDifference.ts';
import { currentPrecision, debug, type Mode, type Precision, warnOnce } from './mode.ts';
import { NativePart } from './nativePart.ts';
import { processRuntime } from './processRuntime.ts';
import { describeBinding } from './records.ts';
import { storeWeights } from './storeWeights.ts';
import { verifyNative } from './verify.ts';
import { packageVersion } from './version.ts';

/** What the compiler leaves beside the library: all that calls need, so that a second process never compiles a graph again. */
export interface ArtifactDetails {
  readonly abi: AbiJson;
  readonly kernels: readonly { readonly name: string; readonly lines: string }[];
}

export interface CompileSettings {
  readonly compile?: 'now' | 'background' | 'never';
  readonly precision?: Precision;
}

/** What native code is made for in this process. */
export interface NativeTarget {
  readonly compiler: Compiler;
  readonly isa: Isa;
  readonly precision: Precision;
}

let failedTarget: string | null = null;

/** Throws TnError when there is no compiler, TN_ISA names a level that this machine lacks, or TN_PRECISION no precision. */
export function nativeTarget(settings: CompileSettings): NativeTarget {
  return { compiler: findCompiler(), isa: targetIsa(), precision: settings.precision ?? currentPrecision() };
}

/**
 * Graph, our compiler, target, precision, their compiler, and what results are checked with (the outcome lies beside the code): no
 * paths, environment or times.
 */
export function artifactKey({ graphHash }: Pick<Manifest, 'graphHash'>, target: NativeTarget): string {
  return sha256Hex(
    graphHash,
    hashLayers(COMPILE_LAYERS),
    target.isa,
    target.precision,
    target.compiler.identity,
    kernelFlags(target.isa, target.compiler.family).join(' '),
    boundsText,
  );
}

/** Looks for native code on the first call that fits an entry of an earlier process; compiles its record when there is none. */
export function findNative(store: Store, entry: Entry, settings: CompileSettings, mode: Mode): void {
  const how = mode === 'require' ? 'never' : (settings.compile ?? 'now');
  settle(store, entry, settings, mode, how);
}

/** Compiles a record that has just been written (or finds that the same graph was compiled before). */
export function compileEntry(store: Store, entry: Entry, settings: CompileSettings, mode: Mode): void {
  settle(store, entry, settings, mode, settings.compile ?? 'now');
}

function settle(
  store: Store,
  entry: Entry,
  settings: CompileSettings,
  mode: Mode,
  how: 'now' | 'background' | 'never',
): void {
  entry.state = 'eager';
  entry.retryAt = 0;
  if (failedTarget !== null) {
    entry.reason = failedTarget;
    return;
  }
  let target: NativeTarget;
  try {
    target = nativeTarget(settings);
  } catch (error) {
    failedTarget = oneLine(error);
    entry.reason = failedTarget;
    if (mode !== 'require') warnOnce(`${(error as Error).message}\n  until then parts run eagerly`);
    return;
  }
  const fail = (error: unknown): void => {
    entry.reason = oneLine(error);
    entry.isUncompilable = error instanceof NoCompiledForm;
    if (error instanceof CacheFailure && concernsAll(error.problem)) {
      failedTarget = entry.reason;
      if (mode !== 'require') warnOfCache(error.problem);
      return;
    }
    if (mode !== 'require') warnOnce(`compileCache "${entry.record.part}" runs eagerly: ${(error as Error).message}`);
    debug(1, () => String((error as Error).stack));
  };
  try {
    if (how === 'background' && 'miss' in store.findArtifact(artifactKey(entry.record.manifest, target))) {
      buildInBackground(store, entry, target, fail);
      return;
    }
    entry.native = obtain(store, entry, target, how !== 'never');
    entry.state = 'native';
    store.touchUse('record', store.recordId(entry.record));
  } catch (error) {
    fail(error);
  }
}

/** How long a process waits before it looks again for what another one compiles. */
const LOOK_AGAIN_MS = 500;

/** Calls run eagerly meanwhile; the first one after it is done loads and checks it. */
function buildInBackground(store: Store, entry: Entry, target: NativeTarget, fail: (error: unknown) => void): void {
  const key = artifactKey(entry.record.manifest, target);
  entry.reason = 'it is being compiled in the background';
  const attempt = store.tryLock(compileLock(key));
  if (!('lock' in attempt)) {
    entry.retryAt = performance.now() + LOOK_AGAIN_MS;
    return;
  }
  const { lock } = attempt;
  try {
    const { request, part } = buildRequest(store, entry.record.part, graphOf(store, entry.record), target);
    void compileInBackground(request).result.then((built) => {
      try {
        publish(store, key, built, part, target);
        entry.state = 'unknown';
      } catch (error) {
        fail(error);
      } finally {
        lock.release();
      }
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

function compileLock(key: string): string {
  return `compile-${key.slice(0, 24)}`;
}

/**
 * Throws TnError with the reason when there is no native code that agrees with the samples. `make` gives the artifact where
 * there is none yet.
 */
export function obtain(
  store: Store,
  entry: Entry,
  target: NativeTarget,
  mayCompile: boolean,
  make = (key: string): Artifact => buildGraph(store, entry.record.part, graphOf(store, entry.record), key, target),
): NativePart {
  const { record } = entry;
  const key = artifactKey(record.manifest, target);
  let found = store.findArtifact(key);
  if ('miss' in found) {
    if (!mayCompile)
      throw new TnError({ what: `no native code: ${found.miss}`, fix: `tn cache compile ${record.part}` });
    const missed = found.miss;
    found = store.withLock(compileLock(key), () => {
      // Another process may have compiled it while this one waited.
      const again = store.findArtifact(key);
      if (!('miss' in again)) return again;
      if (again.problem) throw new CacheFailure(again.problem);
      debug(1, () => `"${record.part}" ${record.entry}: compiling (${missed})`);
      return make(key);
    });
  }
  return loadVerified(store, entry, found, key, target);
}

/** A record's graph. @throws TnError when the record is damaged */
export function graphOf(store: Store, record: RecordRef): Graph {
  const bytes = store.readOnnx(record);
  if (!bytes.ok) throw new CacheFailure(bytes.problem);
  const graph = decodeModel(bytes.value);
  // A record may come from anywhere: what it computes must be what its manifest (and the artifact's key) was made of.
  if (sha256Hex(canonicalText(graph)) !== record.manifest.graphHash) {
    throw new TnError({
      what: `the record of "${record.part}" is damaged: its graph is not the one its manifest names.`,
      fix: `tn cache rm ${record.part}@${record.entry}, then run the program again`,
    });
  }
  return graph;
}

/** Compiles a graph and publishes the artifact. Throws TnError with the reason when that cannot be done. */
export function buildGraph(store: Store, title: string, graph: Graph, key: string, target: NativeTarget): Artifact {
  const { request, part } = buildRequest(store, title, graph, target);
  return publish(store, key, compileSync(request), part, target);
}

/** Lowers a graph: what the compiler is to be given. Throws TnError where there is no code for it. */
export function buildRequest(
  store: Store,
  title: string,
  graph: Graph,
  target: NativeTarget,
): { readonly request: BuildRequest; readonly part: CompiledPart } {
  const part = lowered(graph, target);
  const objects = store.ownFolder('objects');
  if (!objects.ok) throw new CacheFailure(objects.problem);
  const flags = kernelFlags(target.isa, target.compiler.family);
  const flagsOfProgram = programFlags(target.isa, target.compiler.family);
  const request = {
    title,
    compiler: target.compiler,
    jobs: part.files.map(({ name, source }) => ({
      name: name.replace(/\.c$/, ''),
      source,
      flags: name === programFile ? flagsOfProgram : flags,
    })),
    headers: artifactHeaders(),
    objectFolder: objects.value,
    link: { folder: objects.value, prefix: title, flags: sharedFlags() },
  };
  return { request, part };
}

/** A graph that the compiler has no code for. */
class NoCompiledForm extends TnError {}

function lowered(graph: Graph, target: NativeTarget): CompiledPart {
  try {
    return compileGraph(graph, { isa: target.isa, precision: target.precision });
  } catch (error) {
    throw error instanceof TnError ? new NoCompiledForm(error.parts) : error;
  }
}

/** Stores what a build gave. @throws TnError when that is a failure */
export function publish(
  store: Store,
  key: string,
  built: BuildResult,
  part: CompiledPart,
  target: NativeTarget,
): Artifact {
  if (!built.ok || built.library === null) {
    const failure = built.ok ? { message: 'no library was linked', stderr: '' } : built;
    throw new TnError({
      what: `its code could not be compiled: ${failure.message}`,
      found: (failure.stderr ?? '')
        .split('\n')
        .slice(0, 6)
        .filter((line) => line.trim() !== ''),
      fix: '`tn doctor` says what is wrong with the compiler; if it is fine, please report this',
    });
  }
  const info = {
    compiler: target.compiler.version,
    target: target.isa,
    precision: target.precision,
    tnVersion: packageVersion(),
    details: detailsOf(part),
  };
  const published = store.publishArtifact(key, { 'program.so': { copyFrom: built.library } }, info);
  if (!published.ok) throw new CacheFailure(published.problem);
  return published.value;
}

function detailsOf(part: CompiledPart): ArtifactDetails {
  return { abi: abiToJson(part.abi), kernels: part.kernels.map(({ name, lines }) => ({ name, lines })) };
}

function loadVerified(store: Store, entry: Entry, artifact: Artifact, key: string, target: NativeTarget): NativePart {
  const { record } = entry;
  const details = artifact.info.details as ArtifactDetails;
  const { pattern, writtenParameters } = entry.call;
  const runtime = processRuntime();
  const native = new NativePart({
    part: record.part,
    abi: details.abi,
    program: loadProgram(artifact.files['program.so'], runtime),
    weights: storeWeights(store, runtime, () => graphOf(store, record).constants.map(({ data }) => data)),
    precision: target.precision,
    symbols: pattern.symbols,
    writtenInputs: pattern.writtenInputs,
    writtenParameters,
    onBinding: (parameters) => noteBinding(store, entry, parameters),
  });
  const known = store.readVerification(key, record);
  const outcome = known ?? verifyNative(store, entry, native, () => pieceRunner(store, entry, target));
  if (!known) store.putVerification(key, record, outcome);
  if (!outcome.ok) {
    throw new TnError({
      what: 'its native results differ from the eager ones of the first call.',
      found: [outcome.detail],
      fix: 'it stays eager; please report this with the record',
    });
  }
  return native;
}

/** Compiles pieces of a record's graph, to find the operation that its native code gets wrong. */
function pieceRunner(store: Store, entry: Entry, target: NativeTarget): { graph: Graph; run: RunNative } {
  const graph = graphOf(store, entry.record);
  const { symbols } = entry.call.pattern;
  const run: RunNative = (piece, inputs, parameters) => {
    const key = artifactKey({ graphHash: sha256Hex(canonicalText(piece)) }, target);
    const artifact = buildGraph(store, piece.name, piece, key, target);
    const runtime = processRuntime();
    const native = new NativePart({
      part: piece.name,
      abi: (artifact.info.details as ArtifactDetails).abi,
      program: loadProgram(artifact.files['program.so'], runtime),
      weights: storeWeights(store, runtime, () => piece.constants.map(({ data }) => data)),
      symbols,
      writtenInputs: [],
      writtenParameters: [],
    });
    const tensors = inputs.map((input) => (typeof input === 'number' ? input : TensorObject.of(input)));
    const dims = bindDims(piece, inputs);
    const outputs = native.run(
      tensors,
      symbols.map((name) => dims.get(name) ?? 0),
      parameters,
    );
    store.removeArtifact(key);
    return outputs;
  };
  return { graph, run };
}

/** Instances that a manifest lists: weights that change all the time would fill the disk. */
const MAX_BINDINGS = 16;

/** The manifest lists the weights of every instance that runs natively: packaging asks which one is meant. */
function noteBinding(store: Store, entry: Entry, parameters: readonly StridedView[]): void {
  if (parameters.length === 0) return;
  const { record } = entry;
  if (record.manifest.weights.length >= MAX_BINDINGS) return;
  const { binding, blobs } = describeBinding(store, { manifest: record.manifest, call: entry.call }, parameters);
  const content = (params: Manifest['weights'][number]['params']): string =>
    entry.call.parameterPaths.map((path) => params[path]?.blob).join(' ');
  const wanted = content(binding.params);
  const isKnown = (manifest: Manifest): boolean =>
    manifest.weights.length >= MAX_BINDINGS || manifest.weights.some((known) => content(known.params) === wanted);
  if (isKnown(record.manifest)) return;
  const updated = store.updateManifest(
    record,
    (manifest) =>
      isKnown(manifest)
        ? manifest
        : {
            ...manifest,
            weights: [...manifest.weights, { ...binding, name: `binding ${manifest.weights.length + 1}` }],
          },
    blobs,
  );
  if (updated.ok) entry.record = updated.value;
  if (!updated.ok) debug(1, () => `the manifest of "${record.part}" keeps its bindings: ${updated.problem.message}`);
}
