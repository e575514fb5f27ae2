/** @file TN_MODE=check: each native hit beside an eager run on the real objects; a mismatch throws. */

import { TnError } from '../core/errors.ts';
import { copyElements, elementPositions, isContiguous, type StridedView } from '../core/view.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import { type CompareOptions, type Comparison, compareTensors } from './compare.ts';
import type { MatchedCall } from './matchedCall.ts';
import { withEagerParts } from './mode.ts';
import type { NativePart } from './nativePart.ts';

/**
 * Snapshots what the entry writes, runs eagerly with nested parts eager, keeps the outcome, restores, runs native and
 * compares. The native outcome stands.
 */
export function checkCall(
  part: string,
  entry: MatchedCall,
  native: NativePart,
  self: unknown,
  args: readonly unknown[],
  raw: (this: unknown, ...args: unknown[]) => unknown,
): unknown {
  const written = entry.written();
  const before = written.map(copyElements);
  const expected = withEagerParts(() => raw.apply(self, [...args]));
  const expectedWritten = written.map(copyElements);
  written.forEach((view, i) => {
    restore(view, before[i]);
  });
  const actual = entry.run(native);
  const halfState = written.some((view) => view.dtype === 'float16' || view.dtype === 'bfloat16');
  const problems: string[] = [];
  const note = (path: string, { ok, error, bound }: Comparison): void => {
    if (!ok) problems.push(`${path}: relative rms ${error.toExponential(1)}, bound ${bound.toExponential(1)}`);
  };
  const { precision } = native;
  compareResults(actual, expected, 'result', { halfState, precision }, note);
  written.forEach((view, i) => {
    note(`write ${i}`, compareTensors(view, expectedWritten[i], { before: before[i], halfState, precision }));
  });
  if (problems.length > 0) {
    const dims = entry.call.pattern.symbols.map((name, i) => `${name} = ${entry.match.dims[i]}`).join(', ');
    throw new TnError({
      what: `compileCache "${part}": TN_MODE=check found native results that differ from eager ones.`,
      found: [...problems, ...(dims ? [dims] : [])],
      fix: `tn cache rm ${part}, run again, and report this if it stays`,
    });
  }
  return actual;
}

function compareResults(
  actual: unknown,
  expected: unknown,
  path: string,
  options: CompareOptions,
  note: (path: string, comparison: Comparison) => void,
): void {
  if (isTensor(expected)) {
    note(path, isTensor(actual) ? compareTensors(actual, expected, options) : different);
  } else if (typeof expected === 'object' && expected !== null) {
    for (const key of Object.keys(expected)) {
      const inner = (x: unknown): unknown => (x as Readonly<Record<string, unknown>> | null)?.[key];
      compareResults(inner(actual), inner(expected), `${path}.${key}`, options, note);
    }
  } else if (!Object.is(actual, expected)) note(path, different);
}

const different: Comparison = { ok: false, error: Number.NaN, bound: 0 };

function restore(view: StridedView, contents: StridedView): void {
  const to = view.storage.typed(view.dtype);
  const from = contents.storage.typed(view.dtype);
  if (isContiguous(view)) {
    (to as Uint8Array).set(from as Uint8Array, view.offset);
  } else {
    const positions = elementPositions(view.sizes, view.strides, view.offset);
    for (let i = 0; i < positions.length; i++) to[positions[i]] = from[i];
  }
}
