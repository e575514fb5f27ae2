/** @file The generated C of a package: its tables, in the types of `c/tn_package.h`, and one function for each part. */

import { type Isa, isaNames } from '../compile/toolchain/target.ts';
import { packageVersion } from '../dispatch/version.ts';
import { type Expr, exprToC, freeSymbols } from '../symbolic/expr.ts';
import { parsePredicate, predicateSymbols, predicateToC } from '../symbolic/predicate.ts';
import { sizeExpr } from './bounds.ts';
import { commentText, cString, dlType, int64, wrapped } from './ctext.ts';
import { idText } from './describe.ts';
import type { PackageModel, PackagePart } from './model.ts';
import { partDeclaration } from './prototype.ts';
import { type Signature, signatureOf } from './signature.ts';
import { artifactSymbol } from './symbols.ts';

/** The text of the package's own C file. */
export function packageTables(model: PackageModel): string {
  const { name, parts, states } = model;
  const sections = parts.map((part, at) => partTables(model, part, at));
  return [
    `/* ${name}: what the package holds. Made by \`tn cache package\`; the types are those of tn_package.h. */`,
    '#include "tn_package.h"',
    '',
    ...artifactDeclarations(model),
    ...sections.flat(),
    ...stateTable(model),
    `static const tn_package_part parts[] = {`,
    ...parts.flatMap((part, at) => partRow(model, part, at)),
    ...(parts.length === 0 ? ['  {0},'] : []),
    '};',
    '',
    'const tn_package PKG(core_table) = {',
    `  .name = ${cString(name)},`,
    `  .version = ${cString(`${name} ${idText(model.id)}, made by TorchNative ${packageVersion()}`)},`,
    `  .id = UINT64_C(0x${idText(model.id)}),`,
    `  .n_parts = ${parts.length},`,
    `  .n_states = ${states.length},`,
    '  .parts = parts,',
    `  .states = ${states.length > 0 ? 'states' : 'NULL'},`,
    '};',
    '',
    ...parts.flatMap((part, at) => partFunction(model, part, at)),
  ].join('\n');
}

function artifactDeclarations(model: PackageModel): string[] {
  const symbols = new Set(
    model.parts.flatMap(({ name }) => model.levels.map((isa) => artifactSymbol(model, name, isa))),
  );
  return [...[...symbols].map((symbol) => `extern const tn_artifact ${symbol};`), ''];
}

/** Tables of one part, each named after the part. */
function partTables(model: PackageModel, part: PackagePart, at: number): string[] {
  const signature = signatureOf(part);
  const { inputs, outputs, dims, guards } = signature;
  const { abi, symbols, slots } = part;
  const sized = inputs.filter(({ shape }) => shape.length > 0);
  const lines = [`/* ---- ${part.name}: ${commentText(part.part)}@${part.entry} */`, ''];
  const table = (type: string, name: string, rows: readonly string[]): void => {
    if (rows.length === 0) return;
    lines.push(`static const ${type} ${name}_${at}[] = {`, ...rows, '};', '');
  };
  table(
    'tn_package_dim',
    'dims',
    dims.map(
      ({ name, range }) =>
        `  {${cString(name)}, ${int64(range.min)}, ${int64(range.max)}, ${int64(range.multipleOf)}},`,
    ),
  );
  table(
    'tn_package_size',
    'sizes',
    sized.map(({ shape, name }) => {
      const items = shape.map((size) =>
        typeof size === 'number' ? `{-1, ${int64(size)}}` : `{${symbols.indexOf(size)}, 0}`,
      );
      return `  ${items.join(', ')}, /* ${name} */`;
    }),
  );
  let first = 0;
  const inputRows = inputs.map(({ path, dim, written, dtype, shape }) => {
    const sizes = shape.length > 0 ? `sizes_${at} + ${first}` : 'NULL';
    first += shape.length;
    return `  {${cString(path)}, ${dim >= 0 ? 1 : 0}, ${written ? 1 : 0}, ${dlType(dtype)}, ${shape.length}, ${dim}, ${sizes}},`;
  });
  table('tn_package_value', 'inputs', inputRows);
  table(
    'tn_package_value',
    'outputs',
    outputs.map(({ path, dtype, shape }) => `  {${cString(path)}, 0, 0, ${dlType(dtype)}, ${shape.length}, -1, NULL},`),
  );
  table('int32_t', 'native_inputs', wrapped(abi.inputs.map(String), '  '));
  table(
    'int32_t',
    'native_dims',
    wrapped(
      abi.dims.map((name) => String(symbols.indexOf(name))),
      '  ',
    ),
  );
  if (inputs.some(({ sameAs }) => sameAs >= 0)) {
    table(
      'int32_t',
      'same_as',
      wrapped(
        inputs.map(({ sameAs }) => String(sameAs)),
        '  ',
      ),
    );
  }
  table(
    'tn_package_slot',
    'slots',
    wrapped(
      slots.map(({ block, state, bytes }) => `{${block}, ${state}, ${int64(bytes)}}`),
      '  ',
    ),
  );
  table(
    'char *const',
    'guard_texts',
    guards.map((text) => `  ${cString(text)},`),
  );
  lines.push(...outputSizes(model, part, at, signature), ...guardFunction(part, at, signature));
  return lines;
}

/** `static void output_sizes_0(const int64_t *d, int64_t *s)` */
function outputSizes(_model: PackageModel, part: PackagePart, at: number, { outputs, dims }: Signature): string[] {
  const sizes = outputs.flatMap(({ shape }) => shape.map(sizeExpr));
  if (sizes.length === 0) return [];
  const ranges = new Map(dims.map(({ name, range }) => [name, range]));
  const text = (size: Expr): string => exprToC(size, dimText(part), ranges);
  const usesDims = sizes.some((size) => freeSymbols(size).size > 0);
  return [
    `static void output_sizes_${at}(const int64_t *d, int64_t *s) {`,
    ...(usesDims ? [] : ['  (void)d;']),
    ...sizes.map((size, i) => `  s[${i}] = ${text(size)};`),
    '}',
    '',
  ];
}

function guardFunction(part: PackagePart, at: number, { guards, dims }: Signature): string[] {
  if (guards.length === 0) return [];
  const ranges = new Map(dims.map(({ name, range }) => [name, range]));
  const predicates = guards.map((guard) => parsePredicate(guard));
  const usesDims = predicates.some((predicate) => predicateSymbols(predicate).size > 0);
  return [
    `static int32_t guard_${at}(const int64_t *d) {`,
    ...(usesDims ? [] : ['  (void)d;']),
    ...predicates.map((predicate, i) => `  if (!(${predicateToC(predicate, dimText(part), ranges)})) return ${i};`),
    '  return -1;',
    '}',
    '',
  ];
}

function dimText({ symbols }: PackagePart): (symbol: string) => string {
  return (symbol) => {
    const index = symbols.indexOf(symbol);
    if (index < 0) throw new Error(`internal: dim ${symbol} is not declared`);
    return `d[${index}]`;
  };
}

function stateTable({ states }: PackageModel): string[] {
  if (states.length === 0) return [];
  const rows = states.map(({ path, block, bytes }) => `  {${cString(path)}, ${block}, ${int64(bytes)}},`);
  return ['static const tn_package_state states[] = {', ...rows, '};', ''];
}

function partRow(model: PackageModel, part: PackagePart, at: number): string[] {
  const signature = signatureOf(part);
  const { inputs, outputs, dims, guards } = signature;
  const { abi, slots } = part;
  const list = (name: string, count: number): string => (count > 0 ? `${name}_${at}` : 'NULL');
  const hasSizes = outputs.some(({ shape }) => shape.length > 0);
  const levels = isaNames.map((isa: Isa) =>
    model.levels.includes(isa) ? `&${artifactSymbol(model, part.name, isa)}` : 'NULL',
  );
  return [
    '  {',
    `    .name = ${cString(part.name)},`,
    `    .entry = ${cString(part.entry)},`,
    `    .n_dims = ${dims.length},`,
    `    .n_inputs = ${inputs.length},`,
    `    .n_outputs = ${outputs.length},`,
    `    .n_slots = ${slots.length},`,
    `    .n_guards = ${guards.length},`,
    `    .dims = ${list('dims', dims.length)},`,
    `    .inputs = ${list('inputs', inputs.length)},`,
    `    .outputs = ${list('outputs', outputs.length)},`,
    `    .n_native_inputs = ${abi.inputs.length},`,
    `    .native_inputs = ${list('native_inputs', abi.inputs.length)},`,
    `    .native_dims = ${list('native_dims', abi.dims.length)},`,
    `    .n_native_dims = ${abi.dims.length},`,
    `    .output_sizes = ${hasSizes ? `output_sizes_${at}` : 'NULL'},`,
    `    .guard = ${list('guard', guards.length)},`,
    `    .guard_texts = ${list('guard_texts', guards.length)},`,
    `    .same_as = ${inputs.some(({ sameAs }) => sameAs >= 0) ? `same_as_${at}` : 'NULL'},`,
    `    .slots = ${list('slots', slots.length)},`,
    // In the order of tn_package.h's TN_LEVEL_*.
    `    .levels = {${levels.join(', ')}},`,
    '  },',
  ];
}

/** The function of pkg.h that names a part's arguments. */
function partFunction(model: PackageModel, part: PackagePart, at: number): string[] {
  const { inputs, outputs } = signatureOf(part);
  const numbers = inputs.filter(({ dim }) => dim >= 0);
  const inputItems = inputs.map(({ name, dim }) => (dim >= 0 ? `&tn_${name}` : name));
  const declaration = partDeclaration(model, part, 'pkg_context').join('\n');
  return [
    `${declaration};`,
    '',
    `${declaration} {`,
    ...numbers.map(({ name }) => `  DLTensor tn_${name} = tn_package_number(&${name});`),
    ...(inputs.length > 0
      ? ['  const DLTensor *const tn_inputs[] = {', ...wrapped(inputItems, '    '), '  };']
      : ['  const DLTensor *const *const tn_inputs = NULL;']),
    ...(outputs.length > 0
      ? [
          '  DLTensor *const tn_outputs[] = {',
          ...wrapped(
            outputs.map(({ name }) => name),
            '    ',
          ),
          '  };',
        ]
      : ['  DLTensor *const *const tn_outputs = NULL;']),
    `  return PKG(call)(context, ${at}, tn_inputs, ${inputs.length}, tn_outputs, ${outputs.length});`,
    '}',
    '',
  ];
}
