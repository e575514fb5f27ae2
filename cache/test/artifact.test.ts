import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
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

const KEY = 'k'.repeat(32);
const INFO = { compiler: 'gcc 12', target: 'v4', precision: 'float32', tnVersion: '0.1.0', details: { kernels: 3 } };
const FILES = { 'program.so': noise('so', 3_000_000), 'plan.json': Buffer.from('{}') };

function published(folder = temporaryFolder()) {
  const store = openStore({ folder });
  const artifact = must(store.publishArtifact(KEY, FILES, INFO));
  return { store, artifact, folder };
}

/** Changes a byte and puts size and mtime back: only the change time tells. */
function flipByte(path: string): void {
  const before = statSync(path);
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.from([readFileSync(path)[1000] ^ 1]), 0, 1, 1000);
  closeSync(fd);
  utimesSync(path, before.atime, before.mtime);
}

describe('artifacts', () => {
  test('are found by key, in another process too, without reading them again', () => {
    const { artifact, folder } = published();
    const fresh = openStore({ folder });
    expect(fresh.findArtifact(KEY)).toEqual(artifact);
    expect(fresh.memo.bytesHashed).toBe(0);
    expect(sha256(readFileSync(artifact.files['program.so']))).toBe(sha256(FILES['program.so']));
    expect(artifact.info.details).toEqual({ kernels: 3 });
  });

  test('another content never takes a path that was loaded before', () => {
    const { store, artifact } = published();
    rmSync(artifact.folder, { recursive: true });
    const again = must(store.publishArtifact(KEY, { 'program.so': noise('other', 100) }, INFO));
    expect(again.files['program.so']).not.toBe(artifact.files['program.so']);
  });

  const damages: readonly (readonly [string, (so: string, folder: string) => void, RegExp])[] = [
    ['a flipped byte', (so) => flipByte(so), /damaged/],
    ['a truncated library', (so) => truncateSync(so, 100), /has 100 bytes, 3000000 expected/],
    ['an empty library', (so) => truncateSync(so, 0), /has 0 bytes/],
    ['a missing library', (so) => rmSync(so), /missing/],
    ['a foreign library', (so) => writeFileSync(so, noise('foreign', 3_000_000)), /damaged/],
    ['no description', (_, folder) => rmSync(join(folder, 'artifact.json')), /not compiled/],
    ['half a description', (_, folder) => truncateSync(join(folder, 'artifact.json'), 50), /not JSON/],
    [
      'a description that climbs',
      (_, folder) => {
        const path = join(folder, 'artifact.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace(/"file": "program[^"]*"/, '"file": "../../../x.so"'));
      },
      /lacks fields/,
    ],
    [
      'another key',
      (_, folder) => {
        const path = join(folder, 'artifact.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace(KEY, 'z'.repeat(32)));
      },
      /another key/,
    ],
  ];
  test.each(damages)('%s is a miss, and compiled again it is a hit', (_, damage, miss) => {
    const { store, artifact, folder } = published();
    damage(artifact.files['program.so'], artifact.folder);
    for (const each of [store, openStore({ folder })]) {
      const found = each.findArtifact(KEY);
      expect('miss' in found ? found.miss : 'hit').toMatch(miss);
    }
    must(store.publishArtifact(KEY, FILES, INFO));
    expect('files' in openStore({ folder }).findArtifact(KEY)).toBe(true);
    expect(readdirSync(join(folder, 'artifacts'))).toEqual([KEY]);
  });

  test('the first of two wins and both get it', () => {
    const { store, artifact } = published();
    const second = must(store.publishArtifact(KEY, { 'program.so': noise('mine', 50) }, INFO));
    expect(second.files).toEqual(artifact.files);
  });

  test('a check holds for one record with these samples', () => {
    const { store, folder } = published();
    const root = store.projectFor(projectFolder('p')).recordRoot;
    const record = must(store.writeRecord(draftOf(root, manifestOf('a'))));
    const other = must(store.writeRecord(draftOf(root, manifestOf('b'))));
    expect(store.readVerification(KEY, record)).toBeNull();
    must(store.putVerification(KEY, record, { ok: false, detail: 'kernel 3' }));
    must(store.putVerification(KEY, record, { ok: true, detail: '1e-7' }));
    expect(openStore({ folder }).readVerification(KEY, record)).toMatchObject({ ok: true, detail: '1e-7' });
    expect(store.readVerification(KEY, other)).toBeNull();
    const again = must(store.writeRecord(draftOf(root, manifestOf('a', undefined, { graphHash: 'new' }))));
    expect(store.readVerification(KEY, again)).toBeNull();
    expect(store.removeArtifact(KEY)).toBeGreaterThan(3_000_000);
    expect(store.readVerification(KEY, record)).toBeNull();
  });
});

describe('packed weights', () => {
  const blob = sha256('weights');
  const content = noise('packed', 5_000_000);

  test('are found without reading a page, from bytes and from a writer', () => {
    const folder = temporaryFolder();
    const store = openStore({ folder });
    expect(store.findPacked(blob, 'panel16')).toEqual({ miss: 'not packed yet' });
    const path = must(store.publishPacked(blob, 'panel16', content));
    must(store.publishPacked(blob, 'pairs', (to) => writeFileSync(to, content)));
    const fresh = openStore({ folder });
    expect(fresh.findPacked(blob, 'panel16')).toEqual({ path, bytes: content.length });
    expect(fresh.findPacked(blob, 'pairs')).toMatchObject({ bytes: content.length });
    expect(fresh.memo.bytesHashed).toBe(0);
    // The first stays: other processes have it mapped.
    const inode = statSync(path).ino;
    must(fresh.publishPacked(blob, 'panel16', content));
    expect(statSync(path).ino).toBe(inode);
  });

  test('a flipped byte, a cut and a lost description are misses', () => {
    const folder = temporaryFolder();
    const store = openStore({ folder });
    const path = must(store.publishPacked(blob, 'l', content));
    flipByte(path);
    expect(store.findPacked(blob, 'l')).toMatchObject({ miss: expect.stringMatching(/damaged/) });
    must(store.publishPacked(blob, 'l', content));
    expect(openStore({ folder }).findPacked(blob, 'l')).toMatchObject({ path });
    truncateSync(path, 10);
    expect(store.findPacked(blob, 'l')).toMatchObject({ miss: expect.stringMatching(/10 bytes/) });
    must(store.publishPacked(blob, 'l', content));
    rmSync(`${path}.json`);
    expect(store.findPacked(blob, 'l')).toMatchObject({ miss: expect.stringMatching(/description/) });
  });

  test('a writer that fails leaves nothing', () => {
    const folder = temporaryFolder();
    const store = openStore({ folder });
    const fail = (to: string) => {
      writeFileSync(to, 'half');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    const result = store.publishPacked(blob, 'l', fail);
    expect(result.ok ? null : result.problem.kind).toBe('full');
    expect(readdirSync(join(folder, 'packed'))).toEqual([]);
  });
});

describe('the memo of hashes', () => {
  test('knows settled files in another process, and sees every change', () => {
    const folder = temporaryFolder();
    const file = join(temporaryFolder(), 'weights');
    writeFileSync(file, noise('w', 100_000));
    const first = openStore({ folder });
    const hash = () => must(openStore({ folder }).hashFileRegion(file, 10, 50_000));
    expect(hash()).toBe(sha256(noise('w', 100_000).subarray(10, 50_010)));
    // A file this young is not remembered: it could change again in the same tick.
    must(first.hashFileRegion(file, 10, 50_000));
    const fresh = openStore({ folder });
    must(fresh.hashFileRegion(file, 10, 50_000));
    expect(fresh.memo.bytesHashed).toBe(50_000);
    // As if written by this process and so known to be settled.
    fresh.memo.remember(file, sha256(noise('w', 100_000)));
    const later = openStore({ folder });
    expect(must(later.hashFileRegion(file))).toBe(sha256(noise('w', 100_000)));
    expect(later.memo.bytesHashed).toBe(0);
    flipByte(file);
    expect(must(openStore({ folder }).hashFileRegion(file))).not.toBe(sha256(noise('w', 100_000)));
    writeFileSync(`${file}.new`, noise('v', 100_000));
    renameSync(`${file}.new`, file);
    expect(hash()).toBe(sha256(noise('v', 100_000).subarray(10, 50_010)));
    expect(must(later.hashFileRegion(file, 99_000, 2_000))).toBeNull();
    expect(later.hashFileRegion(`${file}.none`).ok).toBe(false);
  });

  test('a torn or foreign log is skipped', () => {
    const folder = temporaryFolder();
    const store = openStore({ folder });
    const path = must(store.publishPacked('b', 'l', noise('x', 1000)));
    for (const name of readdirSync(join(folder, 'memo'))) {
      const log = join(folder, 'memo', name);
      writeFileSync(log, `garbage ${'f'.repeat(64)}\n1 2 3\n${readFileSync(log, 'latin1').trim().slice(0, -5)}`);
    }
    const fresh = openStore({ folder });
    expect(fresh.findPacked('b', 'l')).toMatchObject({ path });
    expect(fresh.memo.bytesHashed).toBe(1000);
  });
});
