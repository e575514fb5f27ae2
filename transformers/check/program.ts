/** @file The compiler's programs over the files that are asked for: one for each tsconfig.json that is in force. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Project, ts } from 'ts-morph';
import { ownRoot } from '../ownPackage.ts';

/** What a file is compiled with where no tsconfig.json says otherwise. */
const defaults: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
};

/** A tsconfig.json that is no configuration. */
export class ConfigError extends Error {}

/** A place where a file is no TypeScript. */
export interface SyntaxProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Programs {
  /** The files that were asked for, with the program that each is in. */
  readonly files: readonly { readonly file: ts.SourceFile; readonly program: ts.Program }[];
  readonly problems: readonly SyntaxProblem[];
}

/** Reads the files (absolute paths) and what they import. `config` stands in for the nearest tsconfig.json. */
export function readPrograms(paths: readonly string[], config?: string): Programs {
  const byConfig = new Map<string, string[]>();
  for (const path of paths) {
    const found = config ?? ts.findConfigFile(dirname(path), ts.sys.fileExists) ?? '';
    byConfig.set(found, [...(byConfig.get(found) ?? []), path]);
  }
  const files: { file: ts.SourceFile; program: ts.Program }[] = [];
  const problems: SyntaxProblem[] = [];
  for (const [found, roots] of byConfig) {
    const options = optionsOf(found);
    const program = ts.createProgram({ rootNames: roots, options, host: hostOf(options) });
    for (const root of roots) {
      const file = program.getSourceFile(root);
      if (!file) throw new ConfigError(`${root}: ${found || 'the compiler'} does not take this kind of file`);
      problems.push(...program.getSyntacticDiagnostics(file).flatMap(problemOf));
      files.push({ file, program });
    }
  }
  return { files, problems };
}

/** Where the language's own declarations are: the bundled compiler brings them in memory. */
const library = '/node_modules/typescript/lib';

/** Reads files for types alone: without what only editors want, parsing takes a quarter less. */
function hostOf(options: ts.CompilerOptions): ts.CompilerHost {
  const disk = ts.createCompilerHost(options);
  const memory = new Project({ useInMemoryFileSystem: true }).getModuleResolutionHost();
  const holderOf = (path: string): ts.ModuleResolutionHost => (path.startsWith(`${library}/`) ? memory : disk);
  const jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeInfo;
  return {
    ...disk,
    jsDocParsingMode,
    getDefaultLibLocation: () => library,
    getDefaultLibFileName: (all) => `${library}/${ts.getDefaultLibFileName(all)}`,
    fileExists: (path) => holderOf(path).fileExists(path),
    readFile: (path) => holderOf(path).readFile(path),
    getSourceFile(path, version) {
      const text = holderOf(path).readFile(path);
      const parsing = typeof version === 'object' ? version : { languageVersion: version };
      return text === undefined ? undefined : ts.createSourceFile(path, text, { ...parsing, jsDocParsingMode });
    },
  };
}

/** The files that a tsconfig.json is about. */
export function filesOfConfig(config: string): string[] {
  return readConfig(config).fileNames;
}

function readConfig(path: string): ts.ParsedCommandLine {
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error) throw new ConfigError(`${path}: ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`);
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path), undefined, path);
}

function optionsOf(config: string): ts.CompilerOptions {
  const own = config === '' ? defaults : readConfig(config).options;
  // In a clone the package's types are its sources.
  const isClone = existsSync(join(ownRoot, 'src', 'index.ts'));
  const conditions = [...(own.customConditions ?? []), ...(isClone ? ['torchnative-source'] : [])];
  return {
    ...own,
    noEmit: true,
    allowJs: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    ...(takesConditions(own) ? { customConditions: [...new Set(conditions)] } : {}),
  };
}

/** Whether imports are looked up by the `exports` of packages. */
function takesConditions({ moduleResolution, module }: ts.CompilerOptions): boolean {
  if (moduleResolution !== undefined) return moduleResolution >= ts.ModuleResolutionKind.Node16;
  return module !== undefined && module >= ts.ModuleKind.Node16 && module <= ts.ModuleKind.NodeNext;
}

function problemOf({ file, start, messageText }: ts.DiagnosticWithLocation): SyntaxProblem[] {
  // A decorator or a type in JavaScript is a matter of taste, not of grammar.
  if (/\.[cm]?jsx?$/.test(file.fileName)) return [];
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const message = ts.flattenDiagnosticMessageText(messageText, ' ');
  return [{ file: file.fileName, line: line + 1, column: character + 1, message }];
}
