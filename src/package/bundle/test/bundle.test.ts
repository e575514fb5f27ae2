/** @file Bundles of programs: what they hold, that they hold no path, and what is refused with file, line and column. */

import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { transform } from '../../../../transformers/core.ts';
import { WrongRequest } from '../../refusal.ts';
import { bundleApp } from '../bundle.ts';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A project with these files; `torchnative` is this repository. */
function project(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tn-bundle-')));
  folders.push(root);
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(repository, join(root, 'node_modules/torchnative'));
  const all = { 'package.json': '{ "name": "fixture", "version": "1.0.0", "type": "module" }', ...files };
  for (const [name, content] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

const model = `import { compileCache, nn, type Tensor } from 'torchnative';
export class Scale extends nn.Module {
  by = 2;
  static made = 0;
  @compileCache('scale') forward(x: Tensor): Tensor { return x.mul(this.by + 1); }
}
export const twice = compileCache('twice', (x: Tensor) => x.add(x));
`;
const program = {
  'src/main.ts': `import { asset } from 'torchnative';
import { readFileSync } from 'node:fs';
import { Scale, twice } from './model.js';
const words = asset('../data', import.meta.url);
export const logo = () => asset('./logo.txt', import.meta.url).text();
console.log(words.list(), readFileSync, Scale, twice, import.meta.url);
`,
  'src/model.ts': model,
  'src/logo.txt': 'logo',
  'data/words.txt': 'a b c',
};

describe('a bundle', () => {
  it('says which parts, assets and files are in it', async () => {
    const root = project(program);
    const bundle = await bundleApp({ entry: join(root, 'src/main.ts') });
    expect(bundle.parts).toEqual(['scale', 'twice']);
    expect(bundle.partCalls).toEqual([
      { name: 'scale', file: join(root, 'src/model.ts'), line: 5 },
      { name: 'twice', file: join(root, 'src/model.ts'), line: 7 },
    ]);
    expect(bundle.assets).toEqual([
      { name: 'data', folder: join(root, 'data'), file: false },
      { name: 'src/logo.txt', folder: join(root, 'src/logo.txt'), file: true },
    ]);
    expect(bundle.inputs.map(({ file }) => file)).toEqual(['src/main.ts', 'src/model.ts']);
    expect(bundle.inputs[0].sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(bundle.licences).toEqual([]);
  });

  it('has the same bytes wherever the project stands, and no path of the machine', async () => {
    const root = project(program);
    const copy = join(realpathSync(mkdtempSync(join(tmpdir(), 'tn-bundle-elsewhere-'))), 'deeper', 'project');
    folders.push(dirname(dirname(copy)));
    cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
    const [one, other] = await Promise.all([root, copy].map((at) => bundleApp({ entry: join(at, 'src/main.ts') })));
    expect(one.code === other.code).toBe(true);
    expect(one.inputs).toEqual(other.inputs);
    for (const path of [root, repository, 'tn-bundle-']) expect(one.code.includes(path), path).toBe(false);
    expect(one.code.includes('file:///app/src/main.ts')).toBe(true);
  });

  it('gives classes and functions the sources and names that they have under Node', async () => {
    const root = project(program);
    const path = join(root, 'src/model.ts');
    const bundle = await bundleApp({ entry: join(root, 'src/main.ts') });
    const code = bundle.code.replaceAll('\n', '');
    const source = (text: string) => /source: ?"([0-9a-f]{64})"/.exec(text)?.[1];
    const underNode = transform(model, path)?.code ?? '';
    const inBundle = code.slice(code.indexOf('"/app/src/model.ts"'));
    expect(source(underNode)).toMatch(/^[0-9a-f]{64}$/);
    expect(source(inBundle.replace(/source:/, 'source: '))).toBe(source(underNode));
    expect(code.includes(',"Scale")')).toBe(true);
    // Tensors have operators there too.
    expect(/__tn\d*\.add\(this\.by,1\)/.test(code)).toBe(true);
    expect(underNode).toContain('__tn.add(this.by ');
  });

  it('takes packages from node_modules, with their licences', async () => {
    const root = project({
      'main.ts': "import { pick } from 'pick'; console.log(pick());",
      'node_modules/pick/package.json': '{ "name": "pick", "version": "3.2.1", "license": "ISC", "main": "index.js" }',
      'node_modules/pick/index.js': "const os = require('os'); exports.pick = () => os.EOL;",
      'node_modules/pick/LICENSE.md': 'Permission is granted.\n',
    });
    const bundle = await bundleApp({ entry: join(root, 'main.ts') });
    expect(bundle.licences).toEqual([
      { name: 'pick', version: '3.2.1', licence: 'ISC', text: 'Permission is granted.\n' },
    ]);
    expect(bundle.inputs.map(({ file }) => file)).toContain('node_modules/pick/index.js');
  });
});

describe('what cannot work is refused where it stands', () => {
  const cases: [name: string, source: string, place: string, message: RegExp, fix?: RegExp][] = [
    [
      'a module of Node',
      "import { x } from './y.ts';\nimport http from 'node:http';\nhttp;",
      '2:18',
      /^node:http does not work inside a packaged program/,
      /node:fs/,
    ],
    ['one without its prefix', "import { gunzipSync } from 'zlib';\ngunzipSync;", '1:28', /^zlib does not work/],
    [
      'a name that is not there',
      "import { readFileSync, watch } from 'node:fs';\nwatch(readFileSync);",
      '1:24',
      /^node:fs has no watch/,
      /writeFileSync/,
    ],
    [
      'one of the default export',
      "import fs from 'node:fs';\n\nfs.readFileSync('x'); fs.watch('x');",
      '3:26',
      /^node:fs has no watch/,
    ],
    [
      'one of the namespace',
      "import * as path from 'path';\npath.matchesGlob('x');",
      '2:6',
      /^node:path has no matchesGlob/,
    ],
    [
      'import() of a value',
      "const name: string = './y.ts';\nawait_(import(name)); function await_(x: unknown) {}",
      '2:8',
      /^import\(\) of something that is no literal/,
    ],
    ['a file that is not there', "type T = 1;\nimport './nothing.ts';", '2:8', /Could not resolve "\.\/nothing\.ts"/],
    ['a package that is not there', "import 'nothing-like-this';", '1:8', /Could not resolve "nothing-like-this"/],
    ['a native addon', "import './addon.node';", '1:8', /native addon/],
    [
      'await at the top',
      'interface A { a: 1 }\nexport {};\nawait Promise.resolve();',
      '3:1',
      /^await at the top level/,
    ],
    ['what is no TypeScript', 'const a = 1;\nconst = 2;', '2:7', /Expected identifier/],
    [
      'an asset of a value',
      "import { asset } from 'torchnative';\nconst name = './a';\nasset(name, import.meta.url);",
      '3:1',
      /path of an asset is not a literal/,
    ],
    [
      'an asset of another base',
      "import * as tn from 'torchnative';\ntn.asset('./a', 'file:///x');",
      '2:1',
      /not import\.meta\.url/,
    ],
    [
      'asset as a value',
      "import { asset as a } from 'torchnative';\nconst b = a;\nb('./x', '');",
      '2:11',
      /asset is not called here/,
    ],
    [
      'an asset that is not there',
      "import { asset } from 'torchnative';\nasset('./none', import.meta.url);",
      '2:1',
      /asset \.\/none does not exist/,
    ],
    [
      'a part without a name',
      "import { compileCache, type Tensor } from 'torchnative';\nconst n: string = 'x';\nexport const f = compileCache(n, (x: Tensor) => x);",
      '3:18',
      /not a literal/,
    ],
    ['a subpath of the package', "import 'torchnative/register';", '1:8', /torchnative\/register does not work/],
    ['import.meta itself', 'console.log(import.meta);', '1:13', /import\.meta has only url/],
  ];
  for (const [name, source, place, message, fix] of cases) {
    it(name, async () => {
      const root = project({ 'app/main.ts': source, 'app/y.ts': 'export const x = 1;', 'app/addon.node': '' });
      const error = await bundleApp({ entry: join(root, 'app/main.ts') }).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(WrongRequest);
      const { parts } = error as WrongRequest;
      expect(parts.what).toMatch(message);
      expect(parts.where).toBe(`app/main.ts:${place}`);
      expect(parts.fix).toMatch(fix ?? /./);
    });
  }

  it('but not the types of operators: nothing at run time', async () => {
    const root = project({ 'main.ts': "import 'torchnative/operators';\nconsole.log(1);" });
    await expect(bundleApp({ entry: join(root, 'main.ts') })).resolves.toMatchObject({ parts: [] });
  });

  it('in a file that another imports, and says how many more there are', async () => {
    const root = project({
      'main.ts': "import './a.ts';\nimport './b.ts';",
      'a.ts': "import 'node:net';",
      'b.ts': "import 'node:http';\nimport 'node:zlib';",
    });
    await expect(bundleApp({ entry: join(root, 'main.ts') })).rejects.toMatchObject({
      parts: { where: 'a.ts:1:8', found: ['and 2 more such places'] },
    });
  });

  it('for an entry that is no file', async () => {
    const root = project({});
    await expect(bundleApp({ entry: join(root, 'none.ts') })).rejects.toThrow(/does not exist/);
    await expect(bundleApp({ entry: root })).rejects.toThrow(/is a folder/);
  });
});
