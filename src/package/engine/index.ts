/** @file The JavaScript engine of packaged programs: its sources, its objects, its bytecode. */

export {
  buildBytecodeTool,
  buildEngine,
  type EngineBuild,
  type EngineJobs,
  glueJobs,
  startEngine,
} from './build.ts';
export { type BytecodeOptions, compileBytecode } from './bytecode.ts';
export { type EngineSearch, type EngineSource, findEngine, readEngine } from './source.ts';
