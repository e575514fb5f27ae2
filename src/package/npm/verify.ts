/** @file Runs the recorded samples through an npm package, in a program that installed it. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { buildResult } from '../../capture/result.ts';
import { machineIsas } from '../../compile/toolchain/index.ts';
import { isDType, isHalf } from '../../core/dtype.ts';
import { invariant, TnError } from '../../core/errors.ts';
import { Storage } from '../../core/storage.ts';
import { contiguousStrides, copyElements, StridedView } from '../../core/view.ts';
import { compareTensors } from '../../dispatch/compare.ts';
import { symbolSources } from '../../graph/graph.ts';
import type { PackageModel, PackagePart } from '../model.ts';
import { signatureOf } from '../signature.ts';
import { mustRun } from '../tools.ts';
import type { Argument, TensorValue } from './runtime/description.ts';
import { argumentsOf } from './structure.ts';

/** Calls each part on an instance of its own; arguments come back too, as the call left them. */
const program = `import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { newInstance } from 'checked';

const calls = deserialize(readFileSync('calls'));
const done = calls.map(({ name, args }) => ({ result: newInstance()[name](...args), args }));
writeFileSync('results', serialize(done));
`;

interface Done {
  readonly result: unknown;
  readonly args: readonly unknown[];
}

/**
 * Gives null, or a line that says why this machine cannot run it. `names` are the parts' exports.
 * @throws TnError when a result differs
 */
export function verifyNpm(model: PackageModel, names: readonly string[], folder: string): string | null {
  if (model.target.arch !== process.arch) return `the samples were not run: this machine is no ${model.target.name}`;
  const here = machineIsas();
  if (!model.levels.some((level) => here.includes(level))) {
    return `the samples were not run: this CPU has none of ${model.levels.join(', ')}`;
  }
  const checked = model.parts.map((part, i) => ({ part, name: names[i] }));
  const work = mkdtempSync(join(tmpdir(), 'tn-verify-'));
  try {
    install(folder, work);
    const calls = checked.map(({ part, name }) => ({ name, args: recordedArguments(part) }));
    writeFileSync(join(work, 'calls'), serialize(calls));
    writeFileSync(join(work, 'check.mjs'), program);
    const { NODE_OPTIONS: _, ...own } = process.env;
    // The folder is used through a link, so that it finds koffi beside the link.
    mustRun(
      'run the samples in Node',
      process.execPath,
      ['--preserve-symlinks', '--preserve-symlinks-main', 'check.mjs'],
      {
        cwd: work,
        env: { ...own, TN_ISA: '', TN_THREADS: '' },
        timeout: 600_000,
      },
    );
    const done = deserialize(readFileSync(join(work, 'results'))) as Done[];
    checked.forEach(({ part }, i) => {
      comparePart(part, done[i]);
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return null;
}

function install(folder: string, work: string): void {
  const koffi = join(work, 'node_modules/koffi');
  mkdirSync(koffi, { recursive: true });
  symlinkSync(folder, join(work, 'node_modules/checked'));
  const own = createRequire(import.meta.url).resolve('koffi');
  writeFileSync(join(koffi, 'index.js'), `module.exports = require(${JSON.stringify(own)});\n`);
}

/** The sample's inputs in the structure of the user's arguments. */
function recordedArguments(part: PackagePart): unknown[] {
  const { inputs } = part.samples;
  const same = signatureOf(part).inputs.map(({ sameAs }, i) => (sameAs < 0 ? i : sameAs));
  const tensors = new Map<number, TensorValue>();
  const tensor = (input: number): TensorValue => {
    const known = tensors.get(same[input]) ?? tensorValue(inputs[same[input]]);
    tensors.set(same[input], known);
    return known;
  };
  const build = (argument: Argument): unknown => {
    switch (argument.kind) {
      case 'tensor':
        return tensor(argument.input);
      case 'number':
        return numberOf(inputs[argument.input]);
      case 'array':
        return argument.items.map((item) => (item ? build(item) : null));
      case 'record':
        return Object.fromEntries(argument.fields.map(([name, field]) => [name, build(field)]));
    }
  };
  return argumentsOf(part).map(({ value }) => build(value));
}

function tensorValue(view: StridedView): TensorValue {
  const { storage } = copyElements(view);
  return { dtype: view.dtype, shape: [...view.sizes], data: storage.typed(view.dtype).slice() };
}

function numberOf(view: StridedView): number {
  return Number(view.storage.typed('int64')[view.offset]);
}

/** The result as eager code gave it, and what the call left in the inputs that it writes. */
function comparePart(part: PackagePart, done: Done): void {
  const { call, graph, samples, symbols, precision } = part;
  const halfState = graph.inputs.some((input) => input.kind === 'tensor' && isHalf(input.value.dtype));
  const after = new Map(call.writtenInputs.map((input, i) => [input, samples.inputWrites[i]]));
  const inputs = graph.inputs.map((input, i) =>
    input.kind === 'dim' ? numberOf(samples.inputs[i]) : (after.get(i) ?? samples.inputs[i]),
  );
  const dims = new Map(symbols.map((name) => [name, sampleDim(part, name)]));
  const expected = buildResult(graph.result, { outputs: samples.outputs, inputs, parameters: [], dims });
  const compare = (actual: unknown, wanted: unknown, path: string, before?: StridedView): void => {
    if (wanted instanceof StridedView) {
      const view = viewOf(actual);
      const found = view && compareTensors(view, wanted, { halfState, precision, ...(before ? { before } : {}) });
      if (!found?.ok)
        throw differs(part, path, found ? `relative rms ${found.error.toExponential(1)}` : 'it is no tensor');
    } else if (typeof wanted === 'object' && wanted !== null) {
      const fields = actual as Record<string, unknown>;
      for (const [name, field] of Object.entries(wanted)) compare(fields?.[name], field, `${path}.${name}`);
    } else if (!Object.is(actual, wanted)) {
      throw differs(part, path, `${String(actual)} where ${String(wanted)} was recorded`);
    }
  };
  compare(done.result, expected, 'the result');
  const visit = (argument: Argument, value: unknown, path: string): void => {
    if (argument.kind === 'array') {
      argument.items.forEach((item, i) => {
        if (item) visit(item, (value as unknown[])[i], `${path}[${i}]`);
      });
    } else if (argument.kind === 'record') {
      for (const [name, field] of argument.fields) {
        visit(field, (value as Record<string, unknown>)[name], `${path}.${name}`);
      }
    } else {
      const wanted = after.get(argument.input);
      if (wanted) compare(value, wanted, path, samples.inputs[argument.input]);
    }
  };
  argumentsOf(part).forEach(({ name, value }, i) => {
    visit(value, done.args[i], name);
  });
}

function sampleDim({ graph, samples }: PackagePart, name: string): number {
  const source = symbolSources(graph).get(name);
  invariant(source, () => `no input has dim ${name}`);
  const view = samples.inputs[source.input];
  return source.axis < 0 ? numberOf(view) : view.sizes[source.axis];
}

function viewOf(value: unknown): StridedView | null {
  const { dtype, shape, data } = (value ?? {}) as Partial<TensorValue>;
  if (!isDType(dtype) || !shape || !data) return null;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new StridedView(new Storage(bytes.slice().buffer), dtype, shape, contiguousStrides(shape));
}

function differs({ part }: PackagePart, path: string, found: string): TnError {
  return new TnError({
    what: `"${part}" does not give its recorded results in Node`,
    found: [`${path}: ${found}`],
    fix: 'nothing was written; please report this with the record',
  });
}
