/** @file `index.js` of an npm package: a description of its parts as data, and an export for each. */

import { coreSource } from '../coreSources.ts';
import type { PackageModel, PackagePart } from '../model.ts';
import { signatureOf } from '../signature.ts';
import { exprFunction, jsString } from './jsText.ts';
import type { Argument } from './runtime/description.ts';
import { argumentsOf, type NamedArgument, type ResultShape, resultOf } from './structure.ts';

export interface ModuleFiles {
  readonly library: string;
  readonly weights: string;
}

/** `names` are the parts' exports. */
export function moduleText(model: PackageModel, names: readonly string[], files: ModuleFiles): string {
  const parts = model.parts.map((part) => partText(part));
  return [
    `// ${model.name}: ${names.join(', ')}. Made by \`tn cache package --format npm\`; index.d.ts says what each takes and gives.`,
    "import { openPackage } from './native.js';",
    '',
    'const opened = openPackage(',
    '  {',
    `    prefix: ${jsString(model.prefix)},`,
    `    abiVersion: ${abiVersion()},`,
    `    library: ${jsString(files.library)},`,
    `    weights: ${jsString(files.weights)},`,
    `    keepsState: ${model.states.length > 0},`,
    '    parts: [',
    ...parts.map(([first, ...rest]) => [`      ${first}`, ...rest.map((line) => `      ${line}`)].join('\n')),
    '    ],',
    '  },',
    '  import.meta.url,',
    ');',
    '',
    `export const [${names.join(', ')}] = opened.parts;`,
    'export const { setThreads, version } = opened;',
    '',
    'export function newInstance() {',
    '  const instance = opened.newInstance();',
    `  const [${names.join(', ')}] = instance.parts;`,
    `  return { ${names.join(', ')}, close: () => instance.close() };`,
    '}',
    '',
  ].join('\n');
}

/** The version of the C interface that the package core is of. */
function abiVersion(): string {
  return /#define PKG_ABI_VERSION (\d+)/.exec(coreSource('pkg.h'))![1];
}

function partText(part: PackagePart): string[] {
  const signature = signatureOf(part);
  const args = argumentsOf(part).map(
    ({ name, value }: NamedArgument) => `{ name: ${jsString(name)}, value: ${argumentText(value)} }`,
  );
  const inputs = signature.inputs.map(({ path, dtype, dim, shape }) => {
    const type = dim >= 0 ? 'null' : jsString(dtype);
    return `{ path: ${jsString(path)}, dtype: ${type}, rank: ${shape.length} }`;
  });
  const outputs = signature.outputs.map(({ dtype, shape }) => `{ dtype: ${jsString(dtype)}, rank: ${shape.length} }`);
  return [
    '{',
    `  name: ${jsString(part.name)},`,
    ...listLines('arguments', args),
    ...listLines('inputs', inputs),
    ...listLines('outputs', outputs),
    `  dims: ${signature.dims.length},`,
    `  result: ${resultText(resultOf(part), part.symbols)},`,
    '},',
  ];
}

function listLines(key: string, items: readonly string[]): string[] {
  if (items.length === 0) return [`  ${key}: [],`];
  return [`  ${key}: [`, ...items.map((item) => `    ${item},`), '  ],'];
}

function argumentText(argument: Argument): string {
  switch (argument.kind) {
    case 'tensor':
    case 'number':
      return `{ kind: '${argument.kind}', input: ${argument.input} }`;
    case 'array': {
      const items = argument.items.map((item) => (item ? argumentText(item) : 'null'));
      return `{ kind: 'array', items: [${items.join(', ')}] }`;
    }
    case 'record': {
      const fields = argument.fields.map(([name, field]) => `[${jsString(name)}, ${argumentText(field)}]`);
      return `{ kind: 'record', fields: [${fields.join(', ')}] }`;
    }
  }
}

function resultText(result: ResultShape, symbols: readonly string[]): string {
  switch (result.kind) {
    case 'output':
    case 'input':
      return `{ kind: '${result.kind}', index: ${result.index} }`;
    case 'taken': {
      const { of, index, shape, indices, at } = result;
      const sizes = shape.map((size) => exprFunction(size, symbols)).join(', ');
      const position = exprFunction(at, [...symbols, ...indices]);
      return `{ kind: 'taken', of: '${of}', index: ${index}, shape: [${sizes}], at: ${position} }`;
    }
    case 'size':
      return `{ kind: 'size', at: ${exprFunction(result.value, symbols)} }`;
    case 'literal':
      return `{ kind: 'literal', value: ${literalText(result.value)} }`;
    case 'array':
      return `{ kind: 'array', items: [${result.items.map((item) => resultText(item, symbols)).join(', ')}] }`;
    case 'record': {
      const fields = result.fields.map(([name, field]) => `[${jsString(name)}, ${resultText(field, symbols)}]`);
      return `{ kind: 'record', fields: [${fields.join(', ')}] }`;
    }
  }
}

/** A literal of JavaScript and of TypeScript's types alike, but for numbers that no literal says. */
export function literalText(value: null | boolean | number | string | undefined): string {
  if (typeof value === 'string') return jsString(value);
  return Object.is(value, -0) ? '-0' : String(value);
}
