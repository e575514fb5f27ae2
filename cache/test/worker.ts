/**
 * @file A process of its own for the tests: `worker.ts JOB CACHE ARGS…` does one job on the store and prints a line of
 * JSON. Not a test.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { openStore } from '../index.ts';
import { draftOf, manifestOf, noise } from './samples.ts';

const [job, cache, ...args] = process.argv.slice(2);
const store = openStore({ folder: cache });
const say = (value: unknown): void => void process.stdout.write(JSON.stringify(value) + '\n');
const WEIGHTS = ['a', 'b', 'c'].map((seed) => noise(seed, 400_000));

const jobs: Readonly<Record<string, () => void>> = {
  /** Writes the same record and artifact over and over; every capture differs (`graphHash`), as eager runs may. */
  write() {
    const [root, rounds, who] = args;
    for (let i = 0; i < Number(rounds); i++) {
      const draft = draftOf(root, manifestOf('part', undefined, { graphHash: `${who}-${i}` }), WEIGHTS, 50_000);
      const record = store.writeRecord(draft);
      const artifact = store.publishArtifact(
        'key-of-artifact',
        { 'program.so': noise('so', 200_000) },
        { compiler: '', target: '', precision: '', tnVersion: '' },
      );
      const packed = store.publishPacked('blob', 'layout', noise('packed', 300_000));
      const bad = [record, artifact, packed].find((each) => !each.ok);
      if (bad && !bad.ok) throw new Error(bad.problem.message);
      const found = store.findArtifact('key-of-artifact');
      if ('miss' in found) throw new Error(found.miss);
    }
    say('done');
  },
  /** Adds a binding under the record's lock. */
  bind() {
    const [root, name] = args;
    const record = store.findRecord(root, 'part', '0123456789ab');
    if (!record) throw new Error('no record');
    const result = store.updateManifest(record, (now) => ({ ...now, weights: [...now.weights, { name, params: {} }] }));
    say(result.ok);
  },
  /** Counts in a file without any care but the lock's. */
  count() {
    const [file] = args;
    for (let i = 0; i < 20; i++) {
      store.withLock('count', () => {
        writeFileSync(file, String(Number(readFileSync(file, 'utf8')) + 1));
      });
    }
    say('done');
  },
  /** Takes a lock and keeps it until it is killed. */
  hold() {
    say('lock' in store.tryLock('held'));
    setInterval(() => {}, 1000);
  },
  /** Every kind of write once; the problems' kinds. */
  writeAll() {
    const project = store.projectFor(process.cwd());
    const results = {
      probe: store.probe(),
      note: store.noteProject(project),
      record: store.writeRecord(draftOf(project.recordRoot, manifestOf('part'), WEIGHTS, 50_000)),
      artifact: store.publishArtifact(
        'key-of-artifact',
        { 'program.so': noise('so', 200_000) },
        { compiler: '', target: '', precision: '', tnVersion: '' },
      ),
      packed: store.publishPacked('blob', 'layout', noise('packed', 300_000)),
      verdict: store.putVerdict(project, { part: 'p', sourceKey: 'k', reason: 'r', location: null, files: [] }),
    };
    const found = store.findArtifact('key-of-artifact');
    const kinds = Object.entries(results).map(
      ([name, result]) => [name, result.ok ? 'ok' : result.problem.kind] as const,
    );
    const messages = Object.values(results).flatMap((result) => (result.ok ? [] : [result.problem.message]));
    say({
      ...Object.fromEntries(kinds),
      found: 'files' in found ? 'hit' : found.miss,
      foundProblem: 'problem' in found ? found.problem?.kind : null,
      listed: store.readManifests(project.recordRoot).records.length,
      locked: store.withLock('any', () => true),
      messages,
    });
  },
};

jobs[job]();
