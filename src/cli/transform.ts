/** @file `tn transform FILE.ts`: shows what the transformer makes of a file. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { transform } from '../../transformers/core.ts';
import { parseScript } from '../../transformers/parse.ts';
import { isScript } from '../../transformers/scriptFile.ts';
import { badRequest } from './failure.ts';

export interface TransformCommand {
  readonly json?: boolean;
  /** Ends the text with its source map. */
  readonly map?: boolean;
}

export function printTransformed(name: string, options: TransformCommand): void {
  if (options.json && options.map) throw badRequest('tn transform: --json holds the map already');
  const path = resolve(name);
  if (!existsSync(path)) throw badRequest(`tn transform: no such file: ${name}`);
  if (!statSync(path).isFile()) throw badRequest(`tn transform: not a file: ${name}`);
  if (!isScript(path)) throw badRequest(`tn transform: not a TypeScript or JavaScript file: ${name}`);
  const code = readFileSync(path, 'utf8');
  const result = transform(code, path);
  if (!result) {
    const why = parseScript(code, path) ? 'it stays as it is' : 'it does not parse, and stays as it is';
    process.stderr.write(`${name}: ${why}\n`);
  }
  if (options.json) {
    const { map = null, parts = [], dependencies = [] } = result ?? {};
    process.stdout.write(JSON.stringify({ code: result?.code ?? code, map, parts, dependencies }, null, 2) + '\n');
    return;
  }
  const text = result?.code ?? code;
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  if (options.map && result) process.stdout.write(`//# sourceMappingURL=${result.map.toUrl()}\n`);
}
