/** @file The C function of a part: its declaration, for the header and for the code behind it. */

import type { PackageModel, PackagePart } from './model.ts';
import { signatureOf } from './signature.ts';

/** `contextType` as the text around it calls it. Lines without the final `;`. Inputs that are only read are const; those that the part writes are not. */
export function partDeclaration(
  { prefix }: Pick<PackageModel, 'prefix'>,
  part: PackagePart,
  contextType: string,
): string[] {
  const { inputs, outputs } = signatureOf(part);
  const parameters = [
    `${contextType} *context`,
    ...inputs.map(({ name, dim, written }) => {
      if (dim >= 0) return `int64_t ${name}`;
      return `${written ? '' : 'const '}DLTensor *${name}`;
    }),
    ...outputs.map(({ name }) => `DLTensor *${name}`),
  ];
  const head = `int ${prefix}${part.name}(`;
  const lines: string[] = [];
  let line = head;
  parameters.forEach((parameter, i) => {
    const piece = parameter + (i < parameters.length - 1 ? ', ' : ')');
    if (line !== head && line.length + piece.trimEnd().length > 118) {
      lines.push(line.trimEnd());
      line = ' '.repeat(Math.min(head.length, 40));
    }
    line += piece;
  });
  return [...lines, line];
}
