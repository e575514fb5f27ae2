/** @file A project to transform and bundle: files as people write them, of which some import the package. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** About 20 lines of a model, with a class, a loop and a condition. */
function block(i: number): string {
  return `
/** Block ${i}: attention-like arithmetic on sizes, and plain code around it. */
export class Block${i} {
  readonly width: number;
  private readonly steps: number[] = [];

  constructor(width: number, depth = ${(i % 7) + 1}) {
    this.width = width;
    for (let step = 0; step < depth; step++) this.steps.push(step * width + 1);
  }

  forward(rows: number, columns: number): number {
    const half = Math.floor(rows / 2) + (columns % 3);
    if (half > this.width && rows !== columns) return this.steps.reduce((sum, step) => sum + step * half, 0);
    let total = rows * this.width - columns;
    for (const step of this.steps) total += step > half ? step - half : half - step;
    return total > 0 ? total : -total;
  }
}

export const size${i} = (x: number, y: number): number => (x > y ? x - y : y - x) * ${i} + 1;
`;
}

/** Source text of at least so many lines. */
export function sourceOf(lines: number, head = ''): string {
  let text = head;
  for (let i = 0; text.split('\n').length < lines; i++) text += block(i);
  return text;
}

/** Writes files and an entry that imports all of them. Returns the entry. */
export function writeProject(folder: string, files: number, importing: number, lines: number): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "bench", "version": "1.0.0", "type": "module" }');
  const imports: string[] = [];
  for (let i = 0; i < files; i++) {
    const head = i < importing ? "import type { Tensor } from 'torchnative';\nexport type Kept = Tensor;\n" : '';
    writeFileSync(join(folder, `file${i}.ts`), sourceOf(lines, head));
    imports.push(`import * as file${i} from './file${i}.ts'; console.log(file${i});`);
  }
  writeFileSync(join(folder, 'main.ts'), imports.join('\n'));
  return join(folder, 'main.ts');
}
