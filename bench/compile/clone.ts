/** @file Our clone again, at another path: what a compiler needs of it, with the same packages. */

import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../demo.ts';

const folders = ['bin', 'cache', 'examples', 'src', 'transformers', 'types'];

/** @returns the folder, which is made */
export function copyClone(to: string): string {
  for (const folder of folders) cpSync(path.join(root, folder), path.join(to, folder), { recursive: true });
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(path.join(root, file), path.join(to, file));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(to, 'node_modules'));
  return to;
}

/** A checkpoint of the same shapes with other weights: the lowest bits of the last values of each file are turned. */
export function copyOtherWeights(to: string): string {
  const model = path.join(root, 'examples/whisper/model');
  cpSync(model, to, { recursive: true });
  for (const name of readdirSync(to).filter((file) => file.endsWith('.safetensors'))) {
    const file = path.join(to, name);
    const bytes = readFileSync(file);
    for (let at = bytes.length - 2000; at < bytes.length; at += 2) bytes[at] ^= 1;
    writeFileSync(file, bytes);
  }
  return to;
}

/** A comment behind the first line of the model. */
export function addComment(clone: string): void {
  const file = path.join(clone, 'examples/whisper/model.ts');
  const lines = readFileSync(file, 'utf8').split('\n');
  const last = lines.findIndex((line) => line.startsWith('import'));
  lines.splice(last, 0, '// A comment that was not there before.');
  writeFileSync(file, lines.join('\n'));
}
