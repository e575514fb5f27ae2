/** @file The same scripts under the address and undefined-behaviour sanitizers: the glue's own code, and leaks. */

import { describe, expect, it } from 'vitest';
import { files, memory, prelude, processes, texts } from './programs.ts';
import { buildTestEngine, pinnedSource } from './support.ts';

const source = pinnedSource();
const env = {
  ASAN_OPTIONS: 'abort_on_error=0:exitcode=99:detect_stack_use_after_return=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

const endings = `
for (let i = 0; i < 5; i++) h.setTimer(() => log('t' + i), i, false);
h.atExit(() => log('end')); h.enqueueJob(() => log('job'));
Promise.reject(new Error('x')).catch(() => {});
const again = h.setTimer(() => h.clearTimer(again), 1, true);
for (let i = 0; i < 3000; i++) { thrown(() => h.readFile('nope')); thrown(() => h.readFile('/dev/null')); }
let joined = ''; for (let i = 0; i < 3000; i++) joined += 'piece ' + i;
const many = []; for (let i = 0; i < 3000; i++) many.push({ i, list: new Array(i % 200).fill(i), map: new Map([[i, joined.slice(0, i)]]) });
log(JSON.parse(JSON.stringify(many.map((one) => one.list.length))).length);
`;

describe.skipIf(!source)('the host of packaged programs, sanitized', () => {
  // The engine's own arithmetic is not ours to judge: of it only addresses are checked.
  const engine = buildTestEngine(source!, ['-fsanitize=address'], ['-fsanitize=undefined', '-fno-sanitize-recover']);

  it.each(Object.entries({ files, processes, texts, memory, endings }))('%s', (_name, script) => {
    const run = engine.run(prelude + script, { env });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  it.each(['throw new Error("x")', 'Promise.reject(1); __tn.setTimer(() => {}, 1e6, false)'])('%s', (script) => {
    const run = engine.run(script, { env });
    expect(run.stderr).toMatch(/^Uncaught .*\n$/);
    expect(run.status).toBe(1);
  });
});
