/**
 * @file One of our variants, served. usage: worker.ts VARIANT WAV THREADS
 *
 * The work has the names that the peers' has; `peers/serve.py` says what each is. Questions beside it: how much work a
 * part is by its plan, the windows of a long recording one by one, and the memory held.
 */

import { partReports, setPrecision, setThreads } from 'torchnative';
import type { Amount } from '../contest.ts';
import { profilePart } from '../profile.ts';
import { serve } from '../serve.ts';
import { type HeldMemory, heldMemory } from './memory.ts';
import { loadExample, type PartName, partNames } from './model.ts';
import { variants } from './variants.ts';

const [name, recording, threads] = process.argv.slice(2);
const variant = variants.find((one) => one.name === name);
if (!variant) throw new Error(`no variant ${name}; there are ${variants.map((one) => one.name).join(', ')}`);
setPrecision(variant.precision);
setThreads(Number(threads));
const whisper = loadExample(variant, recording);
expectNative();

/** A part that fell back to eager would be measured as if it were slow. */
function expectNative(): void {
  for (const part of partNames) whisper.call(part);
  const counts = (): (number | undefined)[] => partNames.map((part) => partReports().get(part)?.native);
  const before = counts();
  for (const part of partNames) whisper.call(part);
  const now = counts();
  const slow = partNames.filter((_, i) => now[i] === before[i]);
  if (slow.length > 0) throw new Error(`${slow.join(', ')} did not run natively; tn cache ls says why`);
}

/** Operations and bytes of one native call, from the plan. */
function amountOf(part: PartName, position?: number): Amount {
  const [profile] = profilePart(part, () => whisper.call(part, position));
  const flop = profile.kernels.reduce((sum, kernel) => sum + (kernel.flop ?? 0), 0);
  const bytes = profile.kernels.reduce((sum, kernel) => sum + kernel.readBytes, 0);
  return { flop, bytes };
}

/** The opening and the steps of the window that was encoded last. */
function amountOfWindow(): Amount {
  const steps = whisper.decodeWindow().length;
  const [opening, step] = [amountOf('prefill'), amountOf('decode', 4 + (steps >> 1))];
  return { flop: 0, bytes: opening.bytes + steps * step.bytes };
}

const amounts: Readonly<Record<string, (position: number) => Amount>> = {
  ...Object.fromEntries(partNames.map((part) => [part, (position: number) => amountOf(part, position || undefined)])),
  window: amountOfWindow,
  // The encoder is bound by arithmetic, the steps by memory: one after the other.
  text: () => ({ flop: amountOf('encoder').flop, bytes: amountOfWindow().bytes, inTurn: true }),
};

/** One window of a long recording: from here to where the next begins. */
export interface WindowFigure {
  readonly ms: number;
  readonly memory: HeldMemory;
}

function transcribeByWindows(): { text: string; windows: WindowFigure[] } {
  const begins: { at: number; memory: HeldMemory }[] = [];
  const mark = (): void => void begins.push({ at: performance.now(), memory: heldMemory() });
  const { text } = whisper.transcribe(mark);
  mark();
  const windows = begins.slice(1).map(({ at, memory }, i) => ({ ms: at - begins[i].at, memory }));
  return { text, windows };
}

await serve(
  { node: process.version },
  {
    ...Object.fromEntries(
      partNames.map((part) => [part, (position: number) => whisper.call(part, position || undefined)]),
    ),
    window: () => ({ tokens: whisper.decodeWindow() }),
    text: () => {
      const { text, segments } = whisper.transcribe();
      return { text, tokens: segments.flatMap(({ tokens }) => tokens) };
    },
  },
  {
    ...Object.fromEntries(Object.keys(amounts).map((work) => [`amount of ${work}`, amounts[work]])),
    windows: transcribeByWindows,
    memory: heldMemory,
  },
);
