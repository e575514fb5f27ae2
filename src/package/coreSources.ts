/** @file The C of the package core: which files it has, and where they are. */

import { existsSync, readFileSync } from 'node:fs';
import { artifactHeaders, runtimeSource } from '../runtime/sources.ts';

/** Files that every package is made of; those of executables and of the JavaScript engine stand beside them. */
export const coreFiles: readonly string[] = [
  'tn_error.c',
  'tn_inflate.c',
  'tn_invoke.c',
  'tn_level.c',
  'tn_payload.c',
  'tn_profile.c',
  'tn_shape.c',
  'tn_state.c',
  'tn_strided.c',
  'tn_tensor.c',
  'tn_weights.c',
];

const headers = ['pkg.h', 'tn_package.h', 'tn_payload.h', 'tn_core.h'];

/** Beside this file in a clone; an installed package keeps C under src and this file under dist/src. */
const folder = ((): URL => {
  const beside = new URL('./c/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../src/package/c/', import.meta.url);
})();

/** The text of a file of the core, or of a form's own C beside it. */
export function coreSource(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

/** What the core's files, and those that use it, include. */
export function coreHeaders(): Readonly<Record<string, string>> {
  return {
    ...artifactHeaders(),
    'tn_internal.h': runtimeSource('tn_internal.h'),
    ...Object.fromEntries(headers.map((name) => [name, coreSource(name)])),
  };
}

let names: ReadonlySet<string> | null = null;

/** What every package has under its prefix, as the public header says: no part may have such a name. */
export function publicNames(): ReadonlySet<string> {
  names ??= new Set([...coreSource('pkg.h').matchAll(/\bpkg_(\w+)/g)].map(([, name]) => name));
  return names;
}
