/** @file What `torchnative/webpack` adds to a compiler: a loader before all others, and the package as an external. */

import { fileURLToPath } from 'node:url';
import { handled, ownImport, type PluginOptions } from './forBundlers.ts';

/** The part of webpack's compiler that is used here. */
interface Compiler {
  readonly options: {
    readonly module: { readonly rules: unknown[] };
    readonly output: { readonly module?: boolean };
    externals?: unknown;
  };
}

interface ExternalRequest {
  readonly request?: string;
}
type ExternalAnswer = (error?: null, result?: string) => void;

/** Adds the loader and the external. webpack calls this before it reads its options itself. */
export function addToWebpack(compiler: unknown, options: PluginOptions): void {
  const { options: webpack } = compiler as Compiler;
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  webpack.module.rules.unshift({
    enforce: 'pre',
    test: handled.include,
    exclude: handled.exclude,
    use: [{ loader: fileURLToPath(new URL(`./webpackLoader.${extension}`, import.meta.url)), options }],
  });
  if (options.external === false) return;
  const external = ({ request = '' }: ExternalRequest, answer: ExternalAnswer): void => {
    if (!ownImport.test(request)) answer();
    // Not `require`: the package is an ES module.
    else answer(null, `${webpack.output.module ? 'module' : 'import'} ${request}`);
  };
  webpack.externals = [external, webpack.externals ?? []].flat();
}
