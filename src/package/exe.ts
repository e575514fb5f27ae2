/** @file `--format exe`: one executable that runs parts on files of arrays. */

import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type CompileJob, findStaticToolchain, machineIsas, type StaticToolchain } from '../compile/toolchain/index.ts';
import { compilePackage, coreFlags, type ExtraCode } from './code.ts';
import { coreSource } from './coreSources.ts';
import { describePackage, descriptionBytes } from './describe.ts';
import { executableFacts, payloadFileName, type WrittenFile, writeExecutable } from './executable.ts';
import { executableLicences, licenceBlocks } from './licences.ts';
import { codeLevel } from './lowered.ts';
import type { PackageModel } from './model.ts';
import { type BlockEncoding, PayloadBuilder, payloadMagic } from './payload.ts';
import { publishFile } from './publish.ts';
import { wrongRequest } from './refusal.ts';
import { type PackageRequest, type PackageResult, resultOf } from './request.ts';
import { sampleBlocks } from './samples.ts';
import { checkSamples, sampleRunner } from './verify.ts';

/** What every executable starts with: itself, its description. */
export const selfFiles: readonly string[] = ['tn_self.c', 'tn_self_describe.c', 'tn_self_inspect.c', 'tn_self_json.c'];

export const selfHeaders: readonly string[] = [
  'tn_self.h',
  'tn_self_describe.h',
  'tn_self_inspect.h',
  'tn_self_json.h',
];

const exeFiles: readonly string[] = [
  'tn_exe_array.c',
  'tn_exe_bench.c',
  'tn_exe_call.c',
  'tn_exe_compare.c',
  'tn_exe_files.c',
  'tn_exe_help.c',
  'tn_exe_inputs.c',
  'tn_exe_main.c',
  'tn_exe_npy.c',
  'tn_exe_options.c',
  'tn_exe_results.c',
  'tn_exe_safetensors.c',
  'tn_exe_samples.c',
];

const exeHeaders: readonly string[] = ['tn_exe.h', 'tn_exe_array.h'];

/** @throws TnError; WrongRequest when something stands at the output that packaging did not make. */
export async function packageExecutable(request: PackageRequest): Promise<PackageResult> {
  const { model, store, target, output, weights, progress } = request;
  const toolchain = findStaticToolchain(target);
  const payloadFile = weights === 'external' ? payloadFileName(output) : undefined;
  if (payloadFile !== undefined) refuseForeignPayload(path.join(path.dirname(output), payloadFile));
  const notes: string[] = [libcNote(toolchain)];
  const payload = partsPayload(model, toolchain);
  const files = await publishFile(output, (temporary) =>
    inFolder(`${temporary}files`, (folder) => {
      const { objects } = compilePackage({
        store,
        model,
        compiler: toolchain.compiler,
        progress,
        extra: partsMain(model),
      });
      progress.step('linking');
      const made = writeExecutable({
        target,
        toolchain,
        name: model.name,
        objects: objects.map((object) => object.path),
        payload,
        packageId: model.id,
        path: path.join(folder, path.basename(output)),
        ...(payloadFile === undefined ? {} : { payloadFile }),
      });
      progress.step('running the samples');
      notes.push(...verifyExecutable(model, made[0].path));
      return place(made, temporary, output);
    }),
  );
  return resultOf(model, { output, files, weightBytes: payload.bytesOf('weight'), notes });
}

/** What an executable of parts adds to the package's own code. */
export function partsMain(model: PackageModel): ExtraCode {
  return { jobs: ownJobs(model, [...selfFiles, ...exeFiles]), headers: texts([...selfHeaders, ...exeHeaders]) };
}

/** Compile jobs of hand-written C that goes into executables of this package. */
export function ownJobs(model: PackageModel, files: readonly string[]): CompileJob[] {
  // Small before fast: what takes time is in the runtime and the kernels.
  const flags = [...coreFlags(model).map((flag) => (flag === '-O2' ? '-Os' : flag)), '-fno-asynchronous-unwind-tables'];
  return files.map((file) => ({
    name: `${model.prefix}${file.replace(/^tn_/, '').replace(/\.c$/, '')}`,
    source: coreSource(file),
    flags,
  }));
}

export function texts(files: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.map((file) => [file, coreSource(file)]));
}

/** The payload of an executable of parts: weights, description, samples, licences. */
export function partsPayload(
  model: PackageModel,
  toolchain: StaticToolchain,
  samples: BlockEncoding = 'deflate',
): PayloadBuilder {
  const licences = executableLicences(toolchain.libc.name, toolchain.compiler.family);
  const payload = new PayloadBuilder();
  // First: slots name blocks by their place.
  for (const { name, content } of model.blocks) payload.add({ name, kind: 'weight', bytes: content });
  const description = describePackage(model, {
    ...executableFacts(toolchain),
    licences: licences.map(({ name }) => name),
  });
  payload.add({ name: 'package.json', kind: 'json', bytes: descriptionBytes(description), encoding: 'deflate' });
  for (const part of model.parts) for (const block of sampleBlocks(part, samples)) payload.add(block);
  for (const block of licenceBlocks(licences)) payload.add(block);
  return payload;
}

export function libcNote({ libc }: StaticToolchain): string {
  return `C library: ${libc.name} ${libc.version} (${libc.licence}): ${libc.asks}`;
}

/** A folder for the work, beside the output so that what is made there can be renamed into place. */
export function inFolder<T>(folder: string, work: (folder: string) => T): T {
  mkdirSync(folder);
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The executable to `temporary`, from where publishing takes it; a file of weights to its place. */
export function place(made: readonly WrittenFile[], temporary: string, output: string): WrittenFile[] {
  const [executable, ...others] = made;
  const placed = others.map(({ path: from, bytes }): WrittenFile => {
    const to = path.join(path.dirname(output), path.basename(from));
    renameSync(from, to);
    return { path: to, bytes };
  });
  renameSync(executable.path, temporary);
  return [{ path: output, bytes: executable.bytes }, ...placed];
}

/** Runs the samples at every level that can be run here. Gives notes about what could not be checked. */
export function verifyExecutable(model: PackageModel, executable: string): string[] {
  const { target } = model;
  const runner = sampleRunner(target, model);
  if (typeof runner === 'string') return [runner];
  const command = [...runner, executable, '--self-test'];
  const env = { ...process.env, TN_ISA: '', TN_THREADS: '' };
  if (runner.length > 0) {
    checkSamples(model.name, command, env);
    return [];
  }
  const here = machineIsas().filter((isa) => model.levels.includes(isa));
  // Levels that share their code are run once.
  const distinct = here.filter((isa, i) => here.findIndex((other) => codeLevel(other) === codeLevel(isa)) === i);
  for (const isa of distinct) checkSamples(model.name, command, { ...env, TN_ISA: isa });
  const others = model.levels.filter((isa) => !here.includes(isa));
  return others.length === 0 ? [] : [`the samples were not run at ${others.join(', ')}: this CPU has no such level`];
}

/** What is there may only be weights that packaging wrote. */
export function refuseForeignPayload(file: string): void {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const head = new Uint8Array(payloadMagic.length);
    const bytes = readSync(fd, head, 0, head.length, 0);
    if (bytes === 0 || payloadMagic.every((byte, i) => head[i] === byte)) return;
  } finally {
    closeSync(fd);
  }
  throw wrongRequest({
    what: `${file}: a file stands there that holds no weights of a package`,
    fix: 'remove it, or name another output',
  });
}
