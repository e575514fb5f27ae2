/** @file The JavaScript engine of packaged programs, compiled once for all tests that make some: it takes half a minute. */

import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findStaticToolchain, packageTarget } from '../src/compile/toolchain/index.ts';
import { buildBytecodeTool, buildEngine, findEngine } from '../src/package/engine/index.ts';
import { keptObjects, keptSources, shareObjects } from './sharedObjects.ts';

function made(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/**
 * Puts the engine's sources, its objects for these targets and its tool into a cache, which shares objects with the others when
 * it has none yet; both are kept for the next run. @throws TnError without them
 */
export function giveEngine(cache: string, targets: readonly (string | undefined)[] = [undefined]): void {
  const source = findEngine({ projectRoot: tmpdir(), engineFolder: () => made(keptSources), env: {} });
  shareObjects(cache);
  const objectFolder = made(join(cache, 'objects'));
  const build = (target?: string) => ({
    compiler: findStaticToolchain(packageTarget(target)).compiler,
    objectFolder,
    quiet: true,
  });
  const files = [buildBytecodeTool(source, objectFolder, build())];
  for (const target of targets) files.push(...buildEngine(source, packageTarget(target).arch, build(target)));
  cpSync(keptSources, join(made(cache), 'engine'), { recursive: true });
  made(keptObjects);
  for (const file of files) {
    const kept = join(keptObjects, basename(file));
    if (existsSync(kept)) continue;
    copyFileSync(file, `${kept}.${process.pid}`);
    renameSync(`${kept}.${process.pid}`, kept);
  }
}
