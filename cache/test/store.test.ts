import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cacheFolder, openStore, parseBytes, type Store } from '../index.ts';
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

const INFO = { compiler: '', target: '', precision: '', tnVersion: '' };

/** Makes something look as if it was last used so many hours ago. */
function age(store: Store, hours: number, paths: readonly string[], stamp: string): void {
  const then = new Date(Date.now() - hours * 3_600_000);
  for (const path of [...paths, join(store.folder, 'use', stamp)]) utimesSync(path, then, then);
}

describe('eviction', () => {
  function filled() {
    const store = openStore({ folder: join(temporaryFolder(), 'cache'), limitBytes: 1e12 });
    const project = store.projectFor(projectFolder('p'));
    must(store.noteProject(project));
    const out = temporaryFolder();
    const shared = noise('shared', 50_000);
    const old = must(
      store.writeRecord(draftOf(project.recordRoot, manifestOf('old'), [noise('own', 100_000), shared])),
    );
    const young = must(store.writeRecord(draftOf(project.recordRoot, manifestOf('young'), [shared])));
    const kept = must(store.writeRecord(draftOf(out, manifestOf('kept'), [noise('out', 100_000)])));
    const artifact = must(store.publishArtifact('artifact-one', { 'p.so': noise('so', 200_000) }, INFO));
    const packed = must(store.publishPacked('blob', 'layout', noise('packed', 300_000)));
    const object = join(must(store.ownFolder('objects')), 'kernel.o');
    writeFileSync(object, noise('o', 10_000));
    age(store, 5, [old.folder], `record-${store.recordId(old)}`);
    age(store, 4, [artifact.folder], 'artifact-artifact-one');
    age(store, 3, [packed], 'packed-blob-layout');
    utimesSync(object, new Date(Date.now() - 2 * 3_600_000), new Date(Date.now() - 2 * 3_600_000));
    age(store, 1, [young.folder], `record-${store.recordId(young)}`);
    age(store, 9, [kept.folder], `record-${store.recordId(kept)}`);
    return { store, project, out, old, young, kept, artifact, packed, object, shared };
  }

  test('takes what was used least lately, and no more than it must', () => {
    const { store, project, old, shared, artifact, packed } = filled();
    expect(store.items().map(({ kind, label }) => [kind, label])).toEqual([
      ['record', 'old@0123456789ab'],
      ['artifact', 'artifact-one'],
      ['packed', 'blob-layout'],
      ['object', 'kernel.o'],
      ['record', 'young@0123456789ab'],
    ]);
    const all = store.evict();
    expect(all.removed).toEqual([]);
    const one = store.evict(all.before - 1);
    expect(one.removed.map(({ label }) => label)).toEqual(['old@0123456789ab']);
    expect(one.after).toBe(one.before - one.removed[0].bytes);
    expect(one.removed[0].bytes).toBeGreaterThan(100_000);
    expect(store.readManifests(project.recordRoot).records.map(({ part }) => part)).toEqual(['young']);
    expect(existsSync(store.blobPath(old.root, sha256(noise('own', 100_000))))).toBe(false);
    expect(store.checkBlob(old.root, sha256(shared))).toBeNull();
    const two = store.evict(one.after - 210_000);
    expect(two.removed.map(({ kind }) => kind)).toEqual(['artifact', 'packed']);
    expect(existsSync(artifact.folder) || existsSync(packed) || existsSync(`${packed}.json`)).toBe(false);
  });

  test('never touches `out` folders, nor what is in use this minute', () => {
    const { store, kept, young, out } = filled();
    store.touchUse('packed', 'blob-layout');
    utimesSync(join(store.folder, 'use', 'packed-blob-layout'), new Date(), new Date());
    const report = store.evict(0);
    expect(report.removed.map(({ label }) => label)).toEqual([
      'old@0123456789ab',
      'artifact-one',
      'kernel.o',
      'young@0123456789ab',
    ]);
    expect(store.findPacked('blob', 'layout')).toMatchObject({ bytes: 300_000 });
    expect(store.readManifests(out).records).toEqual([kept]);
    expect(store.checkBlob(out, kept.manifest.blobs[0])).toBeNull();
    expect(existsSync(young.folder)).toBe(false);
    expect(report.after).toBeLessThan(310_000);
  });

  test('runs when something is published, at most once an hour, and says what went', () => {
    const { store, artifact } = filled();
    const reports: unknown[] = [];
    const small = openStore({ folder: store.folder, limitBytes: 400_000, onEvict: (report) => reports.push(report) });
    must(small.publishPacked('another', 'layout', noise('x', 100)));
    expect(reports).toEqual([]);
    age(store, 2, [], 'evicted');
    must(small.publishPacked('third', 'layout', noise('x', 100)));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      limit: 400_000,
      removed: [{ label: 'old@0123456789ab' }, { label: 'artifact-one' }],
    });
    expect(existsSync(artifact.folder)).toBe(false);
  });

  test('a use is stamped at most once an hour', () => {
    const { store } = filled();
    const stamp = join(store.folder, 'use', 'artifact-artifact-one');
    openStore({ folder: store.folder }).touchUse('artifact', 'artifact-one');
    const first = statSync(stamp).mtimeMs;
    expect(Date.now() - first).toBeLessThan(60_000);
    utimesSync(stamp, new Date(Date.now() - 600_000), new Date(Date.now() - 600_000));
    openStore({ folder: store.folder }).touchUse('artifact', 'artifact-one');
    expect(Date.now() - store.lastUse('artifact', 'artifact-one')!).toBeGreaterThan(500_000);
  });
});

test('sizes of limits are read as people write them', () => {
  expect(['8GB', '1.5 GiB', '500mb', '10k', '123', '0'].map(parseBytes)).toEqual([
    8 * 2 ** 30,
    1.5 * 2 ** 30,
    500 * 2 ** 20,
    10240,
    123,
    0,
  ]);
  expect(['', 'many', '-1', '8 GBs', '1e9'].map(parseBytes)).toEqual([null, null, null, null, null]);
  expect(openStore({ folder: '/nowhere', env: { TN_CACHE_LIMIT: '2GB' } }).limitBytes).toBe(2 ** 31);
  expect(openStore({ folder: '/nowhere', env: {} }).limitBytes).toBe(8 * 2 ** 30);
});

test('the cache folder is where the environment says', () => {
  expect(cacheFolder({ TN_CACHE_DIR: '/a/b' })).toBe('/a/b');
  expect(cacheFolder({ TN_CACHE_DIR: 'rel' })).toBe(join(process.cwd(), 'rel'));
  expect(cacheFolder({})).toMatch(/torchnative$/);
});

describe('projects', () => {
  test('belong to the nearest package.json that has a name; roots of one name are kept apart', () => {
    const store = openStore({ folder: temporaryFolder() });
    const root = projectFolder('@org/app');
    mkdirSync(join(root, 'src', 'cjs'), { recursive: true });
    writeFileSync(join(root, 'src', 'cjs', 'package.json'), '{"type":"commonjs"}');
    const project = store.projectFor(join(root, 'src', 'cjs', 'model.ts'));
    expect(project).toMatchObject({ name: '@org/app', root, id: expect.stringMatching(/^org-app-[0-9a-f]{8}$/) });
    expect(store.projectFor(root)).toEqual(project);
    expect(store.projectFor(join(projectFolder('@org/app'), 'x.ts')).id).not.toBe(project.id);
    const bare = temporaryFolder();
    expect(store.projectFor(join(bare, 'x.ts')).root).toBe(bare);
  });

  test('are remembered with their `out` folders', () => {
    const store = openStore({ folder: temporaryFolder() });
    const project = store.projectFor(projectFolder('app'));
    const out = temporaryFolder();
    must(store.noteProject(project));
    must(store.noteProject(project, out));
    must(store.noteProject(project, join(out, 'gone')));
    expect(store.projects()).toEqual([project]);
    expect(store.recordRoots(project)).toEqual([project.recordRoot, out]);
  });
});

describe('verdicts', () => {
  test('hold for one state of the sources, and are listed until a file changes', () => {
    const store = openStore({ folder: temporaryFolder() });
    const project = store.projectFor(projectFolder('app'));
    const file = join(project.root, 'model.ts');
    writeFileSync(file, 'one');
    const verdict = { part: 'a/b', sourceKey: 'k1', reason: 'reads a value', location: 'model.ts:3:4', files: [file] };
    must(store.putVerdict(project, verdict));
    must(store.putVerdict(project, { ...verdict, variant: 'other', reason: 'more' }));
    expect(openStore({ folder: store.folder }).findVerdict(project, 'a/b', 'k1')).toMatchObject(verdict);
    expect(
      store
        .verdicts(project)
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(['more', 'reads a value']);
    writeFileSync(file, 'two');
    expect(store.verdicts(project)).toEqual([]);
    // A comment alone may have changed: the key decides for a call.
    expect(store.findVerdict(project, 'a/b', 'k1')).not.toBeNull();
    expect(store.findVerdict(project, 'a/b', 'k2')).toBeNull();
    expect(store.findVerdict(project, 'a/b', 'k1')).toBeNull();
    expect(store.clearVerdicts(project, 'a/b')).toBe(1);
    expect(store.clearVerdicts(project)).toBe(0);
    expect(store.projects()).toEqual([project]);
  });
});

describe('whose folder', () => {
  const asRoot = process.getuid?.() === 0;

  test.runIf(asRoot)("another user's is not used, nor a link that another made", () => {
    const folder = temporaryFolder();
    chownSync(folder, 12345, 12345);
    const store = openStore({ folder });
    expect(store.problem?.kind).toBe('foreign-owner');
    expect(store.problem?.message).toMatch(/owned by user 12345, not by you \(0\)/);
    expect(store.findArtifact('some-artifact')).toMatchObject({ problem: { kind: 'foreign-owner' } });
    const refused = store.publishArtifact('some-artifact', { 'p.so': noise('x', 10) }, INFO);
    expect(refused.ok ? null : refused.problem.kind).toBe('foreign-owner');
    const written = store.writeRecord(draftOf(join(folder, 'p-12345678'), manifestOf('p')));
    expect(written.ok ? null : written.problem.kind).toBe('foreign-owner');
    expect(store.probe()).toMatchObject({ ok: false, problem: { kind: 'foreign-owner' } });
    expect(store.readManifests(join(folder, 'p-12345678')).records).toEqual([]);
    // An `out` folder is not the cache: the record goes there.
    must(store.writeRecord(draftOf(temporaryFolder(), manifestOf('p'))));
  });

  test('one made by another after the store was opened is not used either', () => {
    if (!asRoot) return;
    const folder = join(temporaryFolder(), 'cache');
    const store = openStore({ folder });
    expect(store.problem).toBeNull();
    mkdirSync(folder);
    chownSync(folder, 12345, 12345);
    expect(store.problem?.kind).toBe('foreign-owner');
  });

  test('one that others may write into is closed to them', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    expect(openStore({ folder }).problem).toBeNull();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const link = join(temporaryFolder(), 'link');
    symlinkSync(folder, link);
    const store = openStore({ folder: link });
    expect(store.problem).toBeNull();
    must(store.publishPacked('b', 'l', noise('x', 10)));
  });
});
