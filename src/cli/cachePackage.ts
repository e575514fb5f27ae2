/** @file `tn cache package`: parts of the cache, or a whole program, as something to ship. */

import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { PackageRequest, PackageResult } from '../package/request.ts';
import { badRequest, CommandFailure } from './failure.ts';
import { openCache, type SelectionOptions, select } from './selection.ts';
import { bytesText } from './table.ts';

const FORMATS = ['static', 'shared', 'npm', 'exe'] as const;
type Format = (typeof FORMATS)[number];

export interface PackageOptions extends SelectionOptions {
  readonly format?: string;
  readonly app?: string;
  readonly output?: string;
  readonly name?: string;
  readonly isa?: string;
  readonly precision?: string;
  readonly target?: string;
  readonly weights?: string;
  readonly weightsOf?: string;
  readonly engine?: string;
  readonly only?: string;
  readonly without?: string;
  readonly json?: boolean;
}

export async function packageCached(parts: readonly string[], options: PackageOptions): Promise<void> {
  const start = performance.now();
  const format = checkRequest(parts, options);
  const output = resolve(options.output!);
  const { TnError } = await import('../core/errors.ts');
  const { progressOn } = await import('../package/progress.ts');
  const { inOneLine, WrongRequest } = await import('../package/refusal.ts');
  const progress = progressOn(process.stderr, format === 'app' ? basename(options.app!) : parts.join(', '));
  try {
    const result = await make(parts, options, format, output, progress);
    progress.close();
    report(result, options, (performance.now() - start) / 1000);
  } catch (error) {
    progress.close();
    if (error instanceof CommandFailure || !(error instanceof TnError)) throw error;
    throw new CommandFailure(error instanceof WrongRequest ? 2 : 1, `tn cache package: ${inOneLine(error)}`);
  }
}

/** What can be said before anything is read. */
function checkRequest(parts: readonly string[], options: PackageOptions): Format | 'app' {
  const fail = (what: string): CommandFailure => badRequest(`tn cache package: ${what}`);
  const { app, format, weights, weightsOf } = options;
  if (options.output === undefined || options.output === '') throw fail('say where to: -o OUT');
  const parent = dirname(resolve(options.output));
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
    throw fail(`-o ${options.output}: there is no folder ${parent}; make it first`);
  }
  if (weights !== undefined && weights !== 'embedded' && weights !== 'external') {
    throw fail(`--weights ${weights}: give embedded or external`);
  }
  if (app !== undefined) {
    if (format !== undefined) throw fail('--app and --format exclude each other');
    if (parts.length > 0) throw fail('--app finds its parts in the program: name none');
    if (!statSync(resolve(app), { throwIfNoEntry: false })?.isFile()) throw fail(`--app ${app}: no such file`);
    return 'app';
  }
  for (const name of ['engine', 'only', 'without'] as const) {
    if (options[name] !== undefined) throw fail(`--${name} goes with --app`);
  }
  const known = FORMATS.find((name) => name === format);
  if (!known) {
    throw fail(
      `${format === undefined ? '' : `--format ${format}: `}say --format ${FORMATS.join('|')}, or --app FILE.ts`,
    );
  }
  if (parts.length === 0) throw fail('name parts (PART or PART@ENTRY; tn cache ls lists them)');
  if (known !== 'exe' && weights !== undefined) throw fail(`--weights goes with --format exe and --app`);
  if (weightsOf === '') throw fail('--weights-of names no weights');
  return known;
}

async function make(
  parts: readonly string[],
  options: PackageOptions,
  format: Format | 'app',
  output: string,
  progress: PackageRequest['progress'],
): Promise<PackageResult> {
  const store = await openCache();
  const { packageTarget } = await import('../compile/toolchain/index.ts');
  const { wrongRequest } = await import('../package/refusal.ts');
  const { TnError } = await import('../core/errors.ts');
  const asTarget = (): ReturnType<typeof packageTarget> => {
    try {
      return packageTarget(options.target);
    } catch (error) {
      throw error instanceof TnError ? wrongRequest(error.parts) : error;
    }
  };
  const target = asTarget();
  await takePrecision(options.precision);
  const weights = options.weights === 'external' ? 'external' : 'embedded';
  const common = { store, target, output, weights, progress } as const;
  if (format === 'app') {
    const entry = resolve(options.app!);
    const near = options.all || options.dir !== undefined ? options : { dir: undefined };
    const scope = options.all || options.dir !== undefined ? select(store, near) : scopeOf(store, entry);
    const projectRoot = store.projectFor(entry).root;
    const { packageApp } = await import('../package/app.ts');
    const { name, isa: levels, weightsOf, engine, only, without } = options;
    return packageApp({ ...common, entry, scope, projectRoot, name, levels, weightsOf, engine, only, without });
  }
  const scope = select(store, options);
  const { selectParts } = await import('../package/select.ts');
  const { parseLevels } = await import('../package/levels.ts');
  const { buildModel } = await import('../package/model.ts');
  const { enableEagerMatmul } = await import('../dispatch/eagerMatmul.ts');
  enableEagerMatmul();
  const { packageName } = await import('../package/names.ts');
  const levels = parseLevels(options.isa, target);
  const records = selectParts(store, scope, parts);
  const distinct = [...new Set(records.map(({ part }) => part))];
  const name = packageName(options.name, distinct.length === 1 ? distinct[0] : scope.scope);
  const model = buildModel({ store, name, records, target, levels, weightsOf: options.weightsOf, progress });
  const request: PackageRequest = { ...common, model };
  switch (format) {
    case 'static':
    case 'shared':
      return (await import('../package/library.ts')).packageLibrary(request, format);
    case 'npm':
      return (await import('../package/npm/index.ts')).packageNpm(request);
    case 'exe':
      return (await import('../package/exe.ts')).packageExecutable(request);
  }
}

/** The precision of this process is that of the package. */
async function takePrecision(text: string | undefined): Promise<void> {
  if (text === undefined) return;
  const { precisions, setPrecision } = await import('../dispatch/mode.ts');
  const { TnError } = await import('../core/errors.ts');
  const { wrongRequest } = await import('../package/refusal.ts');
  const known = precisions.find((name) => name === text);
  if (!known)
    throw wrongRequest({ what: `--precision ${text} is no precision`, fix: `give one of ${precisions.join(', ')}` });
  try {
    setPrecision(known);
  } catch (error) {
    throw error instanceof TnError ? wrongRequest(error.parts) : error;
  }
}

/** A program's parts are those of the project that it belongs to, wherever the command is called from. */
function scopeOf(store: Awaited<ReturnType<typeof openCache>>, entry: string): ReturnType<typeof select> {
  const project = store.projectFor(entry);
  return select(store, { dir: project.root });
}

function report(result: PackageResult, options: PackageOptions, seconds: number): void {
  const { output, name, parts, levels, files, weightBytes, notes = [] } = result;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (options.json) {
    const rounded = Math.round(seconds * 1000) / 1000;
    const all = { output, name, bytes, weightBytes, parts, levels, seconds: rounded, files, notes };
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return;
  }
  const shown = options.output ?? output;
  const what = `${parts.join(', ')} for ${levels.join(', ')}`;
  process.stdout.write(`${shown}: ${bytesText(bytes)}, ${what}, in ${seconds.toFixed(1)} s\n`);
  for (const note of notes) process.stdout.write(`${note}\n`);
}
