#!/usr/bin/env node
// The `tn` command. In a clone it first brings dist/ up to date with the TypeScript sources beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

if (process.execArgv.includes('torchnative-source')) {
  await import('../src/cli/main.ts');
} else if (!existsSync(`${root}src/cli/main.ts`) || (await isTranspiled())) {
  await import('../dist/src/cli/main.js');
} else {
  runFromSource();
}

/** False where dist/ cannot be written: a clone of somebody else's. */
async function isTranspiled() {
  try {
    const { transpile } = await import('./transpile.mjs');
    await transpile(root);
    return true;
  } catch (error) {
    if (['EACCES', 'EROFS', 'ENOSPC', 'EPERM'].includes(error.code)) return false;
    throw error;
  }
}

/** Through tsx, in a process of its own. */
function runFromSource() {
  const tsx = import.meta.resolve('tsx');
  const self = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, '-C', 'torchnative-source', '--import', tsx, self, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes; what is sent to this one alone is passed on.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('error', (error) => {
    process.stderr.write(`tn: node does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
