/**
 * @file Sources that are nested deeper than the stack of the host tool's thread bears (a sum of thousands of terms, as
 * generators of code write them): they are transformed in a thread of their own, with a large stack.
 */

import { createRequire } from 'node:module';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { TransformOptions, TransformResult } from './core.ts';
import { notObserved } from './observed.ts';
import { isPackageImport, packageName } from './ownPackage.ts';
import { SourceMap } from './sourceMap.ts';

const stackSizeMb = 256;
const longestWait = 120_000;

/** Runs in the thread: CommonJS, since it is handed over as text. */
const script = `
const { workerData: { core, tsx, code, path, options, port, done } } = require('node:worker_threads');
if (tsx) require(tsx).register();
Promise.resolve(tsx ? require(require('node:url').fileURLToPath(core)) : import(core))
  .then(({ transformHere }) => ({ result: transformHere(code, path, options) }))
  .catch((error) => ({ failed: error instanceof RangeError ? '' : String(error && error.message) }))
  .then(({ result, failed }) => {
    const { map, ...rest } = result ?? {};
    port.postMessage({ failed, result: result && { ...rest, map: { ...map } } });
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  });
`;

interface Answer {
  readonly failed?: string;
  readonly result?: Omit<TransformResult, 'map'> & { readonly map: Omit<SourceMap, 'toString' | 'toUrl'> };
}

/** Transforms a file in a thread with a large stack. Waits for it. */
export function inDeepStack(
  code: string,
  path: string,
  options: TransformOptions,
  cause: Error,
): TransformResult | undefined {
  notObserved();
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(script, {
    eval: true,
    workerData: {
      core: import.meta.url.replace(/deepStack(?=\.[jt]s)/, 'core'),
      code,
      path,
      options: { ...options, packageSpecifiers: namesOf(code, path, options) },
      tsx: import.meta.url.endsWith('.ts') ? tsx() : null,
      port: port2,
      done,
    },
    transferList: [port2],
    execArgv: [],
    resourceLimits: { stackSizeMb },
  });
  worker.on('error', () => {}); // told by the missing answer
  worker.unref();
  Atomics.wait(done, 0, 0, longestWait);
  const answer = receiveMessageOnPort(port1)?.message as Answer | undefined;
  port1.close();
  void worker.terminate();
  if (!answer || answer.failed !== undefined) {
    const why = answer?.failed || 'nested too deeply to be transformed';
    throw new Error(`${path}:${deepestLine(code)}: ${why}`, { cause });
  }
  const { result } = answer;
  if (!result) return undefined;
  // What went through a message has lost its methods.
  return { ...result, map: Object.assign(new SourceMap('', '', ''), result.map) };
}

/** In a clone the transformer is TypeScript. */
function tsx(): string {
  return createRequire(import.meta.url).resolve('tsx/cjs/api');
}

/** Rules cannot be handed to another thread: the names in the text that they accept can. */
function namesOf(code: string, path: string, { packageSpecifiers }: TransformOptions): string[] | undefined {
  if (!packageSpecifiers) return undefined;
  const names = [packageName];
  for (const [, , name] of code.matchAll(/\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g)) {
    if (name !== undefined && isPackageImport(name, path, packageSpecifiers)) names.push(name);
  }
  return names;
}

/** The line on which brackets are nested deepest: strings and comments are read as code, which is near enough. */
function deepestLine(code: string): number {
  let [depth, deepest, line, found] = [0, 0, 1, 1];
  for (const character of code) {
    if (character === '\n') line++;
    else if (/[([{]/.test(character)) depth++;
    else if (/[)\]}]/.test(character)) depth--;
    if (depth > deepest) [deepest, found] = [depth, line];
  }
  return found;
}
