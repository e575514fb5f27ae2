/** @file The embedding example in a project of its own, and what its programs need: packages, numpy, tools that may be missing. */

import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProject, type Project, type RunResult, repository } from './project.ts';
import { shareObjects } from './sharedObjects.ts';

export interface EmbedProject extends Project {
  /** Where packages go: `build/` of the project. */
  readonly build: string;
  /** Runs a program in the project. @throws when it fails, with what it said on stderr */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunResult>;
  /** `tn cache package … -o build/<output>`; gives the folder or file. */
  pack(output: string, ...args: readonly string[]): Promise<string>;
}

/** `examples/embed` as a user's project: torchnative installed, `npx tn` there. */
export function embedProject(): EmbedProject {
  const project = createProject({});
  shareObjects(project.cache);
  cpSync(join(repository, 'examples/embed'), project.root, { recursive: true });
  for (const made of ['build', 'rust/target', 'npm/node_modules']) {
    rmSync(join(project.root, made), { recursive: true, force: true });
  }
  const build = join(project.root, 'build');
  mkdirSync(build);
  mkdirSync(join(project.root, 'node_modules/.bin'));
  symlinkSync('../torchnative/bin/tn.mjs', join(project.root, 'node_modules/.bin/tn'));
  const run: EmbedProject['run'] = async (program, args, env = {}) => {
    // The test may itself be run by npm, which tells where from.
    const result = await project.exec(program, args, { env: { INIT_CWD: project.root, ...env } });
    if (result.status === 0) return result;
    throw new Error(
      `${program} ${args.join(' ')}: ${result.signal ?? result.status}\n${result.stdout}${result.stderr}`,
    );
  };
  return {
    ...project,
    build,
    run,
    async pack(output, ...args) {
      const path = join(build, output);
      await run(process.execPath, [join(repository, 'bin/tn.mjs'), 'cache', 'package', ...args, '-o', path]);
      return path;
    },
  };
}

/** What model.ts prints, and so every program of the example. */
export const expectedOutput = `digits 3 1 4 1 5
sure 0.713 0.928 0.992 0.928 0.982
step 0: 0.140 -0.087 0.132 -0.151
step 1: 0.013 -0.027 0.042 -0.079
step 2: -0.288 -0.037 0.076 0.003
step 3: -0.528 -0.161 0.358 -0.066
step 4: -0.290 -0.012 0.457 -0.019
`;

/** Whether a program can be run here; says so on stderr when it cannot, since a test is then skipped. */
export function hasTool(program: string, ...args: readonly string[]): boolean {
  const { status } = spawnSync(program, args.length > 0 ? args : ['--version'], { stdio: 'ignore' });
  if (status === 0) return true;
  process.stderr.write(`\nSKIPPED, not installed here: ${program}\n`);
  return false;
}

const numpyVersion = '2.4.6';

/** A folder for PYTHONPATH that holds numpy, installed on first use outside of this repository; null where that fails. */
export function numpyFolder(): string | null {
  const folder = join(process.env['TN_NUMPY'] ?? join(tmpdir(), `torchnative-numpy-${numpyVersion}`));
  if (existsSync(folder)) return folder;
  const work = mkdtempSync(join(tmpdir(), 'tn-numpy-'));
  try {
    const options: ExecFileSyncOptions = { stdio: ['ignore', 'ignore', 'pipe'] };
    execFileSync('python3', ['-m', 'venv', join(work, 'venv')], options);
    const pip = ['install', '--quiet', '--disable-pip-version-check', '--target', join(work, 'packages')];
    execFileSync(join(work, 'venv/bin/pip'), [...pip, `numpy==${numpyVersion}`], options);
    renameSync(join(work, 'packages'), folder);
  } catch (error) {
    // Another test was faster, or there is no Python or no registry.
    if (!existsSync(folder)) {
      process.stderr.write(`\nSKIPPED, no numpy here: ${String(error).split('\n', 1)[0]}\n`);
      return null;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}
