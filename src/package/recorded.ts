/** @file The recorded calls of a package's parts as files beside a library, and the main.c that runs them. */

import { isHalf } from '../core/dtype.ts';
import type { StridedView } from '../core/view.ts';
import { boundOf } from '../dispatch/compare.ts';
import { coreSource } from './coreSources.ts';
import { cString, dlType, int64 } from './ctext.ts';
import type { PackageModel, PackagePart } from './model.ts';
import { signatureOf } from './signature.ts';
import { underOwnNames } from './symbols.ts';
import { bytesOfView } from './weights.ts';

/** One recorded tensor. */
export interface RecordedTensor {
  /** `<part>_input_0`: unique in the package. */
  readonly file: string;
  /** As the part's signature calls it. */
  readonly name: string;
  readonly view: StridedView;
  /** Largest relative rms of what a call gives against it; 0: equal, and for inputs. */
  readonly bound: number;
  /** Of an input: an earlier one that it must be the same memory as, or -1. */
  readonly sameAs: number;
}

/** One part's recorded call. */
export interface RecordedCall {
  readonly inputs: readonly RecordedTensor[];
  readonly outputs: readonly RecordedTensor[];
  /** What the call left in the inputs of these numbers. */
  readonly written: readonly (RecordedTensor & { readonly input: number })[];
}

export function recordedCall(part: PackagePart): RecordedCall {
  const { samples, call, name } = part;
  const signature = signatureOf(part);
  const halfState = signature.inputs.some(({ dim, dtype }) => dim < 0 && isHalf(dtype));
  const result = (kind: string, i: number, of: string, view: StridedView): RecordedTensor => ({
    file: `${name}_${kind}_${i}`,
    name: of,
    view,
    bound: boundOf(view.dtype, { halfState, precision: part.precision }),
    sameAs: -1,
  });
  return {
    inputs: samples.inputs.map((view, i) => {
      const { name: of, sameAs } = signature.inputs[i];
      return { file: `${name}_input_${i}`, name: of, view, bound: 0, sameAs };
    }),
    outputs: samples.outputs.map((view, i) => result('output', i, signature.outputs[i].name, view)),
    written: samples.inputWrites.map((view, i) => {
      const input = call.writtenInputs[i];
      return { ...result('written', i, signature.inputs[input].name, view), input };
    }),
  };
}

/** Every tensor of a call, each once. */
export function recordedTensors({ inputs, outputs, written }: RecordedCall): readonly RecordedTensor[] {
  return [...inputs, ...outputs, ...written];
}

/** Row-major bytes. */
export function recordedBytes({ view }: RecordedTensor): Uint8Array {
  return bytesOfView(view);
}

/** `main.c`: runs every recorded call through the public interface. */
export function exampleMain(model: PackageModel): string {
  const template = coreSource('example_main.c').replaceAll('@name', model.name);
  // What stands in the user's own names is left alone.
  const [before, after] = template.split('/* @samples */');
  return underOwnNames(model, before) + sampleTables(model) + underOwnNames(model, after);
}

function sampleTables(model: PackageModel): string {
  const lines: string[] = [];
  const rows: string[] = [];
  for (const part of model.parts) {
    const call = recordedCall(part);
    const { inputs, outputs, written } = call;
    for (const tensor of recordedTensors(call)) {
      const { sizes } = tensor.view;
      if (sizes.length > 0) {
        lines.push(`static const int64_t ${tensor.file}_shape[] = {${sizes.map(int64).join(', ')}};`);
      }
    }
    const list = (kind: string, tensors: readonly RecordedTensor[]): string => {
      if (tensors.length === 0) return 'NULL';
      const items = tensors.map((one) => `    ${recordedRow(one)},`);
      lines.push(`static const recorded ${part.name}_${kind}[] = {`, ...items, '};');
      return `${part.name}_${kind}`;
    };
    const lists = [list('inputs', inputs), list('outputs', outputs), list('written', written)];
    let numbers = 'NULL';
    if (written.length > 0) {
      numbers = `${part.name}_written_inputs`;
      lines.push(`static const int32_t ${numbers}[] = {${written.map(({ input }) => input).join(', ')}};`);
    }
    const counts = [inputs, outputs, written].map(({ length }) => length);
    rows.push(`    {${[...counts, ...lists, numbers].join(', ')}},`);
    lines.push('');
  }
  lines.push(`static const sample samples[${model.prefix.toUpperCase()}PARTS] = {`, ...rows, '};');
  return lines.join('\n');
}

function recordedRow({ file, name, view, bound, sameAs }: RecordedTensor): string {
  const { dtype, sizes } = view;
  const shape = sizes.length > 0 ? `${file}_shape` : 'NULL';
  const fields = [cString(`${file}.bin`), cString(name), dlType(dtype), sizes.length, shape, bound, sameAs];
  return `{${fields.join(', ')}}`;
}
