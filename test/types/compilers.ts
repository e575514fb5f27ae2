/** @file Programs of users, type-checked by several versions of the compiler against the typings that are shipped. */

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../project.ts';

/** Beside the installed one: the version before it, and the native one. */
const others = { '5.9': '5.9.3', '7.0': '7.0.2' } as const;
export type Version = 'installed' | keyof typeof others;

export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** Paths of the compilers; of those besides the installed one only where a registry brings them, once a machine. */
export function findCompilers(): ReadonlyMap<Version, string> {
  const found = new Map<Version, string>([['installed', join(repository, 'node_modules/typescript/bin/tsc')]]);
  for (const [version, exact] of Object.entries(others)) {
    const folder = join(tmpdir(), `torchnative-typescript-${exact}`);
    if (!existsSync(folder)) install(exact, folder);
    const path = join(folder, 'node_modules/typescript/bin/tsc');
    if (existsSync(path)) found.set(version as Version, path);
  }
  return found;
}

function install(version: string, folder: string): void {
  const made = mkdtempSync(join(tmpdir(), 'tn-typescript-'));
  writeFileSync(join(made, 'package.json'), '{ "private": true }');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', `typescript@${version}`];
  const { status } = spawnSync('npm', args, { cwd: made, stdio: 'ignore', timeout: 60_000 });
  try {
    // Another process may have been first.
    if (status === 0) renameSync(made, folder);
  } catch {}
  rmSync(made, { recursive: true, force: true });
}

const options = {
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2023', 'esnext.decorators'],
  types: [],
  skipLibCheck: true,
  noErrorTruncation: true,
};

/** A user's project with the package installed as it is published: its typings alone. */
export class TypedProject {
  readonly root: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'tn-types-')));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.root, name), text);
    writeFileSync(join(this.root, 'package.json'), '{ "type": "module" }');
    const installed = join(this.root, 'node_modules/torchnative');
    mkdirSync(installed, { recursive: true });
    cpSync(join(repository, 'package.json'), join(installed, 'package.json'));
    cpSync(join(repository, 'types'), join(installed, 'types'), { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Writes the typings, as the build does. */
  async emitTypings(compiler: string): Promise<void> {
    const outDir = join(this.root, 'node_modules/torchnative/dist');
    const flags = { noEmit: false, emitDeclarationOnly: true, noCheck: true, declarationMap: false, sourceMap: false };
    const config = {
      extends: join(repository, 'tsconfig.json'),
      compilerOptions: {
        ...{ ...flags, stripInternal: true, outDir, rootDir: repository },
        typeRoots: [join(repository, 'node_modules/@types')],
      },
      include: [],
      files: [join(repository, 'src/index.ts')],
    };
    const errors = await this.run(compiler, 'emit', config);
    if (errors !== '') throw new Error(errors);
  }

  /** What a compiler says of some of the files. */
  async check(
    compiler: string,
    files: readonly string[],
    more: Readonly<Record<string, boolean>> = {},
  ): Promise<Diagnostic[]> {
    const name = `check-${files[0]}-${Object.keys(more)[0] ?? 'plain'}-${this.runs++}`;
    return parse(await this.run(compiler, name, { compilerOptions: { ...options, ...more }, files }));
  }

  private runs = 0;

  private run(compiler: string, name: string, config: unknown): Promise<string> {
    const path = join(this.root, `tsconfig.${name}.json`);
    writeFileSync(path, JSON.stringify(config));
    const child = spawn(process.execPath, [compiler, '-p', path, '--pretty', 'false'], { cwd: this.root });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(output));
    });
  }
}

function parse(output: string): Diagnostic[] {
  const list: Diagnostic[] = [];
  for (const line of output.split('\n')) {
    const found = /^(?:\.\/)?([^(]+)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line);
    if (found) {
      list.push({ file: found[1], line: Number(found[2]), code: found[3], message: found[4] });
    } else if (line.startsWith(' ') && list.length > 0) {
      const last = list[list.length - 1];
      list[list.length - 1] = { ...last, message: `${last.message}\n${line}` };
    } else if (line.trim() !== '') list.push({ file: '', line: 0, code: '', message: line });
  }
  return list;
}
