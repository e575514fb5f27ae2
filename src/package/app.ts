/**
 * @file `--app FILE.ts`: a whole program as one executable. Its TypeScript becomes bytecode of an embedded engine, its
 * parts the compiled code of every level, its assets and weights the payload.
 */

import path from 'node:path';
import type { Store, VolatileFolder } from '../../cache/index.ts';
import {
  type BackgroundBuild,
  findStaticToolchain,
  hostTargetName,
  type Isa,
  packageTarget,
  type StaticToolchain,
} from '../compile/toolchain/index.ts';
import { CacheFailure } from '../dispatch/cacheFailure.ts';
import { type PackedAssets, packAssets } from './appAssets.ts';
import { checkParts, checkProgram } from './appCheck.ts';
import { type Bundle, bundleApp } from './bundle/bundle.ts';
import { compilePackage, coreFlags, type ExtraCode } from './code.ts';
import { describePackage, descriptionBytes } from './describe.ts';
import {
  buildBytecodeTool,
  buildEngine,
  compileBytecode,
  type EngineBuild,
  type EngineSource,
  findEngine,
  glueJobs,
  startEngine,
} from './engine/index.ts';
import { executableFacts, libcNote, payloadFileName, writeExecutable } from './executable.ts';
import { ownJobs, selfFiles, selfHeaders, texts } from './executableCode.ts';
import { inFolder, place, refuseForeignPayload } from './executableFiles.ts';
import { chosenEntries } from './leaveOut.ts';
import { parseLevels } from './levels.ts';
import { executableLicences, type LicenceText, licenceBlocks } from './licences.ts';
import { buildModel, type PackageModel } from './model.ts';
import { packageName } from './names.ts';
import { PayloadBuilder } from './payload.ts';
import { publishFile } from './publish.ts';
import { type AppRequest, type PackageResult, resultOf } from './request.ts';
import { selectAllEntries } from './select.ts';

/** @throws TnError; WrongRequest for what cannot work in a packaged program, with file, line and column. */
export async function packageApp(request: AppRequest): Promise<PackageResult> {
  const { store, target, output, weights, progress, engine, projectRoot } = request;
  const setting: Setting = {
    request,
    name: packageName(request.name, path.basename(output).replace(/\.\w+$/, '')),
    levels: parseLevels(request.levels, target),
    toolchain: findStaticToolchain(target),
    payloadFile: weights === 'external' ? payloadFileName(output) : undefined,
  };
  const { payloadFile } = setting;
  if (payloadFile !== undefined) refuseForeignPayload(path.join(path.dirname(output), payloadFile));
  progress.step('finding the JavaScript engine');
  const source = findEngine({ engine, projectRoot, engineFolder: () => cacheFolder(store, 'engine') });
  // Compiled while the program is bundled and its parts are lowered and compiled.
  const started = startEngine(source, target.arch, engineBuild(setting));
  try {
    progress.step('bundling the program');
    const bundle = await bundleApp({ entry: request.entry, projectRoot });
    return await packageBundle(setting, bundle, source, started);
  } finally {
    started?.cancel();
  }
}

/** What the request asks for, checked and looked up. */
interface Setting {
  readonly request: AppRequest;
  readonly name: string;
  readonly levels: readonly Isa[];
  readonly toolchain: StaticToolchain;
  /** Name of the weights' own file beside the program. */
  readonly payloadFile: string | undefined;
}

async function packageBundle(
  setting: Setting,
  bundle: Bundle,
  source: EngineSource,
  started: BackgroundBuild | null,
): Promise<PackageResult> {
  const { request, name, levels, toolchain, payloadFile } = setting;
  const { store, target, output, progress, scope, weightsOf } = request;
  const records = chosenEntries(selectAllEntries(store, scope, bundle.parts), request);
  const model = buildModel({ store, name, records, target, levels, weightsOf, allBindings: true, progress });
  const assets = packAssets(store, bundle.assets, model.blocks);
  const { compiler } = toolchain;
  const code = compilePackage({ store, model, compiler, progress, extra: appMain(model, source) });
  progress.step('compiling the JavaScript engine (once)');
  await finished(started);
  const engine = compileProgram(setting, source, bundle);
  const payload = payloadOf({ model, toolchain, bundle, source, assets, bytecode: engine.bytecode });

  const notes = [libcNote(toolchain)];
  const files = await publishFile(output, (temporary) =>
    inFolder(`${temporary}files`, (folder) => {
      progress.step('linking');
      const made = writeExecutable({
        target,
        toolchain,
        name,
        objects: [...code.objects.map((object) => object.path), ...engine.objects],
        payload,
        packageId: model.id,
        path: path.join(folder, path.basename(output)),
        ...(payloadFile === undefined ? {} : { payloadFile }),
      });
      notes.push(...checkParts({ store, model, code, toolchain, progress, folder }));
      checkProgram(model, made[0].path);
      return place(made, temporary, output);
    }),
  );
  return resultOf(model, { output, files, weightBytes: payload.bytesOf('weight'), notes });
}

/** A background build does not keep this process alive by itself. What went wrong in it is met, and told, again. */
async function finished(build: BackgroundBuild | null): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  try {
    await build?.result;
  } finally {
    clearInterval(alive);
  }
}

function engineBuild({ request, toolchain }: Setting): EngineBuild {
  return { compiler: toolchain.compiler, objectFolder: cacheFolder(request.store, 'objects') };
}

interface CompiledProgram {
  readonly bytecode: Uint8Array;
  /** Of the engine, for the target. */
  readonly objects: readonly string[];
}

function compileProgram(setting: Setting, source: EngineSource, bundle: Bundle): CompiledProgram {
  const { target, progress } = setting.request;
  const build = engineBuild(setting);
  const objects = buildEngine(source, target.arch, build);
  // Bytecode is made on this machine, by the same engine.
  const isOwn = hostTargetName() === target.name;
  const own = isOwn ? build : { ...build, compiler: findStaticToolchain(packageTarget()).compiler };
  const tool = buildBytecodeTool(source, build.objectFolder, own);
  progress.step('compiling the program');
  return { objects, bytecode: compileBytecode(tool, bundle.code, { name: 'app.js', lines: true }) };
}

function cacheFolder(store: Store, name: VolatileFolder): string {
  const folder = store.ownFolder(name);
  if (!folder.ok) throw new CacheFailure(folder.problem);
  return folder.value;
}

function appMain(model: PackageModel, source: EngineSource): ExtraCode {
  const glue = glueJobs(source, coreFlags(model));
  return {
    jobs: [...ownJobs(model, [...selfFiles, 'tn_app_main.c']), ...glue.jobs],
    headers: { ...texts(selfHeaders), ...glue.headers },
  };
}

interface AppContents {
  readonly model: PackageModel;
  readonly toolchain: StaticToolchain;
  readonly bundle: Bundle;
  readonly source: EngineSource;
  readonly assets: PackedAssets;
  readonly bytecode: Uint8Array;
}

function payloadOf({ model, toolchain, bundle, source, assets, bytecode }: AppContents): PayloadBuilder {
  const payload = new PayloadBuilder();
  // First: slots name blocks by their place.
  for (const { name, content } of model.blocks) payload.add({ name, kind: 'weight', bytes: content });
  payload.add({ name: 'app.bytecode', kind: 'bytecode', bytes: bytecode, encoding: 'deflate' });
  payload.add({ name: 'app.lines', kind: 'bytecode', bytes: bundle.lines, encoding: 'deflate' });
  for (const block of assets.blocks) payload.add(block);
  const licences: LicenceText[] = [
    ...executableLicences(toolchain.libc.name, toolchain.compiler.family),
    { name: source.name, text: source.licence },
    ...bundle.licences.map(({ name, version, licence, text }) => ({
      name: `${name} ${version}`,
      text: text || `${name} ${version}, licence: ${licence}\n`,
    })),
  ];
  const description = describePackage(model, {
    ...executableFacts(toolchain),
    engine: `${source.name} ${source.version}`,
    program: bundle.inputs,
    assets: assets.described.map(({ name, files }) => ({ name, files: files.map(({ path: file }) => file) })),
    licences: licences.map(({ name }) => name),
  });
  payload.add({ name: 'package.json', kind: 'json', bytes: descriptionBytes(description), encoding: 'deflate' });
  const listed = new TextEncoder().encode(JSON.stringify(assets.described));
  payload.add({ name: 'assets.json', kind: 'json', bytes: listed, encoding: 'deflate' });
  for (const block of licenceBlocks(licences)) payload.add(block);
  return payload;
}
