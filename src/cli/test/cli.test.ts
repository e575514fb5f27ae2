import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore, type Project, type RecordRef, type Store } from '../../../cache/index.ts';
import {
  draftOf,
  manifestOf,
  must,
  noise,
  projectFolder,
  removeTemporaryFolders,
  temporaryFolder,
} from '../../../cache/test/samples.ts';
import type { Finding } from '../doctor.ts';
import type { CacheRow } from '../rows.ts';

afterAll(removeTemporaryFolders);

const TN = fileURLToPath(new URL('../../../bin/tn.mjs', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function tn(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Ended {
  const { INIT_CWD: _, ...inherited } = process.env;
  const env = { ...inherited, NO_COLOR: '1', ...options.env };
  const run = spawnSync(process.execPath, [TN, ...args], { encoding: 'utf8', cwd: options.cwd, env });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** One line on standard error, no stack trace, nothing on standard output. */
function expectRefused(ended: Ended, code: number, says: RegExp): void {
  expect(ended).toMatchObject({ code, out: '' });
  expect(ended.err).toMatch(says);
  expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
}

describe('tn', () => {
  test('prints its version and its commands', () => {
    expect(tn(['--version'])).toMatchObject({ code: 0, out: '0.1.0\n', err: '' });
    const help = tn(['--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const command of ['run', 'doctor', 'cache']) expect(help.out).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  test.each([
    [[], /name a command/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['cache'], /name a command/],
    [['cache', 'lss'], /unknown command 'lss' \(Did you mean ls\?\)/],
    [['cache', 'ls', '--bogus'], /unknown option '--bogus'/],
    [['cache', 'ls', '--all', '--dir', '.'], /--all and --dir exclude each other/],
    [['cache', 'ls', '--dir', '/no/such/folder'], /no such folder/],
    [['cache', 'show'], /missing required argument 'part'/],
    [['cache', 'rm'], /name parts, or say --all/],
    [['cache', 'prune', '--limit', 'lots'], /not a size/],
    [['run'], /missing required argument 'file'/],
    [['run', 'no-such-file.ts'], /no such file: no-such-file\.ts/],
    [['run', '.'], /not a file/],
  ] as [string[], RegExp][])('refuses %j in one line', (args, says) => expectRefused(tn(args), 2, says));
});

describe('tn run', () => {
  const folder = temporaryFolder();
  const program = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('hands arguments, exit code and standard streams over', () => {
    const path = program(
      'args.mts',
      'const all: string[] = process.argv.slice(1); console.log(JSON.stringify(all)); process.exitCode = 3;',
    );
    expect(tn(['run', path, '--json', 'a b', '--', '-x'])).toEqual({
      code: 3,
      out: JSON.stringify([path, '--json', 'a b', '--', '-x']) + '\n',
      err: '',
    });
  });

  test("shows the program's own errors with its line", () => {
    const path = program('throws.mts', "const a: number = 1;\n\nthrow new TypeError('boom ' + a);\n");
    const ended = tn(['run', path]);
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(/throws\.mts:3\n[\s\S]*TypeError: boom 1/);
  });

  test('a program that waits for nothing ends as under node', () => {
    expect(tn(['run', program('stuck.mts', 'await new Promise(() => {});')]).code).toBe(13);
  });

  test.each([
    ['SIGTERM', 'process.on("SIGTERM", () => process.exit(7));', 7, null],
    ['SIGTERM', '', null, 'SIGTERM'],
    ['SIGINT', 'process.on("SIGINT", () => process.exit(8));', 8, null],
  ] as const)('passes %s on: %s', async (signal, handler, code, died) => {
    const path = program('waits.mts', `${handler} setInterval(() => {}, 1000); console.log('up');`);
    const child: ChildProcess = spawn(process.execPath, [TN, 'run', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill(signal);
    const ended = await new Promise<unknown[]>((resolve) => child.on('exit', (...all) => resolve(all)));
    expect(ended).toEqual([code, died]);
  });
});

describe('tn cache', () => {
  let store: Store;
  let project: Project;
  let record: RecordRef;
  let out: string;
  const inProject = (...args: string[]): Ended =>
    tn(['cache', ...args], { cwd: project.root, env: { TN_CACHE_DIR: store.folder } });
  const rows = (...args: string[]): CacheRow[] => JSON.parse(inProject('ls', '--json', ...args).out) as CacheRow[];

  beforeAll(() => {
    store = openStore({ folder: join(temporaryFolder(), 'cache') });
    project = store.projectFor(projectFolder('app'));
    out = join(project.root, 'parts');
    mkdirSync(out);
    must(store.noteProject(project, out));
    record = must(store.writeRecord(draftOf(project.recordRoot, manifestOf('decode'), [noise('w', 100_000)])));
    must(
      store.writeRecord(
        draftOf(
          project.recordRoot,
          manifestOf('decode', 'ba9876543210', {
            created: '2025-02-02T00:00:00.000Z',
            missed: [{ entry: '0123456789ab', reason: 'x is float16' }],
          }),
        ),
      ),
    );
    must(store.writeRecord(draftOf(out, manifestOf('shipped'))));
    must(
      store.putVerdict(project, {
        part: 'greedy',
        sourceKey: 'k',
        reason: 'a tensor is read with .item()',
        location: 'model.ts:9:5',
        files: [],
      }),
    );
    const other = store.projectFor(projectFolder('other'));
    must(store.noteProject(other));
    must(store.writeRecord(draftOf(other.recordRoot, manifestOf('elsewhere'))));
  });

  test('ls --json has the agreed shape', () => {
    const all = rows();
    expect(all.map(({ part, entry }) => [part, entry])).toEqual([
      ['decode', '0123456789ab'],
      ['decode', 'ba9876543210'],
      ['greedy', null],
      ['shipped', '0123456789ab'],
    ]);
    const { reason, ...first } = all[0];
    expect(reason).toEqual(expect.any(String));
    expect(first).toEqual({
      part: 'decode',
      entry: '0123456789ab',
      status: 'captured',
      model: record.model,
      samples: record.samples,
      inputs: [
        { name: 'x', dtype: 'float32', shape: ['n', 3] },
        { name: 'pos', dtype: 'int64', shape: [] },
      ],
      dims: { n: { min: 1, max: null, multipleOf: 1 }, pos: { min: 0, max: 447, multipleOf: 1 } },
      nodes: 2,
      bytes: expect.any(Number),
      created: '2025-01-02T03:04:05.000Z',
      lastUsed: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(first.bytes).toBeGreaterThan(105_000);
    expect(existsSync(all[0].model!) && existsSync(all[0].samples!)).toBe(true);
    expect(all[2]).toMatchObject({
      status: 'eager',
      reason: 'a tensor is read with .item() at model.ts:9:5',
      model: null,
      samples: null,
    });
  });

  test('ls reaches other projects, all of them, and folders of records', () => {
    expect(rows('--all').map(({ part }) => part)).toContain('elsewhere');
    expect(rows('--dir', out).map(({ part }) => part)).toEqual(['shipped']);
    expect(
      JSON.parse(tn(['cache', 'ls', '--json', '--dir', project.root], { env: { TN_CACHE_DIR: store.folder } }).out),
    ).toHaveLength(4);
    expect(inProject('ls', '--dir', temporaryFolder()).out).toMatch(/^nothing is cached for /);
  });

  test('ls is a table with the reasons below', () => {
    const { out: text, err, code } = inProject('ls');
    expect([code, err]).toEqual([0, '']);
    const [titles, ...lines] = text.split('\n');
    expect(titles).toMatch(/^part +entry +status +inputs +dims +nodes +size +created +used$/);
    expect(lines[0]).toMatch(
      /^decode +0123456789ab +stale +x:f32\[n,3\] pos:i64 +n=1\.\. pos=0\.\.447 +2 +10\d KB +2025-01-02 +now$/,
    );
    expect(text).toMatch(/^decode@0123456789ab is stale: model\.ts is gone$/m);
    expect(text).toMatch(/^greedy is eager: a tensor is read with \.item\(\) at model\.ts:9:5$/m);
  });

  test('show says all of an entry', () => {
    const { out: text, code } = inProject('show', 'decode@0123');
    expect(code).toBe(0);
    for (const line of [
      /^decode@0123456789ab {2}captured$/,
      /source +model\.ts:4:2$/,
      /pos \+ n <= 448 +model\.ts:8:3$/,
      /captured: 1 tensors, 98 KB kept here$/,
      /outputs +out:f32\[n \+ 1,3\]$/,
    ]) {
      expect(text.split('\n')).toContainEqual(expect.stringMatching(line));
    }
    const both = JSON.parse(inProject('show', 'decode', '--json').out) as (CacheRow & {
      missed: unknown;
      plan: unknown;
    })[];
    expect(both.map(({ entry }) => entry)).toEqual(['0123456789ab', 'ba9876543210']);
    expect(both[1]).toMatchObject({
      missed: [{ entry: '0123456789ab', reason: 'x is float16' }],
      guards: [{ predicate: 'pos + n <= 448' }],
    });
    expect(inProject('show', 'greedy').out).toMatch(/greedy {2}eager\n {2}why +a tensor is read/);
    expectRefused(
      inProject('show', 'decoder'),
      2,
      /no part "decoder" in the cache of app; there are decode, greedy, shipped/,
    );
  });

  test('path prints the folder and the models', () => {
    expect(inProject('path').out).toBe(store.folder + '\n');
    expect(inProject('path', 'decode@01').out).toBe(record.model + '\n');
  });

  test('what is damaged is not listed but named', () => {
    const bad = must(store.writeRecord(draftOf(project.recordRoot, manifestOf('torn'))));
    truncateSync(bad.model, 7);
    const { out: json, err } = inProject('ls', '--json');
    expect((JSON.parse(json) as CacheRow[]).map(({ part }) => part)).not.toContain('torn');
    expect(err).toMatch(/^not used: .*torn\.0123456789ab: its \.onnx file has 7 bytes, 5000 expected\n$/);
    expect(inProject('rm', 'torn')).toMatchObject({ code: 0, err: '' });
    expect(inProject('ls').err).toBe('');
  });

  test('rm takes what is named, whole or one entry, and nothing when a name is wrong', () => {
    expectRefused(inProject('rm', 'decode', 'nope'), 2, /no part "nope"/);
    expect(rows()).toHaveLength(4);
    expect(inProject('rm', 'decode@ba98').out).toMatch(/^removed 1 entry, \d/);
    expect(inProject('rm', 'decode', 'greedy').out).toMatch(/^removed 1 entry and 1 verdict, 10\d KB\n$/);
    expect(rows().map(({ part }) => part)).toEqual(['shipped']);
    expect(inProject('rm', '--all').out).toMatch(/^removed 1 entry/);
    expect(rows()).toEqual([]);
    expect(rows('--all').map(({ part }) => part)).toEqual(['elsewhere']);
  });

  test('prune tells what is left', () => {
    expect(inProject('prune').out).toMatch(/ in the cache, limit 8\.0 GB\n$/);
    expect(JSON.parse(inProject('prune', '--limit', '1GB', '--json').out)).toMatchObject({
      limit: 2 ** 30,
      removed: [],
    });
  });
});

describe('tn doctor', () => {
  const NAMES = ['node', 'native calls', 'instructions', 'cores', 'cache folder', 'space', 'compiler'];
  const examine = (env: NodeJS.ProcessEnv): { code: number | null; of: (name: string) => Finding | undefined } => {
    const { code, out } = tn(['doctor', '--json'], { env });
    const findings = JSON.parse(out) as Finding[];
    return { code, of: (name) => findings.find((finding) => finding.name === name) };
  };

  test('names every subject, with a mark and in JSON', () => {
    const env = { TN_CACHE_DIR: join(temporaryFolder(), 'cache') };
    const text = tn(['doctor'], { env }).out;
    for (const name of NAMES) expect(text).toMatch(new RegExp(`^[✓✗] ${name} `, 'm'));
    for (const target of ['x86_64-linux', 'aarch64-linux']) expect(text).toMatch(new RegExp(`^✓ ${target} `, 'm'));
    expect(examine(env).of('cache folder')).toMatchObject({ ok: true });
  });

  test('each trouble has its remedy', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const found = examine({
      TN_CC: '/no/such/cc',
      TN_ISA: 'v9',
      TN_THREADS: '4096',
      TN_CACHE_DIR: join(file, 'cache'),
    });
    expect(found.code).toBe(1);
    for (const name of ['instructions', 'cores', 'cache folder', 'compiler']) {
      expect(found.of(name)).toMatchObject({ ok: false, fix: expect.any(String) });
    }
    expect(found.of('compiler')?.found).toMatch(/no\/such\/cc/);
    // A target that nothing compiles for is no trouble of this machine: it is said, with what would bring it.
    const bare = examine({ TN_CC_AARCH64: '/no/such/cross', TN_CACHE_DIR: temporaryFolder() });
    expect(bare.of('aarch64-linux')).toMatchObject({
      ok: true,
      found: expect.stringMatching(/^no packages: .*aarch64-linux.*TN_CC_AARCH64/),
    });
    const lying = join(temporaryFolder(), 'cc');
    writeFileSync(
      lying,
      '#!/bin/sh\ncase "$*" in *tn_doctor*|*doctor.tmp*) echo "cc: out of order" >&2; exit 1;; esac\nexec cc "$@"\n',
      { mode: 0o755 },
    );
    const broken = examine({ TN_CC: lying, TN_CACHE_DIR: temporaryFolder() });
    expect(broken.of('compiler')).toMatchObject({
      ok: false,
      found: expect.stringMatching(/does not compile and run: cc: out of order/),
    });
    rmSync(lying);
  });
});
