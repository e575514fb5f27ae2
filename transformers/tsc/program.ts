/**
 * @file A TypeScript program that checks the files as they are written and emits them transformed.
 *
 * Diagnostics and declarations come from the program over the original files. JavaScript comes from a second program,
 * which is never checked, over the transformed texts; both share the parsed form of every other file.
 */

import { resolve } from 'node:path';
import type { ts } from 'ts-morph';
import { transform } from '../core.ts';
import type { PartCall } from '../metadata.ts';
import { chainOutput, type TransformedFile } from './sourceMaps.ts';
import type { Typescript } from './typescript.ts';

/** A part in a compiled file. */
export interface CompiledPart extends PartCall {
  readonly file: string;
}

export interface TransformedProgram {
  /** The program over the original files, but for `emit`. */
  readonly program: ts.Program;
  readonly parts: readonly CompiledPart[];
  /** Absolute paths of the files that are emitted transformed. */
  readonly files: readonly string[];
}

/** Options of the second program: what concerns checks, declarations and other outputs is the first one's business. */
const emitOnly: ts.CompilerOptions = {
  noCheck: true,
  noEmitOnError: false,
  declaration: false,
  declarationMap: false,
  isolatedDeclarations: false,
  composite: false,
  incremental: false,
};

/** Makes `emit` of a program write transformed files. */
export function transformedProgram(ts: Typescript, original: ts.Program, host: ts.CompilerHost): TransformedProgram {
  const options = original.getCompilerOptions();
  const files = new Map<string, TransformedFile>();
  const parts: CompiledPart[] = [];
  const problems: ts.Diagnostic[] = [];
  for (const source of original.getSourceFiles()) {
    if (source.isDeclarationFile || original.isSourceFileFromExternalLibrary(source)) continue;
    const path = resolve(host.getCurrentDirectory(), source.fileName);
    const result = transform(source.text, path);
    if (!result) continue;
    if (emitsCommonJs(ts, original, source)) {
      problems.push(commonJsProblem(ts, source));
      continue;
    }
    files.set(source.fileName, { result, original: source.text });
    for (const part of result.parts) parts.push({ ...part, file: path });
  }

  let second: ts.Program | null = null;
  const secondProgram = (): ts.Program => {
    second ??= ts.createProgram({
      rootNames: original.getRootFileNames(),
      options: { ...options, ...emitOnly },
      projectReferences: original.getProjectReferences(),
      host: {
        ...host,
        getSourceFile(name, version, onError, fresh) {
          const file = files.get(name);
          if (file) return ts.createSourceFile(name, file.result.code, version);
          return original.getSourceFile(name) ?? host.getSourceFile(name, version, onError, fresh);
        },
      },
    });
    return second;
  };

  const emit: ts.Program['emit'] = (target, writeFile, cancellation, declarationsOnly, transformers) => {
    if (options.noEmit || options.emitDeclarationOnly || declarationsOnly || files.size === 0) {
      return original.emit(target, writeFile, cancellation, declarationsOnly, transformers);
    }
    if (options.noEmitOnError) {
      const errors = allDiagnostics(original).filter(({ category }) => category === ts.DiagnosticCategory.Error);
      if (errors.length > 0) return { diagnostics: [], emitSkipped: true, emittedFiles: [] };
    }
    const write = writeFile ?? host.writeFile;
    const chained: ts.WriteFileCallback = (path, text, bom, onError, sources, data) => {
      const file = sources?.length === 1 ? files.get(sources[0].fileName) : undefined;
      write(path, file ? chainOutput(path, text, file) : text, bom, onError, sources, data);
    };
    const program = secondProgram();
    const source = target && program.getSourceFile(target.fileName);
    const scripts = program.emit(source, chained, cancellation, false, transformers);
    if (!options.declaration && !options.composite) return scripts;
    const declarations = original.emit(target, write, cancellation, true, transformers);
    return {
      emitSkipped: scripts.emitSkipped || declarations.emitSkipped,
      diagnostics: [...scripts.diagnostics, ...declarations.diagnostics],
      emittedFiles: [...(scripts.emittedFiles ?? []), ...(declarations.emittedFiles ?? [])],
    };
  };
  const program: ts.Program = {
    ...original,
    emit,
    getOptionsDiagnostics: (cancellation) => [...original.getOptionsDiagnostics(cancellation), ...problems],
  };
  return { program, parts, files: parts.length > 0 || files.size > 0 ? pathsOf(files, host) : [] };
}

function pathsOf(files: ReadonlyMap<string, TransformedFile>, host: ts.CompilerHost): string[] {
  return [...files.keys()].map((name) => resolve(host.getCurrentDirectory(), name));
}

/** Every diagnostic of a program, in the order in which tsc gives them: the first kind that has any. */
export function allDiagnostics(program: ts.Program): readonly ts.Diagnostic[] {
  const early = [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(),
    ...program.getGlobalDiagnostics(),
  ];
  const found = early.length > 0 ? early : [...program.getSemanticDiagnostics()];
  const { declaration, composite } = program.getCompilerOptions();
  return found.length === 0 && (declaration || composite) ? program.getDeclarationDiagnostics() : found;
}

function emitsCommonJs(ts: Typescript, program: ts.Program, source: ts.SourceFile): boolean {
  const { module } = program.getCompilerOptions();
  if (module === ts.ModuleKind.CommonJS) return true;
  const node = module !== undefined && module >= ts.ModuleKind.Node16 && module <= ts.ModuleKind.NodeNext;
  return node && source.impliedNodeFormat === ts.ModuleKind.CommonJS;
}

function commonJsProblem(ts: Typescript, file: ts.SourceFile): ts.Diagnostic {
  const messageText =
    'This file is compiled to CommonJS, which cannot import torchnative, an ES module. ' +
    'Set "module": "nodenext" in tsconfig.json and "type": "module" in package.json.';
  return { category: ts.DiagnosticCategory.Error, code: 0, file, start: 0, length: 0, messageText };
}
