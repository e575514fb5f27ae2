/** @file `tn build`: compiles a project with its parts' metadata in it, so that plain `node dist/app.js` serves them. */

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { ts } from 'ts-morph';
import { allDiagnostics, transformedProgram } from '../../transformers/tsc/program.ts';
import { compilerFor, type Typescript } from '../../transformers/tsc/typescript.ts';
import { badRequest } from './failure.ts';

export interface BuildOptions {
  /** A tsconfig file, or the folder of one; default: the nearest above the current folder. */
  readonly project?: string;
  readonly outDir?: string;
  readonly json?: boolean;
}

interface BuildReport {
  readonly typescript: string;
  readonly outDir: string | null;
  /** Written files, relative to the current folder. */
  readonly files: readonly string[];
  readonly parts: readonly { name: string | null; file: string; line: number; column: number }[];
  readonly diagnostics: readonly BuildDiagnostic[];
}

interface BuildDiagnostic {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly code: number;
  readonly category: 'error' | 'warning' | 'suggestion' | 'message';
  readonly message: string;
}

/** Builds a project. The exit code is 1 when it has errors; as with tsc, files are written all the same. */
export async function build(options: BuildOptions): Promise<void> {
  const folder = process.cwd();
  const at = resolve(options.project ?? folder);
  const { ts, createHost } = await compilerFor(existsSync(join(at, 'tsconfig.json')) ? at : dirname(at));
  const config = configFile(ts, options.project, folder);
  const parsed = readConfig(ts, config, options);

  const host = createHost(parsed.options);
  const original = ts.createProgram({
    rootNames: parsed.fileNames,
    options: parsed.options,
    configFileParsingDiagnostics: parsed.errors,
    host,
  });
  const { program, parts } = transformedProgram(ts, original, host);
  const files: string[] = [];
  const { diagnostics: emitted } = program.emit(undefined, (path, text, ...rest) => {
    files.push(path);
    host.writeFile(path, text, ...rest);
  });
  const diagnostics = ts.sortAndDeduplicateDiagnostics([...allDiagnostics(program), ...emitted]);
  if (diagnostics.some(({ category }) => category === ts.DiagnosticCategory.Error)) process.exitCode = 1;

  const here = (path: string): string => relative(folder, path) || '.';
  const report: BuildReport = {
    typescript: ts.version,
    outDir: parsed.options.outDir === undefined ? null : here(parsed.options.outDir),
    files: files.map(here),
    parts: parts.map(({ name, file, line, column }) => ({ name, file: here(file), line, column })),
    diagnostics: diagnostics.map((diagnostic) => describe(ts, diagnostic, here)),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else print(ts, report, diagnostics, folder);
}

function configFile(ts: Typescript, project: string | undefined, folder: string): string {
  const isFile = (path: string): boolean => ts.sys.fileExists(path);
  if (project === undefined) {
    const found = ts.findConfigFile(folder, isFile);
    if (found === undefined) throw badRequest('tn build: no tsconfig.json here or above; name one with -p');
    return found;
  }
  const path = resolve(project);
  const found = [path, join(path, 'tsconfig.json')].find(isFile);
  if (found === undefined) throw badRequest(`tn build: no such tsconfig: ${project}`);
  return found;
}

function readConfig(ts: Typescript, config: string, { outDir }: BuildOptions): ts.ParsedCommandLine {
  const fail = (diagnostic: ts.Diagnostic): never => {
    const { file, line, column, message } = describe(ts, diagnostic, (path) => relative(process.cwd(), path));
    const place = file === null ? relative(process.cwd(), config) : `${file}:${line}:${column}`;
    throw badRequest(`tn build: ${place}: ${message.split('\n', 1)[0]}`);
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(
    config,
    { noEmit: false, ...(outDir === undefined ? {} : { outDir: resolve(outDir) }) },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  if (!parsed) throw badRequest(`tn build: ${config} cannot be read`);
  const [error] = parsed.errors.filter(({ category }) => category === ts.DiagnosticCategory.Error);
  if (error) fail(error);
  if (parsed.fileNames.length === 0) {
    const references = parsed.projectReferences?.map(({ path }) => relative(process.cwd(), path)) ?? [];
    const advice = references.length > 0 ? `; build its references: ${references.join(', ')}` : '';
    throw badRequest(`tn build: ${relative(process.cwd(), config)} names no files${advice}`);
  }
  const { options } = parsed;
  // Lines of errors and of generated code come from the maps.
  if (options.sourceMap === undefined && !options.inlineSourceMap) options.sourceMap = true;
  if (options.outDir === undefined && parsed.fileNames.some((name) => /\.[cm]?jsx?$/.test(name))) {
    options.outDir = join(dirname(config), 'dist');
  }
  return parsed;
}

const categories = ['warning', 'error', 'suggestion', 'message'] as const;

function describe(ts: Typescript, diagnostic: ts.Diagnostic, here: (path: string) => string): BuildDiagnostic {
  const { file, start, code, category, messageText } = diagnostic;
  const place = file && start !== undefined ? ts.getLineAndCharacterOfPosition(file, start) : null;
  return {
    file: file ? here(file.fileName) : null,
    line: place && place.line + 1,
    column: place && place.character + 1,
    code,
    category: categories[category],
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  };
}

function print(ts: Typescript, report: BuildReport, diagnostics: readonly ts.Diagnostic[], folder: string): void {
  const host: ts.FormatDiagnosticsHost = {
    getCurrentDirectory: () => folder,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  };
  const pretty = process.stderr.isTTY && process.env.NO_COLOR === undefined;
  const format = pretty ? ts.formatDiagnosticsWithColorAndContext : ts.formatDiagnostics;
  process.stderr.write(format(diagnostics, host));
  const names = [...new Set(report.parts.map(({ name }) => name ?? '(not a literal)'))];
  const parts = names.length === 0 ? 'no parts' : `${names.length === 1 ? 'part' : 'parts'} ${names.join(', ')}`;
  const scripts = report.files.filter((path) => /\.[cm]?jsx?$/.test(path)).length;
  process.stdout.write(
    `built ${scripts} ${scripts === 1 ? 'file' : 'files'}${report.outDir === null ? '' : ` into ${report.outDir}`}: ${parts}\n`,
  );
}
