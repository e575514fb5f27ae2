import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { entryId, openStore, type RecordRef, type Store } from '../index.ts';
import { decodeName, encodeName } from '../layout.ts';
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

function setup(): { store: Store; root: string } {
  const store = openStore({ folder: join(temporaryFolder(), 'cache') });
  const project = store.projectFor(projectFolder('@scope/my app'));
  must(store.noteProject(project));
  return { store, root: project.recordRoot };
}

const OTHER = 'ba9876543210';

describe('records', () => {
  test('come back as they were written, in the layout of the README', () => {
    const { store, root } = setup();
    const weights = [noise('a', 1000), noise('b', 3_000_000)];
    const draft = draftOf(root, manifestOf('encode'), weights);
    const record = must(store.writeRecord(draft));
    expect(readdirSync(root).sort()).toEqual([
      'blobs',
      'encode.0123456789ab',
      'encode.0123456789ab.onnx',
      'project.json',
    ]);
    expect(readdirSync(record.samples).sort()).toEqual(['input_0.pb', 'input_1.pb', 'output_0.pb']);
    const [found] = store.readManifests(root).records;
    expect(found).toEqual(record);
    expect(sha256(must(store.readOnnx(found)))).toBe(sha256(draft.onnx));
    expect(must(store.readSamples(found)).inputs.map(sha256)).toEqual(draft.samples.inputs.map(sha256));
    expect(must(store.readSamples(found)).outputs.map(sha256)).toEqual(draft.samples.outputs.map(sha256));
    for (const bytes of weights) {
      expect(sha256(readFileSync(store.blobPath(root, sha256(bytes))))).toBe(sha256(bytes));
      expect(store.checkBlob(root, sha256(bytes))).toBeNull();
    }
    expect(statSync(store.folder).mode & 0o777).toBe(0o700);
  });

  test('weights are copied from a region of a file, and refused when it is not what was hashed', () => {
    const { store, root } = setup();
    const file = join(temporaryFolder(), 'model.safetensors');
    writeFileSync(file, noise('file', 2_000_000));
    const hash = must(store.hashFileRegion(file, 100, 1_500_000))!;
    const draft = draftOf(root, manifestOf('p'));
    const blobs = [{ sha256: hash, file, offset: 100, length: 1_500_000 }];
    must(store.writeRecord({ ...draft, blobs }));
    expect(store.checkBlob(root, hash)).toBeNull();
    const lying = [
      { sha256: hash.replace(/^./, (c) => (c === '0' ? '1' : '0')), file, offset: 100, length: 1_500_000 },
    ];
    const refused = store.writeRecord({ ...draftOf(root, manifestOf('q')), blobs: lying });
    expect(refused.ok ? null : refused.problem.kind).toBe('bad-data');
    expect(store.readManifests(root, 'q').records).toEqual([]);
    expect(readdirSync(join(root, 'blobs'))).toEqual([hash]);
  });

  test('a record replaces one of the same entry; other entries stay', () => {
    const { store, root } = setup();
    must(store.writeRecord(draftOf(root, manifestOf('p'))));
    must(store.writeRecord(draftOf(root, manifestOf('p', OTHER))));
    must(store.writeRecord(draftOf(root, manifestOf('p', undefined, { graphHash: 'second' }))));
    expect(store.readManifests(root, 'p').records.map((record) => record.manifest.graphHash)).toEqual([
      'second',
      'graph',
    ]);
    must(store.readOnnx(store.findRecord(root, 'p', '0123456789ab')!));
  });

  test('any part name is a file name that gives it back; the empty and the endless are refused', () => {
    const { store, root } = setup();
    for (const part of ['a/b', '../up', '.hidden', 'Größe 1', 'p@2', 'x.0123456789ab', 'C:\\con', 'n%20', 'a\nb']) {
      expect(decodeName(encodeName(part))).toBe(part);
      const record = must(store.writeRecord(draftOf(root, manifestOf(part))));
      expect(record.folder.startsWith(`${root}/`) && !record.folder.slice(root.length + 1).includes('/')).toBe(true);
      expect(store.readManifests(root, part).records).toEqual([record]);
    }
    for (const part of ['', 'x'.repeat(300)]) {
      const refused = store.writeRecord(draftOf(root, manifestOf(part)));
      expect(refused.ok ? null : refused.problem.kind).toBe('bad-name');
    }
  });

  test('an entry id depends on each of its four texts and on nothing else', () => {
    const id = entryId('p', 'part', 'key', 'sig');
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(entryId('p', 'part', 'key', 'sig')).toBe(id);
    expect(new Set([id, entryId('pp', 'art', 'key', 'sig'), entryId('p', 'part', 'keys', 'ig')]).size).toBe(3);
  });

  test('updates start from what is on disk', () => {
    const { store, root } = setup();
    const record = must(store.writeRecord(draftOf(root, manifestOf('p'))));
    const bind = (name: string) =>
      must(store.updateManifest(record, (now) => ({ ...now, weights: [...now.weights, { name, params: {} }] })));
    bind('one');
    expect(bind('two').manifest.weights.map(({ name }) => name)).toEqual(['one', 'two']);
    must(store.readOnnx(store.findRecord(root, 'p', record.entry)!));
    must(store.removeRecord(record));
    const gone = store.updateManifest(record, (now) => now);
    expect(gone.ok ? null : gone.problem.kind).toBe('missing');
  });

  test('removing takes the weights that nothing else names', () => {
    const { store, root } = setup();
    const [own, shared] = [noise('own', 500), noise('shared', 700)];
    const first = must(store.writeRecord(draftOf(root, manifestOf('a'), [own, shared])));
    const second = must(store.writeRecord(draftOf(root, manifestOf('b'), [shared])));
    expect(store.recordBytes(first).weights).toBe(1200);
    must(store.removeRecord(first));
    expect(readdirSync(join(root, 'blobs'))).toEqual([sha256(shared)]);
    must(store.removeRecord(second));
    expect(readdirSync(root).sort()).toEqual(['blobs', 'project.json']);
    expect(readdirSync(join(root, 'blobs'))).toEqual([]);
  });

  test('an `out` folder gets the record alone; litter an hour old is swept', () => {
    const { store } = setup();
    const out = join(temporaryFolder(), 'deep', 'parts');
    must(store.writeRecord(draftOf(out, manifestOf('p'), [noise('w', 10)])));
    const litter = join(out, 'p.0123456789ab.tmp-123-0123456789ab');
    const young = join(out, 'q.0123456789ab.tmp-123-0123456789ab');
    for (const path of [litter, young]) mkdirSync(path);
    utimesSync(litter, 1000, 1000);
    expect(store.readManifests(out)).toMatchObject({ records: [{ part: 'p' }], skipped: [] });
    must(store.writeRecord(draftOf(out, manifestOf('p'))));
    expect(readdirSync(out).sort()).toEqual([
      'blobs',
      'p.0123456789ab',
      'p.0123456789ab.onnx',
      'q.0123456789ab.tmp-123-0123456789ab',
    ]);
  });
});

describe('what is wrong with a record is said, and it is not used', () => {
  const edit = (record: RecordRef, change: (json: Record<string, unknown>) => void): void => {
    const path = join(record.folder, 'manifest.json');
    const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    change(json);
    writeFileSync(path, JSON.stringify(json));
  };
  const cases: readonly (readonly [string, (record: RecordRef) => void, RegExp])[] = [
    ['no manifest', (r) => rmSync(join(r.folder, 'manifest.json')), /missing or is not JSON/],
    ['half a manifest', (r) => truncateSync(join(r.folder, 'manifest.json'), 100), /not JSON/],
    ['an empty manifest', (r) => truncateSync(join(r.folder, 'manifest.json'), 0), /not JSON/],
    ['a list', (r) => writeFileSync(join(r.folder, 'manifest.json'), '[]'), /not an object/],
    ['another schema', (r) => edit(r, (m) => void (m.schema = 99)), /schema is 99/],
    ['a missing field', (r) => edit(r, (m) => delete m.dims), /dims is missing/],
    [
      'a lying shape',
      (r) => edit(r, (m) => void (m.inputs = [{ path: 'x', kind: 'tensor', dtype: 'f', shape: [-1] }])),
      /inputs\[0\]\.shape\[0\] is -1/,
    ],
    [
      'a blob that climbs',
      (r) =>
        edit(r, (m) => void (m.weights = [{ name: '', params: { w: { blob: '../../x', dtype: 'f', shape: [] } } }])),
      /blob is "\.\.\/\.\.\/x"/,
    ],
    ['another part', (r) => edit(r, (m) => void (m.part = 'q')), /says it is q@/],
    ['no model', (r) => rmSync(r.model), /\.onnx file is missing/],
    ['half a model', (r) => truncateSync(r.model, 10), /has 10 bytes, 5000 expected/],
  ];
  test.each(cases)('%s', (_, damage, reason) => {
    const { store, root } = setup();
    const record = must(store.writeRecord(draftOf(root, manifestOf('p'))));
    const good = must(store.writeRecord(draftOf(root, manifestOf('p', OTHER))));
    damage(record);
    const listing = store.readManifests(root);
    expect(listing.records).toEqual([good]);
    expect(listing.skipped).toHaveLength(1);
    expect(listing.skipped[0]).toMatchObject({ folder: record.folder, part: 'p', entry: record.entry });
    expect(listing.skipped[0].reason).toMatch(reason);
    // Captured again it is whole.
    expect(must(store.writeRecord(draftOf(root, manifestOf('p')))).manifest).toEqual(record.manifest);
    expect(store.readManifests(root).records).toHaveLength(2);
  });

  test('a flipped byte in the model or a sample is noticed when it is read', () => {
    const { store, root } = setup();
    const record = must(store.writeRecord(draftOf(root, manifestOf('p'))));
    const flip = (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path, bytes);
    };
    flip(record.model);
    const model = store.readOnnx(record);
    expect(model.ok ? '' : `${model.problem.message} | ${model.problem.fix}`).toMatch(
      /truncated or foreign.*tn cache rm p@0123456789ab/,
    );
    flip(join(record.samples, 'output_0.pb'));
    expect(store.readSamples(record).ok).toBe(false);
  });

  test('a damaged blob is noticed, and foreign files in a root are left alone', () => {
    const { store, root } = setup();
    const bytes = noise('w', 4000);
    must(store.writeRecord(draftOf(root, manifestOf('p'), [bytes])));
    writeFileSync(join(root, 'README.md'), 'mine');
    mkdirSync(join(root, 'notes.d'));
    appendFileSync(store.blobPath(root, sha256(bytes)), 'x');
    expect(store.checkBlob(root, sha256(bytes))?.kind).toBe('bad-data');
    expect(store.checkBlob(root, sha256('none'))?.kind).toBe('missing');
    expect(store.readManifests(root).skipped).toEqual([]);
    // Writing the record again repairs a blob of the wrong size.
    must(store.writeRecord(draftOf(root, manifestOf('p'), [bytes])));
    expect(store.checkBlob(root, sha256(bytes))).toBeNull();
    expect(readdirSync(root)).toContain('README.md');
  });
});
