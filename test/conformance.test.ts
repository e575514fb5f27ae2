/** @file The conformance programs in every tool: same results, lines and columns of the sources, one entry for all. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Tool, tools } from './conformanceTools.ts';
import { giveEngine } from './engineCache.ts';
import { packedModules } from './packed.ts';
import { createProject, type Project, repository } from './project.ts';
import { shareObjects } from './sharedObjects.ts';

const programs = join(repository, 'test/conformance');
const columns = ['operators', 'names', 'TC39', 'legacy', 'error column', 'entry shared'] as const;
type Row = Readonly<Record<(typeof columns)[number], boolean>>;

interface Counts {
  readonly native: number;
  readonly captured: number;
  readonly eager: number;
}

/** The line that a program prints. */
interface Printed {
  readonly dialect: string;
  readonly operators?: unknown;
  readonly decorated: unknown;
  readonly whole: unknown;
  readonly error: string;
  readonly parts: Readonly<Record<string, Counts>>;
}

/** Folders of the tools: what needs another vite stands apart. */
const installations = ['.', 'vite8'];

/** The tools, installed once for every state of the lock files; null where no registry is reached. */
function installTools(): string | null {
  const hash = createHash('sha256');
  for (const folder of installations) hash.update(readFileSync(join(programs, folder, 'package-lock.json')));
  const home = join(tmpdir(), `torchnative-conformance-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(home)) return home;
  const made = mkdtempSync(`${home}.`);
  const problem = installations.map((folder) => npmCi(folder, made)).find((text) => text !== null);
  if (problem === undefined) {
    try {
      renameSync(made, home);
      return home;
    } catch {
      // Another process was first.
    }
  }
  rmSync(made, { recursive: true, force: true });
  if (existsSync(home)) return home;
  if (/ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(problem ?? '')) {
    return null;
  }
  throw new Error(`npm ci of the conformance tools failed\n${problem}`);
}

/** Installs one folder of tools. Returns what npm says when it fails. */
function npmCi(folder: string, home: string): string | null {
  const at = join(home, folder);
  mkdirSync(at, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(programs, folder, name), join(at, name));
  cpSync(join(repository, '.npmrc'), join(at, '.npmrc'));
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: at,
    encoding: 'utf8',
  });
  return status === 0 ? null : stderr;
}

/** A project with the programs, the tools and the packed package. */
function createPrograms(installed: string): Project {
  const project = createProject({});
  shareObjects(project.cache);
  rmSync(join(project.root, 'node_modules'), { recursive: true });
  for (const name of readdirSync(programs)) cpSync(join(programs, name), join(project.root, name), { recursive: true });
  mkdirSync(join(project.root, 'node_modules'));
  for (const name of readdirSync(join(installed, 'node_modules'))) {
    symlinkSync(join(installed, 'node_modules', name), join(project.root, 'node_modules', name));
  }
  symlinkSync(join(packedModules(), 'torchnative'), join(project.root, 'node_modules/torchnative'));
  symlinkSync(join(installed, 'vite8/node_modules'), join(project.root, 'vite8/node_modules'));
  return project;
}

/** `file:line:column` of a text in a program. */
function placeOf(file: string, text: string): string {
  const lines = readFileSync(join(programs, file), 'utf8').split('\n');
  const line = lines.findIndex((content) => content.includes(text));
  return `app.ts:${line + 1}:${lines[line].indexOf(text) + 1}`;
}
const errorPlaces = {
  tc39: placeOf('app.ts', 'new Error(`stopped'),
  legacy: placeOf('legacy/app.ts', 'new Error(`stopped'),
};

const installed = installTools();
if (installed === null) console.warn('conformance: no registry is reached, the tools are not tested');

describe.skipIf(installed === null)('conformance', () => {
  const rows = new Map<string, Row>();
  let project: Project;
  beforeAll(() => {
    project = createPrograms(installed as string);
  });
  afterAll(() => {
    printTable(rows);
    project?.remove();
  });

  async function runTool({ builds = [], runs, executable }: Tool): Promise<Printed[]> {
    // What executables run on is compiled once for all tests.
    if (executable) giveEngine(project.cache);
    for (const args of builds) {
      const { status, stdout, stderr } = await project.node(args);
      if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
    }
    const printed: Printed[] = [];
    for (const args of runs) {
      const [program, rest] = executable ? [join(project.root, args[0]), args.slice(1)] : [process.execPath, args];
      const { status, stdout, stderr } = await project.exec(program, rest);
      if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      printed.push(...lines.map((line) => JSON.parse(line) as Printed));
    }
    return printed;
  }

  test.each(tools.map((tool) => [tool.name, tool] as const))(
    '%s',
    async (name, tool) => {
      const printed = await runTool(tool);
      const first = name === tools[0].name;
      const [app, legacy] = printed;
      const counts = { ...app.parts, ...legacy.parts };
      const row: Row = {
        operators: JSON.stringify(app.operators) === '[[-1.5],[-1.5,-1.5,-1.5]]',
        // Dims are declared by name, so one entry serves both sizes.
        names: ['addMul', 'scaled', 'shifted'].every((part) => counts[part].native === (first ? 1 : 2)),
        TC39: app.dialect === 'tc39' && JSON.stringify(app.decorated) === '[[2,6],[2,6,2,6,2,6]]',
        legacy: legacy.dialect === 'legacy' && JSON.stringify(legacy.decorated) === '[[[11,22]],[[11,22],[11,22]]]',
        'error column': app.error === errorPlaces.tc39 && legacy.error === errorPlaces.legacy,
        'entry shared': Object.values(counts).every(({ captured }) => captured === (first ? 1 : 0)),
      };
      rows.set(name, row);
      const expected = columns.map((column) => [column, true]);
      expect(row, JSON.stringify(printed)).toEqual(Object.fromEntries(expected));
    },
    300_000,
  );

  test('one entry a part', async () => {
    const { stdout } = await project.node(['node_modules/torchnative/bin/tn.mjs', 'cache', 'ls', '--json'], {
      // npm says by it where it was called: here, where this test was.
      env: { INIT_CWD: project.root },
    });
    const parts = (JSON.parse(stdout) as { part: string }[]).map(({ part }) => part).sort();
    expect(parts).toEqual(['addMul', 'fails', 'failsToo', 'scaled', 'shifted']);
  });
});

function printTable(rows: ReadonlyMap<string, Row>): void {
  const width = Math.max(...tools.map(({ name }) => name.length));
  const lines = [...rows].map(([name, row]) => {
    const cells = columns.map((column) => (row[column] ? 'yes' : 'no').padEnd(column.length));
    return [name.padEnd(width), ...cells].join('  ');
  });
  console.log([['tool'.padEnd(width), ...columns].join('  '), ...lines].join('\n'));
}
