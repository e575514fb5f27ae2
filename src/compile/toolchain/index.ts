/** @file The toolchain: from C texts to a shared library. */

export { alreadyBuilt, build } from './build.ts';
export { type Compiler, type CompilerFamily, findCompiler, searchCompiler } from './compiler.ts';
export { type BackgroundBuild, compileInBackground, compileSync } from './helperClient.ts';
export {
  binutil,
  emulatorFor,
  findTargetCompiler,
  hostTargetName,
  type PackageTarget,
  type PackageTargetName,
  packageTarget,
  packageTargetNames,
  runnerFor,
} from './packageTarget.ts';
export type { BuildFailure, BuildFailureKind, BuildRequest, BuildResult, BuildSuccess, CompileJob } from './request.ts';
export { findStaticToolchain, type Libc, type LibcName, type StaticToolchain } from './staticLibc.ts';
export {
  type Isa,
  kernelFlags,
  machineIsa,
  machineIsas,
  programFlags,
  runtimeFlags,
  runtimeLinkFlags,
  sharedFlags,
  type TargetArch,
  targetIsa,
} from './target.ts';
