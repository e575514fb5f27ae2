/** @file Our side of `served.ts`: a process that does what it is asked, and answers with the time that it took. */

import { createInterface } from 'node:readline';
import type { Answer, Asked } from './served.ts';
import { summarise, timed } from './stats.ts';

/** Work by name: does it once. What it gives is part of the answer. */
export type Work = Readonly<Record<string, (position: number) => unknown>>;

/** Questions by name that are not timed: the answer is what they give. */
export type Questions = Readonly<Record<string, (position: number) => object>>;

/** Serves until standard input ends. */
export async function serve(versions: Readonly<Record<string, string>>, work: Work, questions: Questions = {}) {
  const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  say({ versions, work: Object.keys(work) });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = JSON.parse(line) as Asked;
      const question = questions[request.do];
      say(question ? question(request.position ?? 0) : answer(work, request));
    } catch (error) {
      say({ error: (error as Error).message.split('\n')[0] });
    }
  }
}

function answer(work: Work, { do: name, calls = 1, position = 0 }: Asked): Answer {
  let given: unknown;
  const times: number[] = [];
  for (let call = 0; call < calls; call++) {
    times.push(
      timed(() => {
        given = work[name](position);
      }),
    );
  }
  return { ...(typeof given === 'object' ? given : {}), ms: summarise(times).median };
}
