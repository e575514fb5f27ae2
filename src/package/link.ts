/** @file Links static executables: no libc from outside, no interpreter, at a fixed address, nothing in them but what is used. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Compiler } from '../compile/toolchain/index.ts';
import { mustRun } from './tools.ts';

/**
 * Position-dependent: the payload's segment gets a fixed address behind the others, and no relocation has to be done at
 * start. The same objects in the same order give the same bytes.
 */
const linkFlags: readonly string[] = [
  '-static',
  '-no-pie',
  '-pthread',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
  '-Wl,--strip-all',
  '-Wl,-O1',
  '-Wl,-z,noexecstack',
  '-Wl,-z,relro',
];

export interface LinkRequest {
  /** Of the target, as `findStaticToolchain` gives it. */
  readonly compiler: Compiler;
  /** Object files, in the order in which they go in. */
  readonly objects: readonly string[];
  /** For messages. */
  readonly name: string;
}

/** The linked file. @throws TnError with the linker's words. */
export function linkStatic({ compiler, objects, name }: LinkRequest): Uint8Array {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-link-'));
  try {
    // Through a file: a large program has more objects than a command line takes.
    const list = path.join(folder, 'objects');
    writeFileSync(list, objects.map(quoted).join('\n'));
    const output = path.join(folder, 'linked');
    const args = [...compiler.args, `@${list}`, ...linkFlags, '-lm', '-o', output];
    mustRun(`link ${name}`, compiler.path, args, { cwd: folder, env: { ...process.env, TMPDIR: folder } });
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As compilers read it in an argument file. */
function quoted(file: string): string {
  return `"${file.replace(/["\\]/g, '\\$&')}"`;
}
