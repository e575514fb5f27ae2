/** @file The JavaScript engine of packaged programs, compiled once for all tests that make some: it takes half a minute. */

import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { findStaticToolchain, packageTarget } from '../src/compile/toolchain/index.ts';
import { buildBytecodeTool, buildEngine, findEngine } from '../src/package/engine/index.ts';

/** Kept from run to run, as `src/package/engine/test/support.ts` does: objects are found by what went into them. */
const folder = join(tmpdir(), `tn-engine-test-${userInfo().uid}`);

function made(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Puts the engine's sources, its objects for these targets and its tool into a cache. @throws TnError without them */
export function giveEngine(cache: string, targets: readonly (string | undefined)[] = [undefined]): void {
  const engine = join(folder, 'engine');
  const source = findEngine({ projectRoot: tmpdir(), engineFolder: () => made(engine), env: {} });
  const objectFolder = made(join(folder, 'objects'));
  const build = (target?: string) => ({
    compiler: findStaticToolchain(packageTarget(target)).compiler,
    objectFolder,
    quiet: true,
  });
  const files = [buildBytecodeTool(source, objectFolder, build())];
  for (const target of targets) files.push(...buildEngine(source, packageTarget(target).arch, build(target)));
  for (const name of ['engine', 'objects']) made(join(cache, name));
  cpSync(engine, join(cache, 'engine'), { recursive: true });
  for (const file of files) copyFileSync(file, join(cache, 'objects', basename(file)));
}
