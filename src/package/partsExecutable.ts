/**
 * @file What an executable of parts has beside the package's code, and how it is checked: for `--format exe`, and for the
 * throw-away one that checks the parts of a program.
 */

import { machineIsas, type StaticToolchain } from '../compile/toolchain/index.ts';
import type { Isa } from '../compile/toolchain/target.ts';
import type { ExtraCode } from './code.ts';
import { describePackage, descriptionBytes } from './describe.ts';
import { executableFacts } from './executable.ts';
import { ownJobs, selfFiles, selfHeaders, texts } from './executableCode.ts';
import { executableLicences, licenceBlocks } from './licences.ts';
import { codeLevel } from './lowered.ts';
import type { PackageModel } from './model.ts';
import { type BlockEncoding, PayloadBuilder } from './payload.ts';
import { sampleBlocks } from './samples.ts';
import { checkSamples, sampleRunner } from './verify.ts';

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

/** What an executable of parts adds to the package's own code. */
export function partsMain(model: PackageModel): ExtraCode {
  return { jobs: ownJobs(model, [...selfFiles, ...exeFiles]), headers: texts([...selfHeaders, ...exeHeaders]) };
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

/** Runs the samples at every level that can be run here. Gives notes about what could not be checked. */
export function verifyExecutable(model: PackageModel, executable: string): string[] {
  const { target, precision } = model;
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
  const codeOf = (isa: Isa): Isa => codeLevel(isa, precision);
  const distinct = here.filter((isa, i) => here.findIndex((other) => codeOf(other) === codeOf(isa)) === i);
  for (const isa of distinct) checkSamples(model.name, command, { ...env, TN_ISA: isa });
  const others = model.levels.filter((isa) => !here.includes(isa));
  return others.length === 0 ? [] : [`the samples were not run at ${others.join(', ')}: this CPU has no such level`];
}
