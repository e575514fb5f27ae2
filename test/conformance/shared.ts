/** @file What both programs need: a helper of a part, and the line that they print. */

import { partReports, type Tensor } from 'torchnative';

export const doubled = (x: Tensor): Tensor => x.mul(2);

// Neither the DOM's types nor Node's: they take longer to check than the programs.
declare const console: { log(text: string): void };

/** The decorators that this program was compiled with. */
export let dialect: 'none' | 'tc39' | 'legacy' = 'none';

/** A method decorator of either kind: a legacy one gets the prototype and the name, a TC39 one a function and a context. */
export function noteDialect(_: unknown, context: unknown): void {
  dialect = typeof context === 'string' ? 'legacy' : 'tc39';
}

/** `file:line:column` of the first frame of the error that `call` throws. */
export function placeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    const stack = String(error instanceof Error ? error.stack : error);
    return /([\w./-]+\.\w+:\d+:\d+)\)?$/m.exec(stack)?.[1]?.replace(/^.*\/(?=(?:legacy\/)?[^/]*$)/, '') ?? stack;
  }
  return 'no error';
}

/** Prints what a program found and how its parts ran, as one line of JSON. */
export function print(dialect: string, found: Readonly<Record<string, unknown>>): void {
  const parts = Object.fromEntries(
    [...partReports()].map(([part, { native, captured, eager }]) => [part, { native, captured, eager }]),
  );
  console.log(JSON.stringify({ dialect, ...found, parts }));
}
