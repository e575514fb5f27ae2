/** @file `<name>.h`: the public interface of `c/pkg.h` under the package's own names, and a documented function a part. */

import { packageVersion } from '../dispatch/version.ts';
import { coreSource } from './coreSources.ts';
import { commentText } from './ctext.ts';
import { idText } from './describe.ts';
import type { PackageModel, PackagePart } from './model.ts';
import { partDeclaration } from './prototype.ts';
import { type Signature, signatureOf } from './signature.ts';
import { underOwnNames } from './symbols.ts';

/** The header's text. */
export function packageHeader(model: PackageModel): string {
  const template = coreSource('pkg.h');
  const intro = template.slice(template.indexOf('*/') + 2);
  // What stands in the user's own names is left alone.
  const [before, after] = intro.split('/* @parts */');
  const own = (text: string): string => underOwnNames(model, text);
  return headComment(model) + own(before) + partsText(model).trimEnd() + own(after);
}

/** Names of the public functions, as `pkg.h` declares them and one for each part: what a shared library exports. */
export function publicSymbols(model: PackageModel): string[] {
  const text = coreSource('pkg.h').replace(/\/\*[\s\S]*?\*\//g, '');
  const functions = [...text.matchAll(/\bpkg_(\w+)\(/g)].map(([, name]) => name);
  const names = [...new Set(functions), ...model.parts.map(({ name }) => name)];
  return names.map((name) => `${model.prefix}${name}`).sort();
}

function headComment(model: PackageModel): string {
  const { name, id, target, levels, parts } = model;
  const use = [
    ' * Every function that returns int gives 0 (PKG_OK) or one of the codes below, and then says in pkg_last_error() what',
    ' * was found and what is wanted. A call that is refused has touched no memory of the caller.',
    ' *',
    ' *   pkg_runtime *runtime;',
    ' *   pkg_weights *weights;',
    ' *   pkg_context *context;',
    ' *   if (pkg_runtime_create(PKG_ABI_VERSION, 0, &runtime) ||',
    ` *       pkg_weights_open(runtime, "${name}.weights", &weights) ||`,
    ' *       pkg_context_create(weights, &context)) puts(pkg_last_error());',
    ' */',
  ];
  return [
    '/*',
    ` * ${name}: ${parts.map((part) => part.name).join(', ')}.`,
    ` * Package ${idText(id)} for ${target.name} (${levels.join(', ')}), made by TorchNative ${packageVersion()}.`,
    ' *',
    underOwnNames(model, use.join('\n')),
  ].join('\n');
}

function partsText(model: PackageModel): string {
  const capitals = model.prefix.toUpperCase();
  const numbers = model.parts.map(({ name }, i) => `  ${capitals}PART_${name.toUpperCase()} = ${i},`);
  return [
    `/* Numbers of the parts, for ${model.prefix}call and what describes parts. */`,
    `enum ${model.prefix}part {`,
    ...numbers,
    `  ${capitals}PARTS = ${model.parts.length}`,
    '};',
    '',
    ...model.parts.flatMap((part) => partText(model, part)),
  ].join('\n');
}

function partText(model: PackageModel, part: PackagePart): string[] {
  const signature = signatureOf(part);
  const { source } = part.manifest;
  const declaration = partDeclaration(model, part, `${model.prefix}context`);
  return [
    '/*',
    ` * ${commentText(part.part)}, from ${commentText(source.file)}:${source.line}.`,
    ' *',
    ...argumentLines(signature, model.prefix.toUpperCase()).map((line) => ` * ${line}`.trimEnd()),
    ' */',
    ...declaration.slice(0, -1),
    `${declaration.at(-1)};`,
    '',
  ];
}

function argumentLines({ inputs, outputs, dims, guards }: Signature, capitals: string): string[] {
  const shapeText = (shape: readonly (number | string)[]): string =>
    shape.length === 0 ? 'scalar (ndim 0)' : `[${shape.join(', ')}]`;
  const rows: [string, string][] = [
    ...inputs.map((input): [string, string] => {
      const { name, path, dtype, shape, dim, written, sameAs } = input;
      const alias = path === name ? '' : `, ${path}`;
      if (dim >= 0) return [name, `a number, dim ${dims[dim].name}${alias}`];
      const notes = [
        written ? ', read and written in place: contiguous' : '',
        sameAs >= 0 ? `, the same tensor as ${inputs[sameAs].name}` : '',
      ];
      return [name, `${dtype} ${shapeText(shape)}${notes.join('')}${alias}`];
    }),
    ...outputs.map(({ name, dtype, shape }): [string, string] => [
      name,
      `gets ${dtype} ${shapeText(shape)}: contiguous`,
    ]),
  ];
  const width = Math.min(28, Math.max(0, ...rows.map(([name]) => name.length)));
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${commentText(text)}`);
  if (dims.length > 0) lines.push('', 'Dims:');
  for (const { name, range, isOpen } of dims) {
    const { min, max, multipleOf } = range;
    const step = multipleOf > 1 ? `, a multiple of ${multipleOf}` : '';
    lines.push(`  ${name}: ${min} to ${max}${isOpen ? ' (as far as memory can be addressed)' : ''}${step}`);
  }
  if (guards.length > 0) lines.push('', 'Each call needs:', ...guards.map((guard) => `  ${commentText(guard)}`));
  lines.push('', ...errorLines({ inputs, dims, guards }, capitals));
  return lines;
}

/** The errors that a call of this part can meet. */
function errorLines(
  { inputs, dims, guards }: Pick<Signature, 'inputs' | 'dims' | 'guards'>,
  capitals: string,
): string[] {
  const tensors = inputs.filter(({ dim }) => dim < 0);
  const takesIndices = tensors.some(({ dtype }) => dtype === 'int64' || dtype === 'int32');
  const codes = [
    'ARGUMENT',
    ...(tensors.length > 0 || inputs.length === 0 ? ['RANK', 'DTYPE', 'DEVICE', 'SIZE'] : []),
    ...(dims.length > 0 ? ['RANGE'] : []),
    ...(guards.length > 0 ? ['GUARD'] : []),
    'LAYOUT',
    'ALIGNMENT',
    'OVERLAP',
    ...(takesIndices ? ['INDEX'] : []),
    'MEMORY',
    'BUSY',
    'DAMAGED',
  ];
  const lines = ['Errors:'];
  for (const code of codes) {
    const text = `${capitals}ERROR_${code}`;
    const last = lines.at(-1)!;
    if (`${last} ${text},`.length > 104) lines.push(`  ${text},`);
    else lines[lines.length - 1] = `${last} ${text},`;
  }
  return [...lines.slice(0, -1), `${lines.at(-1)!.replace(/,$/, '')}.`];
}
