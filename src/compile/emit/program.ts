/** @file The program: every kernel in order with its buffers, barriers where threads depend on each other, and the table that an artifact exports. */

import { bytesOf } from '../../core/dtype.ts';
import type { StridedView } from '../../core/view.ts';
import { exprToC } from '../../symbolic/cText.ts';
import { add, constValue, type Expr, floorDiv, freeSymbols, int, mul } from '../../symbolic/expr.ts';
import type { Buffer } from '../lower/ir.ts';
import type { IndexSpace } from '../lower/space.ts';
import type { WeightSlot } from '../part.ts';
import { type Arena, type Lifetime, planArena } from '../plan/arena.ts';
import { placeBarriers } from '../plan/barriers.ts';
import { cTypes, literal } from './ctypes.ts';
import { describe, type KernelDraft } from './draft.ts';
import { identifier, NameTable } from './names.ts';

export interface ProgramKernel {
  readonly draft: KernelDraft;
  readonly functionName: string;
  /** Per slot of the draft's scope: which weight, for buffers that are bound with the weights. */
  readonly weights: readonly (number | null)[];
}

export interface ProgramParts {
  readonly name: string;
  readonly dims: readonly string[];
  readonly inputs: readonly number[];
  readonly outputs: number;
  readonly weights: readonly WeightSlot[];
  readonly kernels: readonly ProgramKernel[];
}

export interface EmittedProgram {
  readonly source: string;
  readonly arena: Arena;
  readonly barriers: readonly boolean[];
  /** Of all kernels, see `CompiledPart`. */
  readonly work: Expr;
}

export function emitProgram(space: IndexSpace, parts: ProgramParts): EmittedProgram {
  const { kernels } = parts;
  const arena = planArena(space, lifetimesOf(kernels));
  const region = (buffer: Buffer): string =>
    buffer.place.kind === 'arena' ? `slot ${arena.slots.get(buffer)}` : `buffer ${buffer.id}`;
  const barriers = placeBarriers(
    kernels.map(({ draft }) => ({
      reads: new Set(draft.scope.slots.filter((slot) => slot.reads).map((slot) => region(slot.buffer))),
      writes: new Set(draft.scope.slots.filter((slot) => slot.writes).map((slot) => region(slot.buffer))),
    })),
  );
  const work = kernels.reduce((sum, { draft }) => add(sum, draft.work), int(0));
  return { source: render(space, parts, arena, barriers, work), arena, barriers, work };
}

function lifetimesOf(kernels: readonly ProgramKernel[]): Lifetime[] {
  const found = new Map<Buffer, { first: number; last: number }>();
  kernels.forEach(({ draft }, at) => {
    for (const { buffer } of draft.scope.slots) {
      if (buffer.place.kind !== 'arena') continue;
      const seen = found.get(buffer);
      if (seen) seen.last = at;
      else found.set(buffer, { first: at, last: at });
    }
  });
  return [...found].map(([buffer, { first, last }]) => ({ buffer, first, last }));
}

function render(
  space: IndexSpace,
  parts: ProgramParts,
  arena: Arena,
  barriers: readonly boolean[],
  work: Expr,
): string {
  const { name, kernels, dims } = parts;
  const names = new NameTable();
  const dimNames = new Map(dims.map((dim) => [dim, names.take(identifier(dim))]));
  const nameOf = (symbol: string): string => {
    const text = dimNames.get(symbol);
    if (!text) throw new Error(`internal: dim ${symbol} has no source`);
    return text;
  };
  const text = (e: Expr): string => exprToC(e, nameOf, space.ranges);
  const dimLines = (used: readonly Expr[], by: string): string[] =>
    dims
      .map((dim, i) => ({ dim, i }))
      .filter(({ dim }) => used.some((e) => freeSymbols(e).has(dim)))
      .map(({ dim, i }) => `${by}const int64_t ${dimNames.get(dim)} = d[${i}];`);
  const lines: string[] = [
    `/* ${name.replaceAll('*/', '')}: ${kernels.length} kernels. */`,
    '#include "tn_runtime.h"',
    '',
    '/* Two parts in one program: each gives its table a name of its own. */',
    '#ifndef TN_ARTIFACT_NAME',
    '#define TN_ARTIFACT_NAME tn_artifact_v1',
    '#endif',
    '',
  ];
  const functions = [...new Set(kernels.map((kernel) => kernel.functionName))];
  for (const fn of functions)
    lines.push(`void TN_PREFIX(${fn})(void *const *b, const int64_t *d, const tn_thread *t);`);
  if (functions.length > 0) lines.push('');
  const bufferNames = nameBuffers(kernels, names);
  lines.push(...smallConstants(kernels, bufferNames));

  const offsets = [...arena.offsets.values()];
  lines.push('static void program(const tn_call *call, const tn_thread *t) {');
  lines.push('  const int64_t *const d = call->dims;');
  lines.push(...dimLines(offsets, '  '));
  lines.push(...callersMemory(parts, bufferNames));
  for (const [buffer, offset] of arena.offsets) {
    const shape = buffer.shape.map((size) => size.key).join(', ');
    lines.push(
      `  void *const ${bufferNames.get(addressKey(buffer, null))} = call->arena + ${parenthesised(text(offset))}; /* ${buffer.dtype} [${shape}] */`,
    );
  }
  kernels.forEach((kernel, at) => {
    const { scope } = kernel.draft;
    const args = scope.slots.map(({ buffer }, i) => {
      const text = bufferNames.get(addressKey(buffer, kernel.weights[i]))!;
      return isInlineConstant(buffer) ? `(void *)(uintptr_t)${text}` : text;
    });
    lines.push('', `  /* ${describe(kernel.draft)} */`);
    if (barriers[at]) lines.push('  tn_barrier(t);');
    lines.push(
      '  {',
      `    void *const b[] = {${args.join(', ')}};`,
      `    tn_kernel_begin(call, t, ${at});`,
      `    TN_PREFIX(${kernel.functionName})(b, d, t);`,
      `    tn_kernel_end(call, t, ${at});`,
      '  }',
    );
  });
  if (kernels.length === 0) lines.push('  (void)d;', '  (void)t;');
  lines.push('}', '');

  const scratch = [...new Set(kernels.flatMap(({ draft }) => draft.scratch))];
  lines.push(...sizeFunction('arena_bytes', [text(arena.bytes)], dimLines([arena.bytes], '  '), arena.bytes));
  if (scratch.length > 0) lines.push(...scratchFunction(scratch, dims, dimNames));
  const nanoseconds = floorDiv(work, int(10));
  lines.push(...sizeFunction('work', [text(nanoseconds)], dimLines([nanoseconds], '  '), nanoseconds));

  lines.push('static const char *const kernel_names[] = {');
  for (const kernel of kernels) lines.push(`  "${kernel.functionName}",`);
  if (kernels.length === 0) lines.push('  "",');
  lines.push('};', '');
  lines.push(
    'TN_EXPORT extern const tn_artifact TN_ARTIFACT_NAME;',
    'const tn_artifact TN_ARTIFACT_NAME = {',
    '  .abi_version = TN_ABI_VERSION,',
    `  .name = ${JSON.stringify(name)},`,
    `  .n_dims = ${dims.length},`,
    `  .n_inputs = ${parts.inputs.length},`,
    `  .n_outputs = ${parts.outputs},`,
    `  .n_weights = ${parts.weights.length},`,
    `  .n_kernels = ${kernels.length},`,
    '  .kernel_names = kernel_names,',
    `  .arena_bytes = ${constValue(arena.bytes) === 0 ? 'NULL' : 'arena_bytes'},`,
    `  .scratch_bytes = ${scratch.length > 0 ? 'scratch_bytes' : 'NULL'},`,
    '  .work = work,',
    '  .program = program,',
    '};',
    '',
  );
  return lines.join('\n');
}

function parenthesised(text: string): string {
  return /^\w+$/.test(text) ? text : `(${text})`;
}

/** A name for every address that the program hands out, from the values' names. */
function nameBuffers(kernels: readonly ProgramKernel[], names: NameTable): Map<string, string> {
  for (const taken of ['program', 'arena_bytes', 'scratch_bytes', 'work', 'kernel_names', 'call']) names.take(taken);
  const found = new Map<string, string>();
  for (const { draft, weights } of kernels) {
    draft.scope.slots.forEach(({ buffer, layout }, i) => {
      const key = addressKey(buffer, weights[i]);
      if (found.has(key)) return;
      const suffix = layout.kind === 'rows' ? '' : '_panels';
      found.set(key, names.take(identifier(buffer.name + suffix)));
    });
  }
  return found;
}

/** A weight has one address per layout, every other buffer one. */
function addressKey(buffer: Buffer, weight: number | null): string {
  return weight === null ? `buffer ${buffer.id}` : `weight ${weight}`;
}

/** Constants of at most so many elements stand in the program itself; larger ones are bound like weights. */
const inlineConstantElements = 64;

export function isInlineConstant(buffer: Buffer): boolean {
  return buffer.place.kind === 'constant' && buffer.place.data.count <= inlineConstantElements;
}

function smallConstants(kernels: readonly ProgramKernel[], names: ReadonlyMap<string, string>): string[] {
  const lines: string[] = [];
  for (const buffer of buffersOf(kernels)) {
    if (!isInlineConstant(buffer) || buffer.place.kind !== 'constant') continue;
    const type = cTypes[buffer.dtype];
    const literals = rowMajor(buffer.place.data).map((value) =>
      type.stored === 'uint16_t' ? String(value) : literal(value, buffer.dtype),
    );
    lines.push(
      `static const ${type.stored} ${names.get(addressKey(buffer, null))}[] = {${literals.join(', ') || '0'}};`,
    );
  }
  if (lines.length > 0) lines.push('');
  return lines;
}

function buffersOf(kernels: readonly ProgramKernel[]): Set<Buffer> {
  return new Set(kernels.flatMap(({ draft }) => draft.scope.slots.map(({ buffer }) => buffer)));
}

/** Declarations of the callers' memory that the program uses, in the order of the call's arrays. */
function callersMemory(parts: ProgramParts, names: ReadonlyMap<string, string>): string[] {
  const lines = new Map<string, string>();
  for (const { draft, weights } of parts.kernels) {
    draft.scope.slots.forEach(({ buffer }, i) => {
      const { place } = buffer;
      const name = names.get(addressKey(buffer, weights[i]))!;
      if (weights[i] !== null)
        lines.set(`2 ${String(weights[i]).padStart(6)}`, `  void *const ${name} = call->weights[${weights[i]}];`);
      else if (place.kind === 'input') {
        const at = parts.inputs.indexOf(place.index);
        lines.set(`0 ${String(at).padStart(6)}`, `  void *const ${name} = call->inputs[${at}];`);
      } else if (place.kind === 'output') {
        lines.set(`1 ${String(place.index).padStart(6)}`, `  void *const ${name} = call->outputs[${place.index}];`);
      }
    });
  }
  return [...lines.keys()].sort().map((key) => lines.get(key)!);
}

function rowMajor(view: StridedView): (number | bigint)[] {
  const data = view.storage.typed(view.dtype);
  const out: (number | bigint)[] = [];
  const visit = (axis: number, position: number): void => {
    if (axis === view.sizes.length) {
      out.push(data[position]);
      return;
    }
    for (let i = 0; i < view.sizes[axis]; i++) visit(axis + 1, position + i * view.strides[axis]);
  };
  visit(0, view.offset);
  return out;
}

function sizeFunction(name: string, values: readonly string[], dims: readonly string[], value: Expr): string[] {
  if (name === 'arena_bytes' && constValue(value) === 0) return [];
  const unused = dims.length === 0 ? ['  (void)d;'] : [];
  return [`static int64_t ${name}(const int64_t *d) {`, ...dims, ...unused, `  return ${values[0]};`, '}', ''];
}

function scratchFunction(
  values: readonly string[],
  dims: readonly string[],
  names: ReadonlyMap<string, string>,
): string[] {
  const all = values.join(' ');
  const used = dims
    .map((dim, i) => ({ name: names.get(dim)!, i }))
    .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(all));
  return [
    'static int64_t scratch_bytes(const int64_t *d) {',
    ...used.map(({ name, i }) => `  const int64_t ${name} = d[${i}];`),
    ...(used.length === 0 ? ['  (void)d;'] : []),
    '  int64_t bytes = 0;',
    ...values.map((value) => `  bytes = tn_max(bytes, ${value});`),
    '  return bytes;',
    '}',
    '',
  ];
}

/** Bytes behind a number of elements. */
export function bytesFor(buffer: Buffer, elements: Expr): Expr {
  return mul(elements, int(bytesOf(buffer.dtype)));
}
