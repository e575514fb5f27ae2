/** @file A packaged program's own pieces: its engine, payload, runtime and parts, each made when it is first needed. */

import { setBufferMaker } from '../core/storage.ts';
import { setSurroundings } from '../dispatch/mode.ts';
import { checkThreads } from '../dispatch/threads.ts';
import { installFfi } from '../runtime/ffi.ts';
import { type NativeRuntime, nativeRuntime } from '../runtime/nativeRuntime.ts';
import { setHost } from '../tensor/io/host.ts';
import { engineFfi } from './ffi.ts';
import { appHost } from './files.ts';
import type { EngineHost } from './host.ts';
import { PackagedParts } from './packagedParts.ts';
import { Payload } from './payload.ts';

export interface Program {
  readonly parts: PackagedParts;
  setThreads(count: number): void;
}

/** Puts the library onto the executable that it runs in. */
export function startProgram(host: EngineHost): Program {
  installFfi(() => engineFfi(host));
  setBufferMaker((bytes) => host.allocate(bytes));
  setSurroundings({ env: host.env, warn: (text) => host.writeText(2, text) });
  const payload = new Payload(host);
  // What the program asks for goes before the environment, which may say something that makes no sense.
  let threads: string | undefined = host.env.TN_THREADS;
  const runtime = (): NativeRuntime => nativeRuntime(() => '', { TN_THREADS: threads });
  setHost(appHost(host, payload, runtime));
  return {
    parts: new PackagedParts(payload, runtime, (index) => host.partLevel(index)),
    setThreads(count) {
      checkThreads(count);
      threads = String(count);
      runtime().setThreads(count);
    },
  };
}
