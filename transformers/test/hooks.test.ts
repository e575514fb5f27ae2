/** @file The register hook in a real Node: both forms of the package, every order with tsx, both kinds of decorators. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRegister, createProject, type Project, registerFromSource } from './project.ts';

const app = `/* A comment
 on two lines */ import { compileCache, record, Module, __tn } from 'torchnative';
import { offset, type Options } from './lib.js';

let scale: number = 3;
export class Model extends Module {
  private readonly width: number = 1;
  @compileCache('forward', { out: './parts' }) forward(x: number, options?: Options): number { return x * scale + offset(x, { deep: x - this.width }) + fail(x); }
}
enum Kind { Bad = 5 }
function fail(x: number): number { const a: number = x + 1; if (x === Kind.Bad && a > x) { throw new Error('at ' + a + Math.max(x, oops(a))); } return 0; }
function oops(x: number): number { return x + (x as unknown as { deep: { deeper: number } }).deep.deeper; }

const [part] = record.parts as any[];
console.log(JSON.stringify([part.kind, part.metadata?.params, part.metadata?.deps(), record.stamps, new Model().forward(2), typeof __tn]));
if (process.argv[2] === 'fail') new Model().forward(5);
`;
const lib =
  'export interface Options { deep: number }\nexport const offset = (x: number, o: Options): number => x + o.deep;\n';

let project: Project;
let built = '';
beforeAll(async () => {
  project = createProject({ 'app.ts': app, 'lib.ts': lib });
  built = await buildRegister(project);
});
afterAll(() => project.remove());

const orders: [string, () => string[]][] = [
  ['a clone: sources, after tsx', () => [...registerFromSource]],
  ['a package, without tsx', () => ['--import', built]],
  ['a package, after tsx', () => ['--import', 'tsx', '--import', built]],
  ['a package, before tsx', () => ['--import', built, '--import', 'tsx']],
  ['a package, under the tsx command', () => ['node_modules/tsx/dist/cli.mjs', '--import', built]],
];

function expected(kind: string): unknown {
  return [
    kind,
    [
      { name: 'x', optional: false, type: 'number' },
      { name: 'options', optional: true, type: 'Options' },
    ],
    { scale: 3 },
    [['Model', 'app.ts']],
    9,
    'object',
  ];
}

describe.each(orders)('register: %s', (_, imports) => {
  it('transforms, strips and lowers', () => {
    const { stdout, stderr } = project.node(...imports(), 'app.ts');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(expected('tc39'));
  });

  it('reports lines and columns of the source', () => {
    const { stderr, status } = project.node(...imports(), 'app.ts', 'fail');
    expect(status).toBe(1);
    const lines = app.split('\n');
    const place = (text: string, within: string): string => {
      const line = lines.findIndex((content) => content.includes(within));
      return `app.ts:${line + 1}:${(lines[line] ?? '').indexOf(text) + 1}`;
    };
    expect(stderr).toContain(`${place('deeper;', 'function oops')})`);
    expect(stderr).toContain(place('oops(a)', 'function fail'));
    expect(stderr).toContain(place('fail(x)', 'forward(x'));
  });
});

describe('register', () => {
  it('lowers legacy decorators when the nearest tsconfig asks for them', () => {
    const legacy = createProject({
      'app.ts': app,
      'lib.ts': lib,
      'base.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'tsconfig.json': '{\n  // with comments\n  "extends": "./base.json", "compilerOptions": { "strict": true, },\n}',
    });
    const { stdout, stderr } = legacy.node('--import', built, 'app.ts');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(expected('legacy'));
    expect(JSON.parse(legacy.node(...registerFromSource, 'app.ts').stdout)).toEqual(expected('legacy'));
    legacy.remove();
  });

  it('reaches files behind others in a package without "type"', () => {
    const plain = createProject({
      'main.ts': "import { call } from './middle.ts';\nconsole.log(call(4));\n",
      'middle.ts': "import { half } from './model.js';\nexport const call = (x: number): string => half(x);\n",
      'model.ts': `import { compileCache, record } from 'torchnative';
import { divisor } from './divisor.ts';
export const half = compileCache('half', (x: number) => \`\${x / divisor} \${(record as any).parts[0].metadata?.deps().divisor}\`);`,
      'divisor.ts': 'export const divisor: number = 2;\n',
      'package.json': '{ "name": "fixture" }',
    });
    for (const [, imports] of orders) {
      const { stdout, stderr } = plain.node(...imports(), 'main.ts');
      expect([stdout, stderr]).toEqual(['2 2\n', '']);
    }
    plain.remove();
  });

  it('leaves syntax errors to be reported at their place', () => {
    project.write('broken.ts', "import { nn } from 'torchnative';\nexport const x: number = = 1;\n");
    const { stderr, status } = project.node('--import', built, 'broken.ts');
    expect(status).not.toBe(0);
    expect(stderr).toContain('broken.ts:2:25');
  });

  it('says what the user wrote when an import is not found', () => {
    project.write('lost.ts', "import { nn } from 'torchnative';\nimport './nowhere.js';\nvoid nn;\n");
    const { stderr } = project.node('--import', built, 'lost.ts');
    expect(stderr).toContain('nowhere.js');
  });
});
