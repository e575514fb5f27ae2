/** @file The toolchain: from C texts to a shared library. */

export { build } from './build.ts';
export { type Compiler, type CompilerFamily, findCompiler, searchCompiler } from './compiler.ts';
export { type BackgroundBuild, compileInBackground, compileSync } from './helperClient.ts';
export type { BuildFailure, BuildFailureKind, BuildRequest, BuildResult, BuildSuccess, CompileJob } from './request.ts';
export {
  type Isa,
  kernelFlags,
  machineIsa,
  machineIsas,
  runtimeFlags,
  runtimeLinkFlags,
  sharedFlags,
  targetIsa,
} from './target.ts';
