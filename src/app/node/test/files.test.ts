/** @file `node:fs`, `node:child_process` and `node:url` of packaged programs, side by side with Node's. */

import nodeChild from 'node:child_process';
import nodeFs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodeUrl from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as child from '../childProcess.ts';
import * as fs from '../fs.ts';
import * as promises from '../fsPromises.ts';
import { useEngine } from '../internal/engine.ts';
import { process } from '../process.ts';
import * as url from '../url.ts';
import { nodeHost, type Watched } from './nodeHostOfTests.ts';

const root = nodeFs.mkdtempSync(join(tmpdir(), 'tn-node-fs-'));
afterAll(() => {
  nodeFs.rmSync(root, { recursive: true, force: true });
  useEngine(undefined);
});

let watched: Watched;
/** Two folders with the same in them: one for Node's functions, one for ours. */
let pair: [ours: string, theirs: string];
let count = 0;
beforeEach(() => {
  watched = nodeHost([], { PATH: globalThis.process.env.PATH ?? '' });
  useEngine(watched.host);
  const make = (name: string): string => {
    const folder = join(root, `${count}${name}`);
    nodeFs.mkdirSync(join(folder, 'inner/deep'), { recursive: true });
    nodeFs.writeFileSync(join(folder, 'text.txt'), 'häuser\n');
    nodeFs.writeFileSync(join(folder, 'inner/bytes'), Uint8Array.of(0, 255, 128));
    nodeFs.writeFileSync(join(folder, 'empty'), '');
    nodeFs.symlinkSync('text.txt', join(folder, 'link'));
    return folder;
  };
  count++;
  pair = [make('a'), make('b')];
});

type Fs = typeof nodeFs;
const ours = fs as unknown as Fs;

/** What a call gives, or throws, without what differs from folder to folder. */
function outcome(folder: string, action: () => unknown): unknown {
  const plain = (text: string) => text.replaceAll(folder, '<root>').replace(/'(.*?-)[\w]{6}'/, "'$1'");
  try {
    const value = action();
    if (value instanceof Uint8Array) return [...value];
    return typeof value === 'string' ? plain(value) : value;
  } catch (error) {
    const { name, message, code, syscall, path, dest, errno } = error as NodeJS.ErrnoException & { dest?: string };
    const place = (at?: string) => at && plain(at);
    return { name, message: plain(message), code, syscall, errno, path: place(path), dest: place(dest) };
  }
}

/** Does the same with Node's functions and with ours, each in its own folder. */
function same(action: (api: Fs, folder: string) => unknown): unknown {
  const [mine, theirs] = pair;
  const wanted = outcome(theirs, () => action(nodeFs, theirs));
  expect(outcome(mine, () => action(ours, mine))).toEqual(wanted);
  return wanted;
}

describe('node:fs', () => {
  it('reads', () => {
    expect(same((api, folder) => api.readFileSync(join(folder, 'text.txt'), 'utf8'))).toBe('häuser\n');
    same((api, folder) => api.readFileSync(join(folder, 'inner/bytes')));
    same((api, folder) => api.readFileSync(join(folder, 'inner/bytes'), 'latin1'));
    same((api, folder) => api.readFileSync(join(folder, 'inner/bytes'), { encoding: 'base64' }));
    same((api, folder) => api.readFileSync(nodeUrl.pathToFileURL(join(folder, 'text.txt')), 'hex'));
    same((api, folder) => api.readFileSync(Buffer.from(join(folder, 'text.txt')), 'utf-8'));
    same((api, folder) => api.readFileSync(join(folder, 'empty')).length);
    same((api, folder) => {
      const fd = api.openSync(join(folder, 'text.txt'), 'r');
      const all = api.readFileSync(fd, 'utf8');
      api.closeSync(fd);
      return all;
    });
  });

  it('fails as Node does', () => {
    const cases: ((api: Fs, folder: string) => unknown)[] = [
      (api, folder) => api.readFileSync(join(folder, 'none')),
      (api, folder) => api.readFileSync(folder),
      (api, folder) => api.readFileSync(join(folder, 'text.txt/x')),
      (api, folder) => api.readFileSync(join(folder, 'text.txt'), 'no-such-encoding' as 'utf8'),
      (api) => api.readFileSync('a\0b'),
      (api) => api.readFileSync(undefined as unknown as string),
      (api, folder) => api.statSync(join(folder, 'none')),
      (api, folder) => api.lstatSync(join(folder, 'none')),
      (api, folder) => api.readdirSync(join(folder, 'none')),
      (api, folder) => api.readdirSync(join(folder, 'text.txt')),
      (api, folder) => api.mkdirSync(join(folder, 'inner')),
      (api, folder) => api.mkdirSync(join(folder, 'none/below')),
      (api, folder) => api.mkdirSync(join(folder, 'text.txt'), { recursive: true }),
      (api, folder) => api.rmSync(join(folder, 'inner')),
      (api, folder) => api.rmdirSync(join(folder, 'inner')),
      (api, folder) => api.unlinkSync(join(folder, 'none')),
      (api, folder) => api.renameSync(join(folder, 'none'), join(folder, 'other')),
      (api, folder) => api.copyFileSync(join(folder, 'none'), join(folder, 'other')),
      (api, folder) => api.accessSync(join(folder, 'none')),
      (api, folder) => api.realpathSync(join(folder, 'none')),
      (api, folder) => api.readlinkSync(join(folder, 'text.txt')),
      (api, folder) => api.openSync(join(folder, 'none'), 'r'),
      (api, folder) => api.writeFileSync(join(folder, 'none/x'), ''),
      (api, folder) => api.writeFileSync(join(folder, 'text.txt'), '', { flag: 'wx' }),
      (api, folder) => api.writeFileSync(join(folder, 'x'), 5 as unknown as string),
      (api) => api.closeSync(9999),
      (api) => api.fstatSync(9999),
    ];
    for (const action of cases) expect((same(action) as { code?: string }).code).toEqual(expect.any(String));
  });

  it('forgives what it is told to', () => {
    same((api, folder) => api.statSync(join(folder, 'none'), { throwIfNoEntry: false }));
    same((api, folder) => api.rmSync(join(folder, 'none'), { force: true }));
    same((api, folder) => api.existsSync(join(folder, 'none')));
    same((api, folder) => api.existsSync(join(folder, 'link')));
    same((api) => api.existsSync('a\0b'));
  });

  it('describes', () => {
    for (const name of ['text.txt', 'inner', 'link', 'empty']) {
      const describe_ = (api: Fs, folder: string) => {
        const [stat, link] = [api.statSync(join(folder, name)), api.lstatSync(join(folder, name))];
        const size = stat.isDirectory() ? 0 : stat.size;
        return [size, stat.mode, stat.isFile(), stat.isDirectory(), link.isSymbolicLink(), link.isFIFO()];
      };
      same(describe_);
    }
    same((api, folder) => api.statSync(join(folder, 'text.txt')).mtime instanceof Date);
    same((api, folder) => api.readdirSync(folder).sort());
    same((api, folder) => api.readdirSync(folder, { recursive: true }).sort());
    same((api, folder) =>
      api
        .readdirSync(folder, { withFileTypes: true })
        .map((entry) => [entry.name, entry.isDirectory(), entry.isSymbolicLink()])
        .sort(),
    );
    same((api, folder) => api.realpathSync(join(folder, 'link')));
    same((api, folder) => api.realpathSync.native(join(folder, 'inner/..')));
    same((api, folder) => api.readlinkSync(join(folder, 'link')));
  });

  it('writes, and leaves the same behind', () => {
    const actions: ((api: Fs, folder: string) => unknown)[] = [
      (api, folder) => api.writeFileSync(join(folder, 'text.txt'), 'new'),
      (api, folder) => api.writeFileSync(join(folder, 'coded'), 'é', 'latin1'),
      (api, folder) => api.writeFileSync(join(folder, 'numbers'), new Uint16Array([1, 2])),
      (api, folder) => api.appendFileSync(join(folder, 'text.txt'), ' and more'),
      (api, folder) => api.mkdirSync(join(folder, 'x/y/z'), { recursive: true }),
      (api, folder) => api.mkdirSync(join(folder, 'x/y/z'), { recursive: true }),
      (api, folder) => api.renameSync(join(folder, 'text.txt'), join(folder, 'moved')),
      (api, folder) => api.copyFileSync(join(folder, 'moved'), join(folder, 'x/copy')),
      (api, folder) => api.chmodSync(join(folder, 'moved'), 0o600),
      (api, folder) => api.symlinkSync('moved', join(folder, 'second')),
      (api, folder) => api.rmSync(join(folder, 'inner'), { recursive: true }),
      (api, folder) => api.unlinkSync(join(folder, 'empty')),
      (api, folder) => {
        const fd = api.openSync(join(folder, 'opened'), 'w+');
        api.writeSync(fd, 'first ');
        api.writeSync(fd, Buffer.from('xsecondx'), 1, 6);
        const bytes = new Uint8Array(8);
        const read = api.readSync(fd, bytes, 2, 5, 1);
        api.closeSync(fd);
        return [read, ...bytes];
      },
    ];
    for (const action of actions) same(action);
    const tree = (folder: string) =>
      nodeFs
        .readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => {
          const stat = nodeFs.lstatSync(join(folder, name));
          return [name, stat.mode, stat.isFile() ? nodeFs.readFileSync(join(folder, name), 'latin1') : null];
        });
    expect(tree(pair[0])).toEqual(tree(pair[1]));
  });

  it('makes folders of its own', () => {
    const folder = fs.mkdtempSync(join(pair[0], 'made-'));
    expect(folder).toMatch(/made-\w{6}$/);
    expect(nodeFs.statSync(folder).mode & 0o777).toBe(0o700);
    same((api, at) => api.mkdtempSync(join(at, 'none/made-')));
  });

  it('has the same with promises', async () => {
    const file = join(pair[0], 'text.txt');
    expect(await promises.readFile(file, 'utf8')).toBe('häuser\n');
    await promises.writeFile(file, 'x');
    expect((await promises.stat(file)).size).toBe(1);
    await expect(promises.readFile(join(pair[0], 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('node:url', () => {
  it('leads from URLs to paths and back as Node does', () => {
    for (const path of ['/a/b c/d', '/a/%/?#é', '/a/', '/', '/x\\y', 'relative/x', '/tab\tnew\nline'])
      expect(url.pathToFileURL(path).href).toBe(nodeUrl.pathToFileURL(path).href);
    for (const text of ['file:///a/b%20c', 'file:///%E2%82%AC/', 'file:///a/../b', 'file://localhost/x'])
      expect(url.fileURLToPath(text)).toBe(nodeUrl.fileURLToPath(text));
    const wrong = ['http://x/y', 'file://host/x', 'file:///a%2Fb', 5 as unknown as string];
    for (const text of wrong) {
      const theirs = outcome('-', () => nodeUrl.fileURLToPath(text)) as { code: string };
      expect(outcome('-', () => url.fileURLToPath(text))).toMatchObject({ code: theirs.code });
    }
  });
});

describe('node:child_process', () => {
  type Child = typeof nodeChild;
  const both = (action: (api: Child) => unknown): unknown => {
    const tidy = (api: Child): unknown => {
      try {
        const value = action(api) as Record<string, unknown> | null;
        return value && typeof value === 'object' && 'pid' in value
          ? { ...value, pid: 0, error: String(value.error) }
          : value;
      } catch (error) {
        const { message, status, code } = error as Error & { status?: number; code?: string };
        return { message, status, code };
      }
    };
    const wanted = tidy(nodeChild);
    expect(tidy(child as unknown as Child)).toEqual(wanted);
    return wanted;
  };

  it('runs programs as Node does', () => {
    both((api) => api.spawnSync('sh', ['-c', 'cat; echo err >&2; exit 3'], { input: 'häuser', encoding: 'utf8' }));
    both((api) => api.spawnSync('echo', ['a b']).stdout.toString());
    both((api) => api.spawnSync('pwd', { cwd: root, encoding: 'utf8' }).stdout);
    both(
      (api) => api.spawnSync('printenv', ['X'], { env: { PATH: '/usr/bin:/bin', X: 'y' }, encoding: 'utf8' }).stdout,
    );
    both((api) => api.spawnSync('sh', ['-c', 'kill -9 $$'], { encoding: 'utf8' }));
    both((api) => api.spawnSync('true', { stdio: ['ignore', 'ignore', 'ignore'] }).stdout);
    both((api) => (api.spawnSync('yes', { maxBuffer: 100 }).error as NodeJS.ErrnoException).code);
    both((api) => api.execFileSync('echo', ['x'], { encoding: 'utf8' }));
    both((api) => api.execSync('echo $((1 + 2))', { encoding: 'utf8' }));
    both((api) => api.spawnSync('echo $0 x', { shell: true, encoding: 'utf8' }).stdout);
  });

  it('says what went wrong as Node does', () => {
    both((api) => api.spawnSync('no-such-program-here', ['a'], { encoding: 'utf8' }));
    both((api) => api.execFileSync('sh', ['-c', 'echo no >&2; exit 4'], { stdio: 'pipe', encoding: 'utf8' }));
    both((api) => api.execFileSync('no-such-program-here'));
    const error = child.spawnSync('no-such-program-here', ['a']).error as NodeJS.ErrnoException;
    const theirs = nodeChild.spawnSync('no-such-program-here', ['a']).error as NodeJS.ErrnoException;
    expect({ ...error }).toEqual({ ...theirs });
  });

  it('gives children the environment as the program has changed it', () => {
    process.env.TN_ADDED = 'yes';
    expect(child.spawnSync('printenv', ['TN_ADDED'], { encoding: 'utf8' }).stdout).toBe('yes\n');
  });
});
