/** @file Gets the engine's sources from npm once, into the user's cache. */

import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { oneLine, TnError } from '../../core/errors.ts';
import { readTar } from './tar.ts';

/**
 * The release of QuickJS that packages get unless they are told otherwise: plain C inside the npm package `qjsc`, whose
 * install script builds an addon that nobody needs here. Hence fetched, not depended on.
 */
export const pinned = {
  package: 'qjsc',
  version: '0.3.0',
  /** In npm's form. */
  integrity: 'sha512-a7+cU6/IVcZbIejffdt/wZVMX6LL2MDL3HQ9Zb5Gm23G9DvBMS/z9GHFxz39bAvp2PvMOM+ypSOAyokt2DdZ2w==',
  /** Where the sources stand in the package. */
  folder: 'deps/quickjs_2021_03_27',
} as const;

/** Folders of runs that were killed are removed when they are older than this. */
const litterAgeMs = 3_600_000;

/**
 * A folder with the pinned sources, fetched when it is not there. Two processes may do this at once and each may be
 * killed: the folder appears by a rename, whole.
 *
 * @throws TnError when npm cannot get the package, or what it gets is another
 */
export function fetchedSources(engineFolder: string): string {
  const { package: name, version } = pinned;
  const final = join(engineFolder, `${name}-${version}`);
  if (existsSync(final)) return final;
  sweep(engineFolder);
  const work = join(engineFolder, `.fetch-${process.pid}-${randomBytes(6).toString('hex')}`);
  mkdirSync(work, { mode: 0o700 });
  try {
    const sources = join(work, 'sources');
    extract(download(work), sources);
    publish(sources, final);
    return final;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function publish(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another process was faster: its folder holds the same.
    if (!existsSync(to)) throw error;
  }
}

/** npm puts the package's archive into a folder. @throws TnError */
function download(folder: string): Uint8Array {
  const spec = `${pinned.package}@${pinned.version}`;
  const npm = spawnSync('npm', ['pack', spec, '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (npm.status === 0 && archive) return readFileSync(join(folder, archive));
  const said = npm.stderr?.split('\n').find((line) => /npm error|ERR!/.test(line));
  throw new TnError({
    what: `the JavaScript engine's sources (${spec}) could not be fetched`,
    found: [npm.error ? oneLine(npm.error) : (said?.trim() ?? `npm pack ended with ${npm.status ?? npm.signal}`)],
    fix: `go online once, or npm i -D ${pinned.package} --ignore-scripts, or name a folder with QuickJS's sources with --engine`,
  });
}

/** Checks the archive and writes the engine's files. @throws TnError */
export function extract(archive: Uint8Array, folder: string): void {
  const found = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  if (found !== pinned.integrity) {
    throw new TnError({
      what: `${pinned.package}@${pinned.version} is not the package that it should be`,
      found: [`its hash is ${found}`, `expected is ${pinned.integrity}`],
      fix: 'see which registry npm uses, or name a folder with sources that you trust with --engine',
    });
  }
  const prefix = `package/${pinned.folder}/`;
  mkdirSync(folder, { mode: 0o700 });
  for (const [path, bytes] of readTar(gunzipSync(archive))) {
    const name = path.startsWith(prefix) ? path.slice(prefix.length) : '';
    if (/^[\w.-]+\.[ch]$|^(LICENSE|VERSION)$/.test(name)) writeFileSync(join(folder, name), bytes);
  }
}

function sweep(engineFolder: string): void {
  for (const name of readdirSync(engineFolder)) {
    if (!name.startsWith('.fetch-')) continue;
    const path = join(engineFolder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > litterAgeMs) rmSync(path, { recursive: true, force: true });
  }
}
