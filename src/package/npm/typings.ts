/** @file `index.d.ts` of an npm package: each part with the names, dtypes, shapes and ranges of what it takes and gives. */

import { constValue, type Expr, parseExpr } from '../../symbolic/expr.ts';
import type { PackageModel, PackagePart } from '../model.ts';
import { type Signature, signatureOf } from '../signature.ts';
import { jsKey } from './jsText.ts';
import { literalText } from './moduleText.ts';
import type { Argument } from './runtime/description.ts';
import { argumentsOf, type ResultShape, resultOf } from './structure.ts';

/** What every package declares. */
const common = `/** Elements in row-major order; half floats are bit patterns, bools 0 or 1. */
export interface Tensor<D extends DType = DType, S extends readonly number[] = readonly number[]> {
  readonly dtype: D;
  readonly shape: S;
  readonly data: Arrays[D];
}

/** A tensor as an argument: \`dtype\` may be left out where the array tells it. One axis: the array alone will do. */
export type TensorInput<D extends DType = DType, S extends readonly number[] = readonly number[]> =
  | (D extends 'float16' | 'bfloat16' | 'bool' ? never : { readonly dtype?: D; readonly shape: S; readonly data: Arrays[D] })
  | Tensor<D, S>
  | (S extends readonly [number] ? (D extends 'float16' | 'bfloat16' | 'bool' ? never : Arrays[D]) : never);

export interface Arrays {
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  int8: Int8Array;
  bool: Uint8Array;
}

export type DType = keyof Arrays;
`;

/** Names that the module exports or declares beside the parts. */
export const ownNames: readonly string[] = [
  'Arrays',
  'DType',
  'Instance',
  'Tensor',
  'TensorInput',
  'newInstance',
  'opened',
  'openPackage',
  'instance',
  'setThreads',
  'version',
];

/** `names` are the parts' exports. */
export function typings(model: PackageModel, names: readonly string[]): string {
  const taken = new Set([...ownNames, ...names]);
  const types = names.map((name) => typeName(name, taken));
  return [
    `// ${model.name}: made by \`tn cache package --format npm\`.`,
    '',
    common,
    ...model.parts.flatMap((part, i) => [
      partType(part, types[i]),
      `export declare const ${names[i]}: ${types[i]};`,
      '',
    ]),
    instanceType(model, names, types),
    '/** Threads that a call may use, in the whole process; at first the cores that it is allowed, or TN_THREADS. */',
    'export declare function setThreads(count: number): void;',
    '',
    '/** Name and identity of the package, and the version of TorchNative that made it. */',
    'export declare const version: string;',
    '',
  ].join('\n');
}

/** For a part's function; with Result and Out behind it for those. */
function typeName(name: string, taken: Set<string>): string {
  const wanted = `${name[0].toUpperCase()}${name.slice(1)}`;
  const all = (type: string): string[] => [type, `${type}Result`, `${type}Out`];
  let type = wanted;
  for (let n = 2; all(type).some((one) => taken.has(one)); n++) type = `${wanted}${n}`;
  for (const one of all(type)) taken.add(one);
  return type;
}

function instanceType({ states }: PackageModel, names: readonly string[], types: readonly string[]): string {
  const kept = states.map(({ path }) => path.replace(/^this\./, '')).join(', ');
  return [
    states.length > 0
      ? `/** The parts on state of their own (${kept}); asynchronous calls follow one another. */`
      : '/** The parts on working memory of their own, which `close` gives back. */',
    'export interface Instance {',
    ...names.map((name, i) => `  readonly ${name}: ${types[i]};`),
    '  close(): void;',
    '}',
    'export declare function newInstance(): Instance;',
    '',
  ].join('\n');
}

function partType(part: PackagePart, type: string): string {
  const signature = signatureOf(part);
  const args = argumentsOf(part);
  const result = resultOf(part);
  const parameters = args.map(({ name, value }) => `${name}: ${argumentType(value, signature)}`);
  const out = outType(result, signature);
  const all = [...parameters, ...(out ? [`options?: { readonly out?: ${type}Out }`] : [])];
  return [
    `export type ${type}Result = ${resultType(result, signature)};`,
    ...(out ? [`/** Tensors to write into; what is left out is made. */\nexport type ${type}Out = ${out};`] : []),
    '/**',
    ...partComment(part, signature).map((line) => ` * ${line}`.trimEnd()),
    ' */',
    `export interface ${type} {`,
    ...callLines('(', all, `): ${type}Result;`),
    '  /** The same off this thread. Until it is done, leave the arrays of the call alone and their buffers where they are. */',
    ...callLines('async(', all, `): Promise<${type}Result>;`),
    '}',
  ].join('\n');
}

/** A signature on one line, or a parameter a line. */
function callLines(open: string, parameters: readonly string[], close: string): string[] {
  const line = `  ${open}${parameters.join(', ')}${close}`;
  return line.length <= 120 ? [line] : [`  ${open}`, ...parameters.map((text) => `    ${text},`), `  ${close}`];
}

function partComment(part: PackagePart, { inputs, outputs, dims, guards }: Signature): string[] {
  const { source } = part.manifest;
  const tensor = (dtype: string, shape: readonly (number | string)[]): string => `${dtype} [${shape.join(', ')}]`;
  const lines = [`${safe(part.part)}, from ${safe(source.file)}:${source.line}.`, ''];
  for (const { path, dtype, shape, dim, written, sameAs } of inputs) {
    const notes = [
      written ? ', read and written in place' : '',
      sameAs >= 0 ? `, the same tensor as \`${inputs[sameAs].path}\`` : '',
    ];
    lines.push(`- \`${path}\`: ${dim >= 0 ? 'a whole number' : tensor(dtype, shape)}${notes.join('')}`);
  }
  const gives = outputs.map(({ dtype, shape }) => tensor(dtype, shape));
  if (gives.length > 0) lines.push('', `Gives ${gives.join(', ')}.`);
  for (const { name, range, isOpen } of dims) {
    const { min, max, multipleOf } = range;
    const step = multipleOf > 1 ? `, a multiple of ${multipleOf}` : '';
    lines.push(`\`${name}\` is ${isOpen ? `at least ${min}` : `${min} to ${max}`}${step}.`);
  }
  for (const guard of guards) lines.push(`Each call needs ${safe(guard)}.`);
  lines.push('', 'Throws an Error that names the argument, what was found and what is wanted.');
  return lines;
}

function argumentType(argument: Argument, signature: Signature): string {
  switch (argument.kind) {
    case 'number':
      return 'number';
    case 'tensor': {
      const { dtype, shape } = signature.inputs[argument.input];
      return `TensorInput<'${dtype}', ${shapeType(shape.map(sizeExpr))}>`;
    }
    case 'array':
      return `readonly [${argument.items.map((item) => (item ? argumentType(item, signature) : 'unknown')).join(', ')}]`;
    case 'record': {
      const fields = argument.fields.map(
        ([name, field]) => `readonly ${jsKey(name)}: ${argumentType(field, signature)}`,
      );
      return `{ ${fields.join('; ')} }`;
    }
  }
}

function resultType(result: ResultShape, signature: Signature): string {
  switch (result.kind) {
    case 'output': {
      const { dtype, shape } = signature.outputs[result.index];
      return `Tensor<'${dtype}', ${shapeType(shape.map(sizeExpr))}>`;
    }
    case 'input':
      return argumentType({ kind: 'tensor', input: result.index }, signature);
    case 'taken':
      return `Tensor<'${result.dtype}', ${shapeType(result.shape)}>`;
    case 'size':
      return 'number';
    case 'literal':
      return typeof result.value === 'number' ? 'number' : literalText(result.value);
    case 'array':
      return `[${result.items.map((item) => resultType(item, signature)).join(', ')}]`;
    case 'record': {
      const fields = result.fields.map(([name, field]) => `${jsKey(name)}: ${resultType(field, signature)}`);
      return fields.length === 0 ? 'Record<string, never>' : `{ ${fields.join('; ')} }`;
    }
  }
}

/** What `out` may hold: the tensors of the result that the call writes, each optional within a structure; null: none. */
function outType(result: ResultShape, signature: Signature): string | null {
  switch (result.kind) {
    case 'output': {
      const { dtype, shape } = signature.outputs[result.index];
      return `TensorInput<'${dtype}', ${shapeType(shape.map(sizeExpr))}>`;
    }
    case 'array': {
      const items = result.items.map((item) => outType(item, signature) ?? 'undefined');
      if (items.every((item) => item === 'undefined')) return null;
      return `readonly [${items.map((item) => `(${item})?`).join(', ')}]`;
    }
    case 'record': {
      const fields = result.fields.flatMap(([name, field]) => {
        const type = outType(field, signature);
        return type ? [`readonly ${jsKey(name)}?: ${type}`] : [];
      });
      return fields.length === 0 ? null : `{ ${fields.join('; ')} }`;
    }
    default:
      return null;
  }
}

function shapeType(shape: readonly Expr[]): string {
  return `readonly [${shape.map((size) => constValue(size) ?? 'number').join(', ')}]`;
}

function sizeExpr(size: number | string): Expr {
  return parseExpr(String(size));
}

/** Text that may stand in a comment. */
function safe(text: string): string {
  return text.replaceAll('*/', '* /').replace(/\s+/g, ' ');
}
