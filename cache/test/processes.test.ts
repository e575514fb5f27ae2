import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { isTemporary } from '../files.ts';
import { openStore } from '../index.ts';
import {
  draftOf,
  manifestOf,
  must,
  noise,
  projectFolder,
  removeTemporaryFolders,
  sha256,
  temporaryFolder,
} from './samples.ts';

afterAll(removeTemporaryFolders);

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

function start(job: string, cache: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', TSX, WORKER, job, cache, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { code, output };
}

/** All that a reader can find is whole: no file is torn, and every record's model, samples and weights belong together. */
function expectWhole(cache: string, root: string): number {
  const store = openStore({ folder: cache });
  const listing = store.readManifests(root);
  expect(listing.skipped.filter(({ reason }) => !reason.includes('.onnx'))).toEqual([]);
  for (const record of listing.records) {
    const draft = draftOf(root, manifestOf('part', undefined, { graphHash: record.manifest.graphHash }), [], 50_000);
    expect(sha256(must(store.readOnnx(record)))).toBe(sha256(draft.onnx));
    expect(must(store.readSamples(record)).outputs.map(sha256)).toEqual(draft.samples.outputs.map(sha256));
    for (const blob of record.manifest.blobs) expect(store.checkBlob(root, blob)).toBeNull();
  }
  const artifact = store.findArtifact('key-of-artifact');
  if ('files' in artifact)
    expect(sha256(readFileSync(artifact.files['program.so']))).toBe(sha256(noise('so', 200_000)));
  else expect(artifact.miss).toBe('not compiled yet');
  const packed = store.findPacked('blob', 'layout');
  if ('path' in packed) expect(sha256(readFileSync(packed.path))).toBe(sha256(noise('packed', 300_000)));
  return listing.records.length;
}

function setup(): { cache: string; root: string } {
  const cache = join(temporaryFolder(), 'cache');
  const store = openStore({ folder: cache });
  const project = store.projectFor(projectFolder('p'));
  must(store.noteProject(project));
  return { cache, root: project.recordRoot };
}

describe('many processes', () => {
  test('eight write the same record, artifact and packed weights at once', async () => {
    const { cache, root } = setup();
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ended(start('write', cache, root, '4', `w${i}`))),
    );
    expect(all.map(({ code }) => code)).toEqual(Array(8).fill(0));
    expect(expectWhole(cache, root)).toBe(1);
    const left = [root, join(root, 'blobs'), ...['artifacts', 'packed', 'locks'].map((name) => join(cache, name))];
    expect(left.flatMap((folder) => readdirSync(folder).filter(isTemporary))).toEqual([]);
    expect(readdirSync(join(cache, 'artifacts'))).toEqual(['key-of-artifact']);
    expect(readdirSync(join(root, 'blobs'))).toHaveLength(3);
  });

  test('kill -9 at any moment leaves nothing torn, and the next writer is right', async () => {
    const { cache, root } = setup();
    for (let round = 0; round < 12; round++) {
      const child = start('write', cache, root, '1000', `k${round}`);
      const exit = ended(child);
      // From before its first write to well within the loop.
      const from = Date.now();
      while (!existsSync(join(root, 'blobs')) && Date.now() - from < 20_000)
        await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 150));
      child.kill('SIGKILL');
      await exit;
      expectWhole(cache, root);
    }
    const last = await ended(start('write', cache, root, '1', 'last'));
    expect(last.code).toBe(0);
    expect(expectWhole(cache, root)).toBe(1);
    expect(openStore({ folder: cache }).readManifests(root).records[0].manifest.graphHash).toBe('last-0');
    // What the killed ones left goes when it is an hour old.
    const litter = (): string[] =>
      [root, join(root, 'blobs'), ...['artifacts', 'packed'].map((name) => join(cache, name))].flatMap((folder) =>
        readdirSync(folder)
          .filter(isTemporary)
          .map((name) => join(folder, name)),
      );
    for (const path of litter()) utimesSync(path, 1000, 1000);
    openStore({ folder: cache }).evict();
    expect(litter()).toEqual([]);
  });

  test('bindings added at once are all kept', async () => {
    const { cache, root } = setup();
    must(openStore({ folder: cache }).writeRecord(draftOf(root, manifestOf('part'))));
    const names = Array.from({ length: 6 }, (_, i) => `b${i}`);
    const all = await Promise.all(names.map((name) => ended(start('bind', cache, root, name))));
    expect(all.map(({ output }) => output)).toEqual(Array(6).fill('true\n'));
    const [record] = openStore({ folder: cache }).readManifests(root).records;
    expect(record.manifest.weights.map(({ name }) => name).sort()).toEqual(names);
  });
});

describe('locks', () => {
  test('let one in at a time', async () => {
    const { cache } = setup();
    const file = join(temporaryFolder(), 'count');
    writeFileSync(file, '0');
    const all = await Promise.all(Array.from({ length: 4 }, () => ended(start('count', cache, file))));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(readFileSync(file, 'utf8')).toBe('80');
  });

  test('a live holder is named and waited for; a killed one is forgotten', async () => {
    const { cache } = setup();
    const store = openStore({ folder: cache });
    const child = start('hold', cache);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const got = store.tryLock('held');
    expect('holder' in got && got.holder?.pid).toBe(child.pid);
    expect(store.lockHolder('held')?.pid).toBe(child.pid);
    const waits: number[] = [];
    expect(store.waitLock('held', { timeoutMs: 900, onWait: (holder) => waits.push(holder?.pid ?? 0) })).toBeNull();
    expect(waits.length).toBeGreaterThan(0);
    expect(store.withLock('held', () => 'anyway', { timeoutMs: 50 })).toBe('anyway');
    expect(store.lockHolder('held')?.pid).toBe(child.pid);
    const exit = ended(child);
    child.kill('SIGKILL');
    await exit;
    const free = store.tryLock('held');
    expect('lock' in free).toBe(true);
    if ('lock' in free) free.lock.release();
    expect(store.lockHolder('held')).toBeNull();
    expect(readdirSync(join(cache, 'locks'))).toEqual([]);
  });

  test('an id that is used again, a foreign machine that fell silent and rubbish do not hold a lock', () => {
    const { cache } = setup();
    const store = openStore({ folder: cache });
    const path = join(cache, 'locks', 'x.lock');
    store.withLock('x', () => {});
    const holds = (content: string, ageMs: number): boolean => {
      writeFileSync(path, content);
      utimesSync(path, new Date(Date.now() - ageMs), new Date(Date.now() - ageMs));
      const got = store.tryLock('x');
      if ('lock' in got) got.lock.release();
      return !('lock' in got);
    };
    const other = (change: object): string =>
      JSON.stringify({ pid: 1, startTime: '1', space: 'elsewhere', token: 't', since: 0, ...change });
    let ours: unknown;
    store.withLock('y', () => (ours = store.lockHolder('y')));
    const mine = { ...(ours as object), pid: process.pid };
    expect(holds(JSON.stringify(mine), 3_600_000)).toBe(true);
    expect(holds(JSON.stringify({ ...mine, startTime: '12' }), 0)).toBe(false);
    expect(holds(other({}), 10_000)).toBe(true);
    expect(holds(other({}), 600_000)).toBe(false);
    expect(holds('', 100)).toBe(true);
    expect(holds('{"half', 60_000)).toBe(false);
    expect(statSync(join(cache, 'locks')).mode & 0o777).toBe(0o700);
  });
});

describe('disks that refuse', () => {
  /** Runs the worker in a mount namespace of its own, after a shell line; null where that is not allowed. */
  function inNamespace(setupLine: string, cache: string): Record<string, unknown> | null {
    const flags = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m'];
    const script = `${setupLine} && exec "$0" --import "$1" "$2" writeAll "$3"`;
    const run = spawnSync('unshare', [...flags, 'sh', '-ec', script, process.execPath, TSX, WORKER, cache], {
      encoding: 'utf8',
      cwd: temporaryFolder(),
    });
    if (run.error || run.status !== 0) {
      if (/unshare|mount|permitted/.test(run.stderr ?? '') || run.error) return null;
      throw new Error(run.stderr);
    }
    return JSON.parse(run.stdout) as Record<string, unknown>;
  }

  const tmpfs = (folder: string, options: string): string => `mount -t tmpfs -o ${options} tmpfs ${folder}`;

  test('a full one', ({ skip }) => {
    const folder = temporaryFolder();
    const found = inNamespace(tmpfs(folder, 'size=200k'), join(folder, 'cache'));
    if (!found) return skip();
    expect(found).toMatchObject({ record: 'full', artifact: 'full', packed: 'full', listed: 0, locked: true });
    expect((found.messages as string[])[0]).toMatch(/is on a disk that is full \(ENOSPC\)/);
  });

  test('a full one that has not a byte left', ({ skip }) => {
    const folder = temporaryFolder();
    const found = inNamespace(`${tmpfs(folder, 'size=4k,nr_inodes=3')}`, join(folder, 'cache'));
    if (!found) return skip();
    expect(found).toMatchObject({
      record: 'full',
      artifact: 'full',
      packed: 'full',
      verdict: 'full',
      probe: 'full',
      locked: true,
    });
  });

  test('a read-only one: what is there is used', ({ skip }) => {
    const folder = temporaryFolder();
    const cache = join(folder, 'cache');
    const store = openStore({ folder: cache });
    must(
      store.publishArtifact(
        'key-of-artifact',
        { 'program.so': noise('so', 200_000) },
        { compiler: '', target: '', precision: '', tnVersion: '' },
      ),
    );
    const found = inNamespace(`mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}`, cache);
    if (!found) return skip();
    expect(found).toMatchObject({
      probe: 'read-only',
      record: 'read-only',
      verdict: 'read-only',
      artifact: 'ok',
      found: 'hit',
      locked: true,
    });
  });

  test('a noexec one', ({ skip }) => {
    const folder = temporaryFolder();
    const found = inNamespace(tmpfs(folder, 'size=10m,noexec'), join(folder, 'cache'));
    if (!found) return skip();
    expect(found).toMatchObject({
      probe: 'not-executable',
      record: 'ok',
      packed: 'ok',
      artifact: 'not-executable',
      foundProblem: 'not-executable',
    });
  });

  test('a path through a file', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const run = spawnSync(process.execPath, ['--import', TSX, WORKER, 'writeAll', join(file, 'cache')], {
      encoding: 'utf8',
    });
    expect(JSON.parse(run.stdout)).toMatchObject({
      probe: 'not-a-folder',
      record: 'not-a-folder',
      artifact: 'not-a-folder',
      packed: 'not-a-folder',
      verdict: 'not-a-folder',
      found: 'not compiled yet',
      locked: true,
    });
    const itself = spawnSync(process.execPath, ['--import', TSX, WORKER, 'writeAll', file], { encoding: 'utf8' });
    expect(JSON.parse(itself.stdout)).toMatchObject({ probe: 'not-a-folder', record: 'not-a-folder', locked: true });
  });
});
