/** @file `tn doctor`: which machines packages can be made for here, and the libc that their executables get. */

import type { PackageTarget } from '../compile/toolchain/index.ts';
import { oneLine, TnError } from '../core/errors.ts';
import type { Finding } from './doctor.ts';

/**
 * One finding a target. What is missing is no trouble, since nobody needs all of it: the finding says what is left out
 * and what would bring it.
 */
export async function packageTargets(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const toolchain = await import('../compile/toolchain/index.ts');
  return toolchain.packageTargetNames.map((name) => {
    const target = toolchain.packageTarget(name);
    try {
      const compiler = toolchain.findTargetCompiler(target, env);
      const runner = toolchain.runnerFor(target, env);
      const runs =
        runner === null
          ? 'nothing here runs it (apt install qemu-user)'
          : runner.length === 0
            ? 'runs here'
            : `runs here in ${runner[0]}`;
      const levels = target.levels.join(', ');
      return { name, ok: true, found: `${levels} by ${compiler.path}; ${executables(target)}; ${runs}` };
    } catch (error) {
      return { name, ok: true, found: `no packages: ${oneLine(error)}; ${remedy(error)}` };
    }
  });

  function executables(target: PackageTarget): string {
    try {
      const { libc } = toolchain.findStaticToolchain(target, env);
      return `executables with ${libc.name} ${libc.version} (${libc.licence})`;
    } catch (error) {
      return `no executables: ${remedy(error)}`;
    }
  }
}

function remedy(error: unknown): string {
  return (error instanceof TnError && error.parts.fix) || oneLine(error);
}
