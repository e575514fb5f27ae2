/** @file Licence texts that go into an executable: of the C library, the compiler's run-time code, and TorchNative itself. */

import { existsSync, readFileSync } from 'node:fs';
import type { CompilerFamily, LibcName } from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import type { Block } from './payload.ts';

/** A notice with the licence's words. */
export interface LicenceText {
  /** As `--inspect` heads it. */
  readonly name: string;
  readonly text: string;
}

/** Beside this file in a clone; an installed package keeps it under src and this file under dist/src. */
function textFile(name: string): URL {
  const beside = new URL(`./licences/${name}`, import.meta.url);
  return existsSync(beside) ? beside : new URL(`../../../src/package/licences/${name}`, import.meta.url);
}

/** The project's own licence stands at the root of a clone and of an installed package. */
export function ownLicence(): string {
  for (const up of ['../../LICENSE', '../../../LICENSE']) {
    const file = new URL(up, import.meta.url);
    if (existsSync(file)) return readFileSync(file, 'utf8');
  }
  throw new TnError({ what: "torchnative's own LICENSE is missing", fix: 'install torchnative again' });
}

/** What has to go with an executable of this C library. */
export function executableLicences(libc: LibcName, family: CompilerFamily): LicenceText[] {
  const read = (name: string): LicenceText => ({ name, text: readFileSync(textFile(`${name}.txt`), 'utf8') });
  return [
    { name: 'torchnative', text: ownLicence() },
    ...(libc === 'glibc' ? [read('glibc'), read('LGPL-2.1')] : [read('musl')]),
    ...(family === 'gcc' ? [read('gcc-runtime')] : []),
  ];
}

/** As blocks of the payload. */
export function licenceBlocks(licences: readonly LicenceText[]): Block[] {
  const encoder = new TextEncoder();
  return licences.map(({ name, text }) => ({
    name: `licence/${name}`,
    kind: 'text',
    bytes: encoder.encode(text),
    encoding: 'deflate',
  }));
}
