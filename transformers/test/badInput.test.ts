/** @file What is odd, wrong or too much: passed on as it is, or refused with file and line; never changed, never a crash. */

import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { transform } from '../core.ts';
import { createProject, registerFromSource } from './project.ts';

const head = "import 'torchnative';\n";

function compiles(code: string): boolean {
  try {
    transformSync(code, { loader: 'ts', target: 'node20', logLevel: 'silent' });
    return true;
  } catch {
    return false;
  }
}

describe('mistakes of syntax', () => {
  it.each([
    'const = 1 + 2;',
    'a + ;',
    'f(a + b',
    '-a ** b;',
    'if (a > 1 { }',
    'a ?? b || c;',
    'class A { m( { } }',
    '`${a + b`',
    "'unfinished + 1",
    '/unfinished + 1',
    'a + 1 = 2;',
    'f() += 1;',
    'a?.b += 1;',
    '++a + b++ ++;',
    'let x = 1 + 1; let x = 2;',
    'for (const a of b; c; d) {}',
    'break; a + b;',
    'const a = 1 + 1; a => { } + 1;',
    'class A { constructor() {} constructor() {} m() { return a + b; } }',
    'class A { m() { return this.#gone + 1; } }',
    'const \\u{1d7d9 > 0 ? 1 : 1};',
    'export { a + b };',
    'import { x } from torchnative; x + 1;',
    '}}}} a + b',
    '\u0000 a + b;',
    'a \ud83d + b;',
    '@d const x = 1 + 1;',
    '@d function f() { return a + b; }',
    'class A { @d constructor() { a + b; } }',
    '@d @d',
    'yield + 1;',
    'await + ;',
    "'use strict'; with (a) { b + 1 }",
    '<<<<<<< HEAD\na + b\n=======\na - b\n>>>>>>> x',
  ])('%j stays one', (source) => {
    const result = transform(head + source, '/project/app.ts');
    expect(compiles(head + source) || !result || !compiles(result.code)).toBe(true);
  });

  it.each([
    'function f(a?: number, b: number) { return a + b; }',
    'let x!: number = a + b;',
    'function f() { let [c]; return a + b; }',
  ])('%j is one for a checker of types alone, and transformed', (source) => {
    expect(compiles(head + source)).toBe(true);
    expect(transform(head + source, '/project/app.ts')?.code).toMatch(/__tn\.add\(a ?, b\)/);
  });

  it('is reported by the tool, at its line', () => {
    const project = createProject({ 'app.ts': `${head}const a = 1;\nconst = a + 1;\n` });
    const { stderr, status } = project.node(...registerFromSource, 'app.ts');
    project.remove();
    expect(status).toBe(1);
    expect(stderr).toMatch(/app\.ts:3:\d+/);
  });
});

describe('files of other kinds', () => {
  it.each(['app.cts', 'app.cjs', 'app.d.ts', 'app.d.mts', 'app.json', 'app.css', 'app.ts.map', 'app', 'app.vue'])(
    '%s is not touched',
    (name) => {
      expect(transform(`${head}x + 1;`, `/project/${name}`)).toBeUndefined();
    },
  );

  it.each(['app.ts', 'app.tsx', 'app.mts', 'app.js', 'app.jsx', 'app.mjs', 'app.ts?v=1', 'app.ts#x'])(
    '%s is',
    (name) => {
      expect(transform(`${head}x + 1;`, `/project/${name}`)?.code).toContain('__tn.add(x , 1)');
    },
  );

  it.each(['', '\n', '// torchnative', '#!/usr/bin/env node', '\ufeff', '\u0000', "'torchnative'"])(
    '%j is not touched',
    (code) => {
      expect(transform(code, '/project/app.ts')).toBeUndefined();
    },
  );

  it('what is transformed stays so', () => {
    const { code } = transform(`${head}x + 1;`, '/project/app.ts') ?? { code: '' };
    for (const again of [code, `${code}\n//# sourceMappingURL=x`, transformSync(code, { loader: 'ts' }).code]) {
      expect(transform(again, '/project/app.ts')).toBeUndefined();
    }
  });

  it('files that import each other, and themselves', () => {
    const project = createProject({
      'a.ts': `${head}import { b } from './b.ts';\nimport * as self from './a.ts';\nexport const a = (n: number): number => n > 0 ? b(n - 1) + 1 : 0;\nexport const again = () => self.a(3);`,
      'b.ts': `${head}import { a, again } from './a.ts';\nexport const b = (n: number): number => a(n - 1) + 1;\nexport const later = () => again();`,
      'main.ts': "import { again } from './a.ts'; console.log(again());",
    });
    const { stdout, stderr } = project.node(...registerFromSource, 'main.ts');
    project.remove();
    expect(stdout, stderr).toBe('4\n');
  });

  it('code of generators: one line, no map', () => {
    const body = Array.from({ length: 500 }, (_, i) => `var v${i}=v${i && i - 1}+${i};if(v${i}>1e9)v${i}-=1`).join(';');
    const result = transform(`import'torchnative';${body}`, '/project/app.js');
    expect(result?.code).toMatch(/v499=__tn\.add\(v498 ?,499\)/);
    expect(result?.map.mappings.split(';')).toHaveLength(1);
  });
});

describe('much of it', () => {
  const nested: Readonly<Record<string, string>> = {
    'a sum of 5,000 terms': Array(5000).fill('x').join(' + '),
    '2,000 parentheses': `${'('.repeat(2000)}x + 1${')'.repeat(2000)}`,
    '2,000 arrays': `${'['.repeat(2000)}x + 1${']'.repeat(2000)}`,
    '2,000 conditions in a row': `${Array.from({ length: 2000 }, (_, i) => `x === ${i} ? ${i} : `).join('')}x + 1`,
    '2,000 else-ifs': `{${Array.from({ length: 2000 }, (_, i) => `if (x === ${i}) return ${i};`).join(' else ')} return x + 1;}`,
  };

  it.each(Object.entries(nested))('%s', (_, source) => {
    const code = `${head}export const f = (x: any): any => ${source};`;
    const result = transform(code, '/project/deep.ts');
    expect(result?.code).toMatch(/__tn\.(?:add|cond|test|strictEq)/);
    expect(result?.map.toString()).toContain('"mappings"');
    expect(compiles(result?.code ?? '')).toBe(true);
  });

  it('what no stack bears is refused with file and line', () => {
    const depth = 600_000;
    const code = `${head}\nexport const f = ${'['.repeat(depth)}1 + 1${']'.repeat(depth)};`;
    expect(() => transform(code, '/project/deep.ts')).toThrow('/project/deep.ts:3: nested too deeply');
  });

  it('a file of 5 MB', () => {
    const lines: string[] = [];
    let size = 0;
    for (let i = 0; size < 5_000_000; i++) {
      const line = `export function f${i}(a: number, b: number): number { if (a > b) { return a * ${i} - b; } return b - a; }`;
      lines.push(line);
      size += line.length + 1;
    }
    const started = performance.now();
    const result = transform(head + lines.join('\n'), '/project/large.ts');
    process.stdout.write(`5 MB, ${lines.length} lines: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    expect(result?.code.split('\n')).toHaveLength(lines.length + 1);
    expect(result?.code).toContain(`__tn.mul(a , ${lines.length - 1})`);
  });
});
