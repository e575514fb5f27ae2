/** @file The esbuild plugin of a packaged program: what imports lead to there, and the metadata of the project's files. */

import { readFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Loader, type OnLoadResult, type OnResolveResult, type Plugin, transform } from 'esbuild';
import { transform as addMetadata } from '../../../transformers/core.ts';
import type { PartCall } from '../../../transformers/metadata.ts';
import { isOwnFile, isPackageImport } from '../../../transformers/ownPackage.ts';
import { compilerOptionsFor } from '../../../transformers/strip.ts';
import { appFile, isNodeModule, type NodeModules } from './nodeModules.ts';
import { placeInApp, urlInApp } from './places.ts';
import { type LocatedProblem, nodeNamespace } from './problems.ts';
import { type AssetCall, mayMatter, scanSource } from './scan.ts';
import { engineFeatures, engineTarget } from './target.ts';

/** What the plugin finds while esbuild runs. */
export interface Findings {
  readonly parts: (PartCall & { readonly file: string })[];
  readonly assets: (AssetCall & { readonly file: string })[];
  readonly problems: LocatedProblem[];
  /** Files that esbuild got in another form: path → the map that leads back. */
  readonly maps: Map<string, string>;
}

/** The program's first module: what every program finds there, then the program. */
export const entryName = 'torchnative:entry';

/** Makes the plugin. */
export function packagedPlugin(entry: string, root: string, modules: NodeModules, findings: Findings): Plugin {
  const target = (specifier: string, importer: string): OnResolveResult | undefined => {
    if (isPackageImport(specifier, importer)) return packageTarget(specifier);
    if (!isNodeModule(specifier)) return undefined;
    if (modules.fileOf(specifier)) return { path: specifier.replace(/^node:/, ''), namespace: nodeNamespace };
    return refused(`${specifier} does not work inside a packaged program`, `it has ${modules.all.join(', ')}`);
  };
  return {
    name: 'torchnative',
    setup(build) {
      build.onResolve({ filter: /^torchnative:entry$/ }, () => ({ path: entryName, namespace: 'tn-entry' }));
      build.onResolve({ filter: /\.node$/ }, () =>
        refused('a native addon cannot be loaded inside a packaged program', 'leave the package out that needs it'),
      );
      build.onResolve({ filter: /^[\w@.]/ }, ({ path, importer, namespace }) =>
        namespace === 'file' ? target(path, importer) : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'tn-entry' }, () => ({
        contents: [appFile('polyfills/index'), appFile('node/internal/globals'), entry]
          .map((file) => `import ${JSON.stringify(file)};`)
          .join('\n'),
        resolveDir: root,
      }));
      build.onLoad({ filter: /.*/, namespace: 'tn-types' }, () => ({ contents: '' }));
      build.onLoad({ filter: /.*/, namespace: nodeNamespace }, ({ path }) => nodeModule(path, modules));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, ({ path }) =>
        loadSource(path, root, modules, findings),
      );
    },
  };
}

function refused(text: string, fix: string): OnResolveResult {
  return { errors: [{ text, notes: [{ text: fix }] }] };
}

function packageTarget(specifier: string): OnResolveResult {
  if (specifier === 'torchnative' || specifier.startsWith('.')) return { path: appFile('index') };
  // Types, and nothing at run time.
  if (specifier === 'torchnative/operators') return { path: specifier, namespace: 'tn-types' };
  return refused(`${specifier} does not work inside a packaged program`, 'import torchnative itself');
}

/** Programs use Node's modules by name, by namespace, and through the default export. */
function nodeModule(name: string, modules: NodeModules): OnLoadResult {
  const file = modules.fileOf(name);
  if (file === null) return { errors: [{ text: `${name} is none of Node's modules` }] };
  const path = JSON.stringify(file);
  const all = modules.hasDefault(name)
    ? `export { defaultExport as default } from ${path};`
    : `import * as all from ${path};\nexport default all;`;
  return { contents: `export * from ${path};\n${all}`, resolveDir: dirname(file) };
}

async function loadSource(
  path: string,
  root: string,
  modules: NodeModules,
  findings: Findings,
): Promise<OnLoadResult | undefined> {
  if (isOwnFile(path)) return undefined;
  const code = readFileSync(path, 'utf8');
  if (mayMatter(code)) {
    const isPackage = (specifier: string): boolean => isPackageImport(specifier, path);
    const { namesOf, hasDefault } = modules;
    const scan = scanSource(code, path, { isPackage, namesOf, hasDefault });
    for (const found of scan.assets) findings.assets.push({ ...found, file: path });
    for (const problem of scan.problems) findings.problems.push({ ...problem, file: path });
  }
  const transformed = addMetadata(code, path, { packagedAs: placeInApp(path, root) });
  for (const part of transformed?.parts ?? []) findings.parts.push({ ...part, file: path });
  // Other people's code is left as it is: its names tell nothing apart.
  const installed = /[\\/]node_modules[\\/]/.test(path);
  if (installed && !transformed && !code.includes('import.meta')) return undefined;
  const text = transformed ? `${transformed.code}\n//# sourceMappingURL=${transformed.map.toUrl()}` : code;
  const stripped = await transform(text, {
    loader: loaderOf(path),
    format: extname(path).startsWith('.c') ? undefined : 'esm',
    target: engineTarget,
    supported: engineFeatures,
    sourcefile: path,
    sourcemap: 'external',
    sourcesContent: false,
    // Classes are told apart by name, which bundling may change.
    keepNames: !installed,
    tsconfigRaw: { compilerOptions: compilerOptionsFor(dirname(path)) },
    define: importMeta(path, root),
    logLevel: 'silent',
  }).catch(() => null);
  // What does not parse is reported by esbuild itself, in the file as it is.
  if (!stripped) return undefined;
  findings.maps.set(path, stripped.map);
  return { contents: stripped.code, loader: 'js', resolveDir: dirname(path) };
}

function loaderOf(path: string): Loader {
  if (/\.[cm]?ts$/.test(path)) return 'ts';
  return path.endsWith('.tsx') ? 'tsx' : 'jsx';
}

function importMeta(path: string, root: string): Record<string, string> {
  const url = urlInApp(path, root);
  const file = fileURLToPath(url);
  return {
    'import.meta.url': JSON.stringify(url),
    'import.meta.filename': JSON.stringify(file),
    'import.meta.dirname': JSON.stringify(dirname(file)),
  };
}

/** The URL that an asset call means on this machine. */
export function assetFile(path: string, importer: string): string {
  return fileURLToPath(new URL(path, pathToFileURL(importer)));
}
