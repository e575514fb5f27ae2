/** @file Settings of a process: TN_MODE, precision, and where warnings go. */

import { TnError } from '../core/errors.ts';

export const modes = ['eager', 'capture', 'native', 'require', 'check'] as const;
/** DESIGN §2: eager leaves the cache alone; capture replaces; native is the default; require throws on a miss; check compares every hit. */
export type Mode = (typeof modes)[number];

export const precisions = ['float32', 'bf16', 'int8'] as const;
export type Precision = (typeof precisions)[number];

/** What the settings are read from, and where warnings go: Node's process unless a packaged program says otherwise. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly warn: (text: string) => void;
}

let surroundings: Surroundings = {
  env: globalThis.process?.env ?? {},
  warn: (text) => void process.stderr.write(text),
};

export function setSurroundings(next: Surroundings): void {
  surroundings = next;
}

let modeText: string | undefined;
let mode: Mode = 'native';

/** TN_MODE, read anew when the variable changes. */
export function currentMode(): Mode {
  const text = surroundings.env.TN_MODE;
  if (text === modeText) return mode;
  if (text !== undefined && text !== '' && !modes.includes(text as Mode)) {
    throw new TnError({ what: `TN_MODE=${text} is no mode.`, fix: `one of ${modes.join(', ')}` });
  }
  modeText = text;
  mode = (text || 'native') as Mode;
  return mode;
}

let eagerParts = false;

/** Whether parts run their functions as written: TN_MODE=eager, or inside the eager half of a check. */
export function partsAreEager(): boolean {
  return eagerParts || currentMode() === 'eager';
}

export function withEagerParts<T>(body: () => T): T {
  const outer = eagerParts;
  eagerParts = true;
  try {
    return body();
  } finally {
    eagerParts = outer;
  }
}

let chosenPrecision: Precision | null = null;

/**
 * The default precision of parts that do not say theirs; before the first call.
 * @throws TnError when there is no such precision
 */
export function setPrecision(precision: Precision): void {
  assertPrecision(precision, 'setPrecision');
  chosenPrecision = precision;
}

/** @throws TnError when TN_PRECISION names no precision */
export function currentPrecision(): Precision {
  if (chosenPrecision) return chosenPrecision;
  const text = surroundings.env.TN_PRECISION;
  if (!text) return 'float32';
  assertPrecision(text, 'TN_PRECISION');
  return text;
}

export function assertPrecision(text: string, where: string): asserts text is Precision {
  if (!precisions.includes(text as Precision)) {
    throw new TnError({ what: `${where}: "${text}" is no precision.`, fix: `one of ${precisions.join(', ')}` });
  }
}

const warned = new Set<string>();

/** One warning per key and process, on standard error. */
export function warnOnce(text: string, key = text): void {
  if (warned.has(key)) return;
  warned.add(key);
  surroundings.warn(`torchnative: ${text}\n`);
}

/** TN_DEBUG ≥ level. */
export function debug(level: number, text: () => string): void {
  if (Number(surroundings.env.TN_DEBUG ?? 0) >= level) surroundings.warn(`torchnative: ${text()}\n`);
}
