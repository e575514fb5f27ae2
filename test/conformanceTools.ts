/** @file The tools that run the conformance programs: how each builds them, and what is run then. */

/** A command line: `node` with these arguments. */
type NodeArguments = readonly string[];

export interface Tool {
  readonly name: string;
  /** What makes the output; none for tools that run the sources. */
  readonly builds?: readonly NodeArguments[];
  /** What prints a line for each program. */
  readonly runs: readonly NodeArguments[];
  /** What is run is an executable, not a script of Node's. */
  readonly executable?: boolean;
}

const tn = 'node_modules/torchnative/bin/tn.mjs';
const register = ['--import', 'torchnative/register'];
const maps = '--enable-source-maps';

function bundler(name: string, script: string, ...args: string[]): Tool {
  const out = `out/${name.replaceAll(' ', '-')}`;
  return {
    name,
    builds: [[`tools/${script}.mjs`, out, ...args]],
    runs: [[maps, `${out}/both.js`]],
  };
}

/** The first one captures; all others find what it left. */
export const tools: readonly Tool[] = [
  { name: 'tn run', runs: [[tn, 'run', 'both.ts']] },
  { name: 'node + register', runs: [[...register, 'both.ts']] },
  { name: 'register, then tsx', runs: [[...register, '--import', 'tsx', 'both.ts']] },
  { name: 'tsx, then register', runs: [['--import', 'tsx', ...register, 'both.ts']] },
  { name: 'tsx command + register', runs: [['node_modules/tsx/dist/cli.mjs', ...register, 'both.ts']] },
  bundler('vite 7', 'vite', '.'),
  bundler('vite 8', 'vite', 'vite8'),
  { name: 'vitest 4', runs: [['tools/vitest.mjs', '.']] },
  { name: 'vitest 5', runs: [['tools/vitest.mjs', 'vite8']] },
  bundler('rollup', 'rollup'),
  bundler('rolldown', 'rolldown'),
  bundler('esbuild', 'esbuild'),
  bundler('esbuild, minified', 'esbuild', 'minify'),
  bundler('webpack', 'webpack'),
  {
    name: 'ts-patch + tsc',
    builds: [
      ['node_modules/ts-patch/bin/tspc.js', '-p', 'tsconfig.patched.json'],
      ['node_modules/ts-patch/bin/tspc.js', '-p', 'legacy/tsconfig.patched.json'],
    ],
    runs: [
      [maps, 'out/patched/app.js'],
      [maps, 'out/patched/legacy/app.js'],
    ],
  },
  {
    name: 'tn build',
    builds: [
      [tn, 'build'],
      [tn, 'build', '-p', 'legacy'],
    ],
    runs: [
      [maps, 'out/build/app.js'],
      [maps, 'out/build/legacy/app.js'],
    ],
  },
  { name: 'bundle under register', runs: [[...register, 'out/rollup/both.js']] },
  {
    name: 'packaged --app',
    builds: [[tn, 'cache', 'package', '--app', 'both.ts', '--isa', 'v3', '-o', 'packaged']],
    runs: [['packaged']],
    executable: true,
  },
];
