/** @file Captures to records in the store, and manifests back to what a call is matched against. */

import type {
  Manifest,
  ManifestBinding,
  ManifestDraft,
  ManifestValue,
  RecordRef,
  Store,
  StoreResult,
} from '../../cache/index.ts';
import { entryId } from '../../cache/index.ts';
import { sha256Hex, sha256OfBytes } from '../../cache/layout.ts';
import type { Captured } from '../capture/capture.ts';
import type { Parameter } from '../capture/matchers.ts';
import type { SourceMeta } from '../capture/sources.ts';
import { formatLocation } from '../core/location.ts';
import { copyElements, isContiguous, type StridedView } from '../core/view.ts';
import { canonicalText } from '../graph/canonical.ts';
import type { Graph } from '../graph/graph.ts';
import { type Json, resultToJson } from '../graph/serialize.ts';
import { encodeTensor } from '../onnx/tensorProto.ts';
import { encodeModel, outputNames } from '../onnx/writer.ts';
import { exprToString } from '../symbolic/expr.ts';
import { predicateToString } from '../symbolic/predicate.ts';
import { CALL_VERSION, type CallJson, type LoadedCall } from './loadedCall.ts';
import { packageVersion } from './version.ts';

export interface RecordRequest {
  readonly store: Store;
  readonly project: string;
  /** Absolute folder that sources are named relative to. */
  readonly projectRoot: string;
  readonly root: string;
  readonly part: string;
  readonly sourceKey: string;
  readonly meta: SourceMeta;
  readonly closure: ReadonlyMap<string, string>;
  /** What only the function's text tells: whether it looks at the `this` of its call, and its parameters. Packaged programs hold no text. */
  readonly usesThis: boolean;
  readonly parameters: readonly Parameter[];
  readonly captured: Captured;
  /** The entries that were there, and why this call did not fit them. */
  readonly missed: Manifest['missed'];
}

/** Writes the record of a capture; its entry id is made of project, part, sources and static signature. */
export function writeCapture(request: RecordRequest): StoreResult<RecordRef> {
  const { store, root, captured } = request;
  const { graph } = captured;
  const blobs = captured.sampleParameters.map((view) => blobOf(store, view));
  const bytes = encodeModel(graph, {
    blobs: blobs.map((blob) => ({ location: `blobs/${blob.sha256}`, length: blob.length })),
    relativeTo: request.projectRoot,
  });
  const { sampleInputs, sampleOutputs, sampleMutations } = captured;
  const names = outputNames(graph);
  const manifest = manifestOf(
    request,
    blobs.map((blob) => blob.sha256),
  );
  return store.writeRecord({
    root,
    manifest,
    onnx: bytes,
    samples: {
      inputs: sampleInputs.map((sample, i) => encodeTensor(sample, graph.inputs[i].path)),
      outputs: [...sampleOutputs, ...sampleMutations].map((view, i) => encodeTensor(view, names[i])),
    },
    blobs,
  });
}

type Blob = { readonly sha256: string; readonly length: number } & (
  | { readonly bytes: Uint8Array }
  | { readonly file: string; readonly offset: number }
);

/** A parameter's bytes in C order: a region of the file that it is mapped from where that is still what it holds. */
export function blobOf(store: Store, view: StridedView): Blob {
  const { storage } = view;
  const bytesPerElement = storage.typed(view.dtype).BYTES_PER_ELEMENT;
  const length = view.count * bytesPerElement;
  if (storage.origin && storage.version === 0 && isContiguous(view)) {
    const offset = storage.origin.offset + view.offset * bytesPerElement;
    const hash = store.hashFileRegion(storage.origin.path, offset, length);
    if (hash.ok && hash.value) return { sha256: hash.value, length, file: storage.origin.path, offset };
  }
  const bytes = copyElements(view).storage.bytes();
  return { sha256: sha256OfBytes(bytes), length, bytes };
}

function manifestOf(request: RecordRequest, blobs: readonly string[]): ManifestDraft {
  const { captured, part, sourceKey, meta } = request;
  const { graph, flat, aliasing, identical, parameterIndices } = captured;
  const parameterPaths = uniquePaths(graph.parameters.map(({ path }) => path));
  const written = (kind: 'input' | 'parameter'): number[] =>
    graph.mutations.filter(({ target }) => target.kind === kind).map(({ target }) => target.index);
  const call: CallJson = {
    version: CALL_VERSION,
    self: flat.self,
    args: flat.args,
    aliasing,
    identical,
    parameterPaths,
    parameterIndices,
    writtenInputs: written('input'),
    writtenParameters: written('parameter'),
    result: resultToJson(graph.result),
    usesThis: request.usesThis,
    ...(request.meta.params ? {} : { parameters: request.parameters }),
  };
  const closure = Object.fromEntries(request.closure);
  const guards = graph.env.guards.map(({ predicate, location, kind }) => ({
    predicate: predicateToString(predicate),
    location: location ? formatLocation(location) : null,
    kind,
  }));
  const dims = Object.fromEntries(
    [...graph.env.ranges].map(([name, { min, max, multipleOf }]) => [
      name,
      { min, max: Number.isFinite(max) ? max : null, multipleOf },
    ]),
  );
  const staticSignature = sha256Hex(
    JSON.stringify([flat.self, flat.args, aliasing, identical, dims, guards.map((guard) => guard.predicate), closure]),
  );
  const { info } = meta.file;
  const params = Object.fromEntries(
    graph.parameters.map(({ value }, i) => [
      parameterPaths[i],
      { blob: blobs[i], dtype: value.dtype, shape: value.shape.map((size) => Number(exprToString(size))) },
    ]),
  );
  const samples = {
    inputs: captured.sampleInputs.length,
    outputs: captured.sampleOutputs.length + captured.sampleMutations.length,
  };
  return {
    part,
    entry: entryId(request.project, part, sourceKey, staticSignature),
    sourceKey,
    staticSignature,
    inputs: inputsOf(graph),
    outputs: outputsOf(graph),
    dims,
    guards,
    weights: [{ name: 'captured', params }],
    graphHash: sha256Hex(canonicalText(graph)),
    nodes: graph.nodes.length,
    source: {
      file: relativeTo(info.file, request.projectRoot),
      line: meta.loc[0],
      column: meta.loc[1],
      files: info.files,
      packages: Object.fromEntries(info.packages),
      units: meta.reach.map((index) => info.units[index]),
      meaning: meta.source,
    },
    closure,
    samples,
    created: new Date().toISOString(),
    tnVersion: packageVersion(),
    ...(request.missed && request.missed.length > 0 ? { missed: request.missed } : {}),
    call: call as unknown as Json,
  };
}

/** Two fields may read alike (`a.b` of one object, `b` of its field `a`). */
function uniquePaths(paths: readonly string[]): string[] {
  const used = new Set<string>();
  return paths.map((path) => {
    let unique = path;
    for (let i = 2; used.has(unique); i++) unique = `${path}#${i}`;
    used.add(unique);
    return unique;
  });
}

function relativeTo(file: string, root: string): string {
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : (file.split('/').at(-1) ?? file);
}

function sizesOf(shape: Graph['outputs'][number]['shape']): (number | string)[] {
  return shape.map((size) => {
    const text = exprToString(size);
    return /^-?\d+$/.test(text) ? Number(text) : text;
  });
}

function inputsOf(graph: Graph): ManifestValue[] {
  const written = new Set(
    graph.mutations.filter(({ target }) => target.kind === 'input').map(({ target }) => target.index),
  );
  return graph.inputs.map((input, index): ManifestValue => {
    if (input.kind === 'dim') return { path: input.path, kind: 'dim', dtype: 'int64', shape: [] };
    const { dtype, shape } = input.value;
    return {
      path: input.path,
      kind: 'tensor',
      dtype,
      shape: sizesOf(shape),
      ...(written.has(index) ? { mutated: true } : {}),
    };
  });
}

function outputsOf(graph: Graph): ManifestValue[] {
  return graph.outputs.map(({ name, dtype, shape }) => ({ path: name, kind: 'tensor', dtype, shape: sizesOf(shape) }));
}

/**
 * The weights of one instance as a manifest binding, and where their bytes are. What the code writes is state, not a
 * weight: it stays what it was at the capture.
 */
export function describeBinding(
  store: Store,
  { manifest, call }: { readonly manifest: Manifest; readonly call: LoadedCall },
  parameters: readonly StridedView[],
): { readonly binding: ManifestBinding; readonly blobs: readonly Blob[] } {
  const captured = manifest.weights[0].params;
  const blobs: Blob[] = [];
  const params = call.parameterPaths.map((path, i) => {
    if (call.writtenParameters.includes(i)) return [path, captured[path]] as const;
    const blob = blobOf(store, parameters[i]);
    blobs.push(blob);
    return [path, { ...captured[path], blob: blob.sha256 }] as const;
  });
  return { binding: { name: `binding ${manifest.weights.length + 1}`, params: Object.fromEntries(params) }, blobs };
}
