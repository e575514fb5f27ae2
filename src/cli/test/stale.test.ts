/** @file `tn cache ls` for people: records that the sources have left behind are `stale`, with what changed. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../../cache/index.ts';
import {
  draftOf,
  manifestOf,
  must,
  projectFolder,
  removeTemporaryFolders,
  temporaryFolder,
} from '../../../cache/test/samples.ts';
import { partsOfFile } from '../../../transformers/meaning/parts.ts';
import { sourceKeyOf } from '../../dispatch/sourceKey.ts';

afterAll(removeTemporaryFolders);

const TN = fileURLToPath(new URL('../../../bin/tn.mjs', import.meta.url));
const source = `import { compileCache, type Tensor } from 'torchnative';

const factor = (): number => 2;
export const scale = compileCache('scale', (x: Tensor) => x.mul(factor()));
export const add = compileCache('add', (x: Tensor) => x.add(1));
`;

test('ls marks what the sources have left behind; JSON stays as it was', () => {
  const store = openStore({ folder: join(temporaryFolder(), 'cache') });
  const project = store.projectFor(projectFolder('app'));
  must(store.noteProject(project));
  const file = join(project.root, 'model.ts');
  writeFileSync(file, source);
  const list = (...args: string[]): string => {
    const env = { ...process.env, TN_CACHE_DIR: store.folder, NO_COLOR: '1', INIT_CWD: '' };
    const run = spawnSync(process.execPath, [TN, 'cache', 'ls', ...args], { encoding: 'utf8', cwd: project.root, env });
    expect([run.status, run.stderr]).toEqual([0, '']);
    return run.stdout;
  };
  for (const { name, line, column, meaning } of partsOfFile(file)) {
    const units = meaning.reached.map(({ file: path, name: unit, hash }) => [`${path}#${unit}`, hash] as const);
    const made = { file: 'model.ts', line, column, files: [], packages: {}, units, meaning: meaning.hash };
    const part = name ?? '';
    const keys = { '0123456789ab': sourceKeyOf(meaning.hash), '1123456789ab': 'of another version' };
    for (const [entry, sourceKey] of Object.entries(keys)) {
      if (part === 'scale' && sourceKey === 'of another version') continue;
      must(store.writeRecord(draftOf(project.recordRoot, manifestOf(part, entry, { sourceKey, source: made }))));
    }
  }
  must(store.writeRecord(draftOf(project.recordRoot, manifestOf('lost'))));
  const statuses = (text: string): string[][] =>
    text
      .split('\n\n')[0]
      .split('\n')
      .slice(1)
      .map((row) => row.split(/ +/).slice(0, 3));
  const older = ['add', '1123456789ab', 'stale'];
  const lost = ['lost', '0123456789ab', 'stale'];
  const before = list();
  expect(statuses(before)).toEqual([
    ['add', '0123456789ab', 'captured'],
    older,
    lost,
    ['scale', '0123456789ab', 'captured'],
  ]);
  expect(before).toMatch(/^add@1123456789ab is stale: another version of torchnative captured it$/m);
  expect(before).toMatch(/^lost@0123456789ab is stale: model\.ts has no such part$/m);

  const json = list('--json');
  writeFileSync(file, `// moved down\n${source.replace('=> 2', '=> 3')}`);
  const after = list();
  expect(statuses(after)).toEqual([
    ['add', '0123456789ab', 'captured'],
    older,
    lost,
    ['scale', '0123456789ab', 'stale'],
  ]);
  expect(after).toMatch(/^scale@0123456789ab is stale: factor \(model\.ts\) changed since it was captured$/m);
  expect(list('--json')).toBe(json);
});
