// The library's entry as one file, dist/torchnative.js, made of the modules in dist/: Node takes most of a millisecond a module, and
// there are hundreds. The modules stay beside it, for commands, workers and helpers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { replaceFile } from './replaceFile.mjs';

/** Bundles the entry, and notes the hashes of what it was made of; `mtime` (ms) becomes the entry's time. */
export async function bundleEntry(root, mtime) {
  const { build } = await import('esbuild');
  const dist = join(root, 'dist');
  await noteLayers(dist);
  const target = join(dist, 'torchnative.js');
  const { outputFiles } = await build({
    entryPoints: [join(dist, 'src/index.js')],
    outfile: target,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    // Names tell operators and classes apart.
    keepNames: true,
    // Who bundles the package along tells its code from the program's by the map.
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [keepAddresses(dist, (path) => path === join(dist, 'src/core/location.js'))],
  });
  const [map, code] = ['.map', '.js'].map((end) => outputFiles.find(({ path }) => path.endsWith(end)).contents);
  writeFileSync(`${target}.map`, map);
  replaceFile(target, code, mtime);
}

/** Keys of captures and native code hold these hashes (cache/ownSources.ts): reading 300 files for them takes 15 ms of a start. */
export async function noteLayers(dist) {
  const { hashesOfLayers } = await import(pathToFileURL(join(dist, 'cache/ownSources.js')).href);
  replaceFile(join(dist, 'layers.json'), JSON.stringify(hashesOfLayers()));
}

/**
 * Modules find files beside them by their address, which they keep in a bundle that is written into `folder`.
 *
 * @param isMoved tells those that ask for the address of the file that they stand in
 */
export function keepAddresses(folder, isMoved) {
  return {
    name: 'own addresses',
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, ({ path }) => {
        if (isMoved(path)) return undefined;
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta.url')) return undefined;
        const relation = relative(folder, path).split(sep).join('/');
        const from = JSON.stringify(relation.startsWith('.') ? relation : `./${relation}`);
        return { contents: text.replaceAll('import.meta.url', `new URL(${from}, import.meta.url).href`) };
      });
    },
  };
}
