// What tools load of the transformer (Node's hooks, the bundlers' plugins) in dist/shells: few files in place of dozens, those that
// read and transform code apart, since nothing of them is needed where results are kept. The modules stay in dist/transformers, for
// commands and the thread with a large stack.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { keepAddresses } from './bundle.mjs';
import { replaceFile } from './replaceFile.mjs';

const shells = ['register', 'hooks', 'esbuild', 'rollup', 'rolldown', 'vite', 'vitest', 'webpack', 'webpackLoader'];
/** The one that names a module which is no shell: others name what lies beside them here too. */
const ofModules = 'deepStack.js';
/** Processes that run may still load what a new state of a clone has replaced. */
const oldMs = 86_400_000;

/** Makes dist/shells of dist/transformers. */
export async function bundleShells(root) {
  const { build } = await import('esbuild');
  const modules = join(root, 'dist/transformers');
  const folder = join(root, 'dist/shells');
  const { outputFiles } = await build({
    entryPoints: shells.map((name) => join(modules, `${name}.js`)),
    outdir: folder,
    bundle: true,
    splitting: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    // Results are kept under it.
    define: { builtFrom: JSON.stringify(hashOfModules(modules)) },
    logLevel: 'silent',
    plugins: [keepAddresses(folder, (path) => basename(path) !== ofModules)],
  });
  mkdirSync(folder, { recursive: true });
  // Entries last: what they import is there.
  for (const isEntry of [false, true]) {
    for (const { path, contents } of outputFiles) {
      if (shells.includes(basename(path, '.js')) === isEntry) replaceFile(path, contents);
    }
  }
  removeOld(folder, new Set(outputFiles.map(({ path }) => path)));
}

function hashOfModules(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    if (name.endsWith('.js')) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

function removeOld(folder, made) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (!made.has(path) && Date.now() - mtimeMs > oldMs) rmSync(path, { force: true });
  }
}
