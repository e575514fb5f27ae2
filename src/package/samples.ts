/**
 * @file The recorded call of each part as blocks of a payload, so that an executable can check itself: `sample/<part>/dims`
 * (int64 values of the dims), `input_N` and `output_N` (row-major; outputs first, then what the call left in the inputs that
 * it writes).
 */

import { TnError } from '../core/errors.ts';
import type { PackagePart } from './model.ts';
import type { Block, BlockEncoding } from './payload.ts';
import { signatureOf } from './signature.ts';
import { bytesOfView } from './weights.ts';

export function sampleBlocks(part: PackagePart, encoding: BlockEncoding): Block[] {
  const { inputs, outputs, inputWrites } = part.samples;
  const signature = signatureOf(part);
  const block = (what: string, bytes: Uint8Array): Block => ({
    name: `sample/${part.name}/${what}`,
    kind: 'sample',
    bytes,
    encoding,
  });
  const given = inputs.flatMap((view, i) => {
    const { dim, sameAs } = signature.inputs[i];
    return dim >= 0 || sameAs >= 0 ? [] : [block(`input_${i}`, bytesOfView(view))];
  });
  const results = [...outputs, ...inputWrites].map((view, i) => block(`output_${i}`, bytesOfView(view)));
  const dims = BigInt64Array.from(sampleDims(part));
  return [block('dims', new Uint8Array(dims.buffer)), ...given, ...results];
}

/** The dims of the recorded call, in the order of the package's tables. */
function sampleDims(part: PackagePart): bigint[] {
  const { inputs } = part.samples;
  const signature = signatureOf(part);
  return part.symbols.map((symbol, index) => {
    for (const [i, { dim, shape }] of signature.inputs.entries()) {
      if (dim === index) return inputs[i].storage.typed('int64')[inputs[i].offset] as bigint;
      const axis = shape.indexOf(symbol);
      if (dim < 0 && axis >= 0) return BigInt(inputs[i].sizes[axis]);
    }
    throw new TnError({ what: `no sample input of "${part.part}" has dim \`${symbol}\`` });
  });
}
