/** @file `--format npm`: a folder that TypeScript programs install, with a typed function for each part. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Compiler, findTargetCompiler } from '../../compile/toolchain/index.ts';
import { TnError } from '../../core/errors.ts';
import { packageVersion } from '../../dispatch/version.ts';
import { compilePackage, coreFlags } from '../code.ts';
import { libraryFile } from '../companions.ts';
import { coreSource } from '../coreSources.ts';
import { idText } from '../describe.ts';
import { linkShared, writeWeights } from '../library.ts';
import { ownLicence } from '../licences.ts';
import type { PackageModel } from '../model.ts';
import { filesOf, publishFolder } from '../publish.ts';
import { type PackageRequest, type PackageResult, resultOf } from '../request.ts';
import { jsName, uniqueName } from './jsText.ts';
import { moduleText } from './moduleText.ts';
import { ownNames, typings } from './typings.ts';
import { verifyNpm } from './verify.ts';

/** Functions of `c/tn_npm.c` that index.js calls beside the public ones. */
const added = ['npm_context', 'npm_threads', 'npm_prepare', 'npm_call'];

/** Makes the folder at `request.output`. Nothing is changed there unless all of it, checked, is. */
export async function packageNpm(request: PackageRequest): Promise<PackageResult> {
  const { model, output, target } = request;
  const compiler = findTargetCompiler(target);
  const { files, notes } = await publishFolder(output, `npm package ${model.name}`, async (folder) => {
    await makeNpm(request, compiler, folder);
    request.progress.step('running the recorded samples');
    const note = verifyNpm(model, exportNames(model), folder);
    return { files: filesOf(folder), notes: note === null ? [] : [note] };
  });
  return resultOf(model, { output, files, notes });
}

async function makeNpm(request: PackageRequest, compiler: Compiler, folder: string): Promise<void> {
  const { store, model, progress } = request;
  const jobs = [{ name: `${model.prefix}npm`, source: coreSource('tn_npm.c'), flags: coreFlags(model) }];
  const { objects } = compilePackage({ store, model, compiler, progress, extra: { jobs } });
  progress.step('linking');
  const files = { library: libraryFile(model.name, 'shared'), weights: `${model.name}.weights` };
  const symbols = added.map((name) => model.prefix + name);
  linkShared(model, compiler, objects, join(folder, files.library), folder, symbols);
  progress.step('writing the weights');
  writeWeights(request, join(folder, files.weights));
  const names = exportNames(model);
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  write('index.js', moduleText(model, names, files));
  write('index.d.ts', typings(model, names));
  write('native.js', await nativeModule());
  write('package.json', `${JSON.stringify(manifest(model, files), null, 2)}\n`);
  write('README.md', readme(model, names));
  write('LICENSE-torchnative', ownLicence());
}

/** A JavaScript name for each part. */
function exportNames(model: PackageModel): string[] {
  const taken = new Set(ownNames);
  return model.parts.map(({ name }) => uniqueName(jsName(name), taken));
}

function manifest(model: PackageModel, files: { readonly library: string; readonly weights: string }) {
  const { arch } = model.target;
  return {
    name: model.name.toLowerCase().replaceAll('_', '-'),
    version: '1.0.0',
    description: `${model.parts.map(({ name }) => name).join(', ')}, compiled by TorchNative`,
    type: 'module',
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    types: './index.d.ts',
    files: ['index.js', 'index.d.ts', 'native.js', files.library, files.weights, 'LICENSE-torchnative'],
    engines: { node: '>=20' },
    os: ['linux'],
    cpu: [arch],
    libc: ['glibc'],
    dependencies: { koffi: koffiRange() },
    torchnative: { version: packageVersion(), id: idText(model.id), target: model.target.name, levels: model.levels },
  };
}

/** The range that torchnative itself depends on. */
function koffiRange(): string {
  // Three folders up in the sources, four in the built files.
  for (const up of ['../../../package.json', '../../../../package.json']) {
    const file = new URL(up, import.meta.url);
    if (!existsSync(file)) continue;
    const { name, dependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
      name: string;
      dependencies?: Readonly<Record<string, string>>;
    };
    if (name === 'torchnative' && dependencies?.koffi) return dependencies.koffi;
  }
  throw new TnError({ what: "torchnative's own package.json is missing", fix: 'install torchnative again' });
}

/** `runtime/` in one file. Types are gone, and so are comments. */
async function nativeModule(): Promise<string> {
  const { build } = await import('esbuild');
  const source = new URL('./runtime/index.ts', import.meta.url);
  // Built, it is JavaScript.
  const entry = existsSync(source) ? source : new URL('./runtime/index.js', import.meta.url);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['koffi'],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const head = '// Calls the library beside it. Part of TorchNative, MIT licence: LICENSE-torchnative.\n';
  return head + outputFiles[0].text.replace(/^\/\/ .*\.[jt]s\n/gm, '');
}

function readme(model: PackageModel, names: readonly string[]): string {
  const name = manifest(model, { library: '', weights: '' }).name;
  return [
    `# ${name}`,
    '',
    `Compiled by TorchNative: ${names.map((part) => `\`${part}\``).join(', ')}. Native code and weights are inside; nothing is`,
    'compiled or fetched when it is installed.',
    '',
    '```sh',
    `npm install --install-links ./${name}`,
    '```',
    '',
    '```ts',
    `import { ${names.join(', ')} } from '${name}';`,
    '```',
    '',
    `\`${names[0]}(…)\` runs here and now, \`${names[0]}.async(…)\` off the main thread; \`index.d.ts\` says what each takes and`,
    'gives. A tensor is `{ dtype, shape, data }` with `data` a typed array in row-major order. `{ out }` as the last argument',
    'names tensors to write results into. Worker threads may use it too: the weights are mapped once for the process.',
    '',
  ].join('\n');
}
