/**
 * @file The transformer for tsc with ts-patch. In tsconfig.json, with Node 20.19 or later:
 * `"plugins": [{ "transform": "torchnative/ts-patch", "transformProgram": true }]`.
 */

import type { ts } from 'ts-morph';
import { transformedProgram } from './tsc/program.ts';
import type { Typescript } from './tsc/typescript.ts';

/** Type-checks the project as it is written and emits it transformed. */
export function transformProgram(
  program: ts.Program,
  host: ts.CompilerHost | undefined,
  _config: unknown,
  { ts }: { readonly ts: Typescript },
): ts.Program {
  return transformedProgram(ts, program, host ?? ts.createCompilerHost(program.getCompilerOptions())).program;
}

// biome-ignore lint/style/noDefaultExport: ts-patch takes it unless the tsconfig names another
export { transformProgram as default };
