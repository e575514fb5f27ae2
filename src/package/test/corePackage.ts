/** @file A small package for tests of its C core: real compiled parts, the generator's own tables, a payload. */

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import '../../runtime/koffi.ts';
import { compileGraph } from '../../compile/compile.ts';
import { GraphMaker } from '../../compile/test/graphMaker.ts';
import { decoder, mlp, parametersOf } from '../../compile/test/models.ts';
import { type CompileJob, compileSync, findCompiler, type Isa } from '../../compile/toolchain/index.ts';
import { kernelFlags, machineIsa, machineIsas } from '../../compile/toolchain/target.ts';
import { bytesOf } from '../../core/dtype.ts';
import { product, type StridedView } from '../../core/view.ts';
import { abiToJson } from '../../dispatch/abiJson.ts';
import { packView } from '../../dispatch/weights.ts';
import type { Graph } from '../../graph/graph.ts';
import { addressOf } from '../../runtime/ffi.ts';
import { type NativeRuntime, nativeRuntime } from '../../runtime/nativeRuntime.ts';
import { runtimeFiles, runtimeSource } from '../../runtime/sources.ts';
import { exampleRuntimePath } from '../../runtime/test/exampleArtifact.ts';
import { exprToString } from '../../symbolic/expr.ts';
import { coreFiles, coreHeaders, coreSource } from '../coreSources.ts';
import { codeLevel } from '../lowered.ts';
import type { PackageModel, PackagePart, PackageSlot } from '../model.ts';
import { PayloadBuilder } from '../payload.ts';
import { artifactSymbol } from '../symbols.ts';
import { packageTables } from '../tables.ts';

/** Counts what it is given in a buffer of the module. */
function counter(): Graph {
  const g = new GraphMaker('counter');
  const counts = g.parameter('counts', 'float32', [8, 4]);
  const sum = g.op('add', [counts, g.input('x', 'float32', [8, 4])]);
  g.mutate(counts, sum);
  return g.finish(g.op('mul', [sum], { right: 2 }));
}

/** Reads that buffer. */
function reader(): Graph {
  const g = new GraphMaker('reader');
  const counts = g.parameter('counts', 'float32', [8, 4]);
  return g.finish(g.op('add', [counts, g.input('y', 'float32', [8, 4])]));
}

/** One tensor under two names, a size that comes in fours, two outputs. */
function twice(): Graph {
  const g = new GraphMaker('twice');
  const n = g.dim('n', 8, { min: 4, max: 4000, multipleOf: 4 });
  const x = g.input('x', 'float32', [n, 6]);
  g.input('y', 'float32', [n, 6]);
  const turned = g.op('permute', [g.op('neg', [x])], { axes: [1, 0] });
  return g.finish(turned, g.op('sum', [x], { axes: [1], keepdim: false }));
}

/** Weights so large that their checksums are worth several threads. */
function wide(): Graph {
  const g = new GraphMaker('wide');
  const n = g.dim('n', 3, { max: 50 });
  const table = g.parameter('table', 'float16', [70_000, 32]);
  const rows = g.op('embedding', [table, g.input('tokens', 'int64', [n])]);
  return g.finish(g.op('add', [g.op('cast', [rows], { dtype: 'float32' }), g.parameter('bias', 'float32', [32])]));
}

export const graphs: readonly Graph[] = [decoder('heads'), mlp(), counter(), reader(), twice(), wide()];

/** What capture would have found: graphs made by hand go straight to the operations' rules. */
const guards: Readonly<Record<string, readonly string[]>> = { decoder_heads: ['n + pos <= 48'] };

/** The state that `counter` writes and `reader` reads. */
const stateName = 'counts';

export const packageId = 0x0123456789abcdefn;

const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-core-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

let count = 0;

/** A path that nothing else uses. */
export function scratch(name: string): string {
  return path.join(folder, `${count++}-${name}`);
}

interface Weights {
  readonly builder: PayloadBuilder;
  readonly slots: ReadonlyMap<Graph, readonly PackageSlot[]>;
  readonly stateBlock: number;
  readonly stateBytes: number;
}

function collectWeights(): Weights {
  const builder = new PayloadBuilder();
  const runtime = nativeRuntime(exampleRuntimePath);
  let stateBlock = -1;
  let stateBytes = 0;
  const slots = new Map(
    graphs.map((graph): [Graph, PackageSlot[]] => {
      const { abi } = compileGraph(graph, { isa: 'plain', precision: 'float32' });
      const views = parametersOf(graph);
      return [
        graph,
        abi.weights.map(({ source, layout }, at): PackageSlot => {
          const view = source.kind === 'parameter' ? views[source.index] : graph.constants[source.index].data;
          const isState = source.kind === 'parameter' && graph.parameters[source.index].path === stateName;
          if (isState && stateBlock >= 0) return { block: stateBlock, state: 0, bytes: stateBytes };
          const bytes = layout.kind === 'rows' ? rowsOf(view) : packView(runtime, view, layout).bytes;
          const block = builder.add({ name: `${graph.name}/${at}`, kind: 'weight', bytes });
          if (isState) {
            stateBlock = block;
            stateBytes = bytes.byteLength;
          }
          return { block, state: isState ? 0 : -1, bytes: bytes.byteLength };
        }),
      ];
    }),
  );
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  builder.add({ name: 'package.json', kind: 'json', bytes: encode(JSON.stringify({ name: 'test' })) });
  builder.add({ name: 'licence/none', kind: 'text', encoding: 'deflate', bytes: encode('free as air. '.repeat(300)) });
  return { builder, slots, stateBlock, stateBytes };
}

function rowsOf(view: StridedView): Uint8Array {
  return view.storage.bytes().subarray(0, product(view.sizes) * bytesOf(view.dtype));
}

let weights: Weights | null = null;

/** Writes the payload; every package here has the same. */
export function writePayload(file: string): void {
  weights ??= collectWeights();
  const runtime: NativeRuntime = nativeRuntime(exampleRuntimePath);
  const fd = openSync(file, 'w');
  const hash = (bytes: Uint8Array): bigint =>
    bytes.byteLength === 0 ? runtime.hash64(0, 0) : runtime.hash64(addressOf(bytes), bytes.byteLength);
  weights.builder.write(fd, { id: packageId, hash });
  closeSync(fd);
}

/** What the generator needs of a model, from graphs instead of records. */
function modelOf(prefix: string, levels: readonly Isa[]): PackageModel {
  weights ??= collectWeights();
  const { slots, stateBlock, stateBytes } = weights;
  const parts = graphs.map((graph): unknown => {
    const compiled = compileGraph(graph, { isa: 'plain', precision: 'float32' });
    const { abi, arena, work } = compiled;
    const symbols = [...graph.env.ranges.keys()];
    const shape = (sizes: readonly Parameters<typeof exprToString>[0][]): (number | string)[] =>
      sizes.map((size) => (/^\d+$/.test(exprToString(size)) ? Number(exprToString(size)) : exprToString(size)));
    return {
      name: graph.name,
      part: graph.name,
      entry: '000000000000',
      graph,
      symbols,
      abi: abiToJson(abi),
      slots: slots.get(graph),
      code: new Map([['plain', { arena: exprToString(arena), work: exprToString(work) }]]),
      call: {
        writtenInputs: graph.mutations.flatMap(({ target }) => (target.kind === 'input' ? [target.index] : [])),
        identical: graph.name === 'twice' ? [{ input: 1, as: 'input', index: 0 }] : [],
        aliasing: graph.inputs.map((_, i) => i),
      },
      manifest: {
        inputs: graph.inputs.map((input) =>
          input.kind === 'dim'
            ? { path: input.path, dtype: 'int64', shape: [] }
            : { path: input.path, dtype: input.value.dtype, shape: shape(input.value.shape) },
        ),
        outputs: graph.outputs.map(({ dtype, shape: sizes }, i) => ({ path: `out.${i}`, dtype, shape: shape(sizes) })),
        guards: (guards[graph.name] ?? []).map((predicate) => ({ predicate })),
        dims: Object.fromEntries(
          [...graph.env.ranges].map(([name, { min, max, multipleOf }]) => [
            name,
            { min, max: Number.isFinite(max) ? max : null, multipleOf },
          ]),
        ),
      },
    };
  });
  return {
    name: prefix.replace(/_$/, ''),
    prefix,
    id: packageId,
    levels,
    precision: 'float32',
    parts: parts as PackagePart[],
    blocks: [],
    states: [{ path: `this.${stateName}`, dtype: 'float32', shape: [8, 4], block: stateBlock, bytes: stateBytes }],
  } as unknown as PackageModel;
}

export interface BuildOptions {
  readonly prefix?: string;
  readonly levels?: readonly Isa[];
  /** For everything: sanitizers, optimisation. */
  readonly flags?: readonly string[];
}

/** Objects of a package, and what else is compiled as part of it. */
export class PackageBuild {
  readonly objects: readonly string[];
  private readonly prefix: string;
  private readonly flags: readonly string[];

  constructor(options: BuildOptions = {}) {
    const { prefix = 'core_test_', levels = [machineIsa()], flags = ['-O1'] } = options;
    this.prefix = prefix;
    this.flags = flags;
    const model = modelOf(prefix, levels);
    this.objects = this.compile([
      ...runtimeFiles.flatMap(({ name, opensLibraries }) =>
        opensLibraries ? [] : [this.job(name, runtimeSource(name))],
      ),
      ...coreFiles.map((name) => this.job(name, coreSource(name))),
      this.job('tables.c', packageTables(model)),
      ...[...new Set(levels.map((isa) => codeLevel(isa, 'float32')))].flatMap((isa) =>
        graphs.flatMap((graph) => this.kernels(model, graph, isa)),
      ),
    ]);
  }

  /** The object of a C file that stands beside this one and sees the core's headers. */
  program(name: string): string {
    const header = 'coreCall.h';
    return this.compile([this.job(name, beside(name))], { [header]: beside(header) })[0];
  }

  /** An executable of the package and this program. */
  link(program: string, flags: readonly string[] = []): string {
    return linkProgram([...this.objects, this.program(program)], [...this.flags, ...flags]);
  }

  /** The package as a shared library. */
  shared(): string {
    return linkProgram(this.objects, [...this.flags, '-shared']);
  }

  private job(name: string, source: string): CompileJob {
    const warnings = ['-Wconversion', '-Wshadow', '-Wpedantic'];
    const prefixes = [`-DTN_PACKAGE_PREFIX=${this.prefix}`, `-DTN_SYMBOL_PREFIX=${this.prefix}rt_`];
    return { name, source, flags: ['-std=gnu11', '-fPIC', '-pthread', ...warnings, ...prefixes] };
  }

  private kernels(model: PackageModel, graph: Graph, isa: Isa): CompileJob[] {
    const table = `-DTN_ARTIFACT_NAME=${artifactSymbol(model, graph.name, isa)}`;
    // Kernels of different parts may have the same name.
    const symbols = `-DTN_SYMBOL_PREFIX=${this.prefix}${isa}_${graph.name}_`;
    const { files } = compileGraph(graph, { isa, precision: 'float32' });
    return files.map(({ name, source }) => ({ name, source, flags: [...kernelFlags(isa, 'gcc'), symbols, table] }));
  }

  private compile(jobs: readonly CompileJob[], headers: Readonly<Record<string, string>> = {}): readonly string[] {
    const built = compileSync({
      title: 'the test package',
      compiler: findCompiler(),
      jobs: jobs.map((job) => ({ ...job, flags: [...job.flags, ...this.flags, '-Wall', '-Wextra', '-Werror'] })),
      headers: { ...coreHeaders(), ...headers },
      objectFolder: path.join(folder, 'objects'),
      link: null,
      quiet: true,
    });
    if (!built.ok) throw new Error(`${built.message}\n${built.stderr ?? ''}`);
    return built.objects;
  }
}

function beside(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

/** An executable of objects and sources. */
export function linkProgram(objects: readonly string[], flags: readonly string[] = []): string {
  const program = scratch('program');
  execFileSync('gcc', [...objects, ...flags, '-pthread', '-lm', '-o', program]);
  return program;
}

/** The levels that packages of this machine hold, best first. */
export const levelsHere: readonly Isa[] = [...machineIsas()].reverse();
