/** @file `--format exe`: one executable that runs parts on files of arrays. */

import path from 'node:path';
import { findStaticToolchain } from '../compile/toolchain/index.ts';
import { compilePackage } from './code.ts';
import { libcNote, payloadFileName, writeExecutable } from './executable.ts';
import { inFolder, place, refuseForeignPayload } from './executableFiles.ts';
import { partsMain, partsPayload, verifyExecutable } from './partsExecutable.ts';
import { publishFile } from './publish.ts';
import { type PackageRequest, type PackageResult, resultOf } from './request.ts';

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
