/**
 * @file `--format static` and `--format shared`: a folder with the library, its header, the weights, files for build
 * systems, and a main.c that runs the recorded samples.
 */

import { closeSync, mkdirSync, openSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binutil, type Compiler, findTargetCompiler } from '../compile/toolchain/index.ts';
import { type CodeObject, compilePackage } from './code.ts';
import { cmakeText, type LibraryKind, libraryFile, pkgConfigText } from './companions.ts';
import { describePackage, descriptionBytes } from './describe.ts';
import { nativeHash } from './executable.ts';
import { packageHeader, publicSymbols } from './header.ts';
import { licenceBlocks, ownLicence } from './licences.ts';
import type { PackageModel } from './model.ts';
import { PayloadBuilder } from './payload.ts';
import { filesOf, publishFolder } from './publish.ts';
import { exampleMain, recordedBytes, recordedCall, recordedTensors } from './recorded.ts';
import { type PackageRequest, type PackageResult, resultOf } from './request.ts';
import { mustRun } from './tools.ts';
import { verifyLibrary } from './verify.ts';

/** Makes the library at `request.output`. Nothing is changed there unless all of it, checked, is. */
export async function packageLibrary(request: PackageRequest, kind: LibraryKind): Promise<PackageResult> {
  const { model, output, target } = request;
  const compiler = findTargetCompiler(target);
  const marker = `${kind} library ${model.name}`;
  const { files, notes } = await publishFolder(output, marker, (folder) => {
    makeLibrary(request, kind, compiler, folder);
    request.progress.step('running the recorded samples');
    const checked = verifyLibrary({ model, kind, compiler, folder });
    return { files: filesOf(folder), notes: checked === null ? [] : [checked] };
  });
  return resultOf(model, { output, files, notes });
}

/** Fills the folder with everything but the check: also what an npm folder stands on. */
export function makeLibrary(request: PackageRequest, kind: LibraryKind, compiler: Compiler, folder: string): void {
  const { store, model, progress } = request;
  const { objects } = compilePackage({ store, model, compiler, progress });
  progress.step(kind === 'static' ? 'archiving' : 'linking');
  const library = join(folder, libraryFile(model.name, kind));
  if (kind === 'static') archive(compiler, objects, library, folder);
  else linkShared(model, compiler, objects, library, folder);
  progress.step('writing the weights');
  writeWeights(request, join(folder, `${model.name}.weights`));
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  write(`${model.name}.h`, packageHeader(model));
  write(`${model.name}.pc`, pkgConfigText(model, kind));
  write(`${model.name}Config.cmake`, cmakeText(model, kind));
  write('main.c', exampleMain(model));
  mkdirSync(join(folder, 'samples'));
  for (const part of model.parts) {
    for (const tensor of recordedTensors(recordedCall(part))) {
      write(`samples/${tensor.file}.bin`, recordedBytes(tensor));
    }
  }
}

/** The payload as a file: weights, description and licence. */
export function writeWeights({ model }: Pick<PackageRequest, 'model'>, path: string): void {
  const payload = weightsPayload(model);
  payload.add({
    name: 'package.json',
    kind: 'json',
    bytes: descriptionBytes(describePackage(model)),
    encoding: 'deflate',
  });
  for (const block of licenceBlocks([{ name: 'torchnative', text: ownLicence() }])) payload.add(block);
  const fd = openSync(path, 'wx');
  try {
    payload.write(fd, { id: model.id, hash: nativeHash() });
  } finally {
    closeSync(fd);
  }
}

/** A payload that begins with the model's blocks: block i is entry i. */
export function weightsPayload(model: PackageModel): PayloadBuilder {
  const payload = new PayloadBuilder();
  for (const { name, content } of model.blocks) payload.add({ name, kind: 'weight', bytes: content });
  return payload;
}

/** Members under their own names, in order, without times and owners. */
function archive(compiler: Compiler, objects: readonly CodeObject[], library: string, folder: string): void {
  const work = join(folder, '.objects');
  mkdirSync(work);
  try {
    for (const { name, path } of objects) symlinkSync(path, join(work, name));
    const members = objects.map(({ name }) => name);
    // ar writes it under another name first, then copies it.
    const bytes = 2 * objects.reduce((sum, { path }) => sum + statSync(path).size, 0);
    mustRun('make the archive', binutil(compiler, 'ar'), ['Dqcs', library, ...members], {
      cwd: work,
      room: { folder, bytes },
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Only the public functions, and those that a form adds, can be seen from outside: the loader finds nothing else to confuse
 * with other packages.
 */
export function linkShared(
  model: PackageModel,
  compiler: Compiler,
  objects: readonly CodeObject[],
  library: string,
  folder: string,
  added: readonly string[] = [],
): void {
  const script = join(folder, '.exports');
  const symbols = [...publicSymbols(model), ...added].map((name) => `    ${name};`);
  writeFileSync(script, ['{', '  global:', ...symbols, '  local: *;', '};', ''].join('\n'));
  try {
    const flags = [
      '-shared',
      '-s',
      `-Wl,-soname,${libraryFile(model.name, 'shared')}`,
      `-Wl,--version-script=${script}`,
      '-Wl,--build-id=none',
      '-Wl,--gc-sections',
      '-Wl,-O1',
      '-Wl,--as-needed',
      '-Wl,-z,defs',
      '-Wl,-z,noexecstack',
      // Its threads outlive any unloading.
      '-Wl,-z,nodelete',
    ];
    const paths = objects.map(({ path }) => path);
    mustRun('link the library', compiler.path, [
      ...compiler.args,
      ...flags,
      '-o',
      library,
      ...paths,
      '-lm',
      '-pthread',
    ]);
  } finally {
    rmSync(script, { force: true });
  }
}
