/** @file What both programs need: a helper of a part, and the line that they print. */

import { partReports, type Tensor } from 'torchnative';

export const doubled = (x: Tensor): Tensor => x.mul(2);

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
