/** @file A Node of another major version than this one, fetched once: the npm registry has Node's own builds. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The path of a `node` of another major version; null where none can be had. */
export function otherNode(): string | null {
  const major = process.versions.node.startsWith('22.') ? '20' : '22';
  const home = join(tmpdir(), `torchnative-node-${process.platform}-${process.arch}-${major}`);
  const node = join(home, 'package/bin/node');
  if (existsSync(node)) return node;
  mkdirSync(dirname(home), { recursive: true });
  const made = mkdtempSync(`${home}.`);
  const name = `node-${process.platform}-${process.arch}@${major}`;
  const packed = spawnSync('npm', ['pack', '--silent', name], { cwd: made, encoding: 'utf8', timeout: 60_000 });
  const archive = readdirSync(made).find((file) => file.endsWith('.tgz'));
  if (packed.status !== 0 || !archive) {
    rmSync(made, { recursive: true, force: true });
    return null;
  }
  if (spawnSync('tar', ['-xzf', archive], { cwd: made }).status === 0) {
    rmSync(join(made, archive));
    // Whoever else fetches it at the same time has the same.
    if (existsSync(home)) rmSync(made, { recursive: true, force: true });
    else renameSync(made, home);
  }
  return existsSync(node) && spawnSync(node, ['--version']).status === 0 ? node : null;
}
