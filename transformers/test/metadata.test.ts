/** @file What the library gets to see: parameters, places, closure values, class stamps. */

import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { transform } from '../core.ts';
import * as library from './fixtures/torchnative/index.js';
import { createProject } from './project.ts';

type Thunk = () => Record<string, unknown>;
interface Part {
  name: string;
  kind: string;
  metadata?: { loc: [number, number]; params: unknown; deps: Thunk; file: { bindings: Thunk; file: string } };
}

/** Runs a transformed module against the recording library. */
function run(source: string, others: Record<string, unknown> = {}, path = '/project/app.ts'): Part[] {
  library.record.parts.length = 0;
  library.record.stamps.length = 0;
  const { code } = transformSync(transform(source, path)?.code ?? '', {
    loader: 'ts',
    format: 'cjs',
    target: 'node20',
    define: { 'import.meta.url': '"file:///app.ts"' },
  });
  const module = { exports: {} };
  const require = (name: string): unknown => (name === 'torchnative' ? library : others[name]);
  new Function('require', 'module', 'exports', code)(require, module, module.exports);
  return library.record.parts as Part[];
}

describe('metadata', () => {
  it('has names, types and kinds of parameters', () => {
    const [part] = run(`import { compileCache } from 'torchnative';
      class A { @compileCache('p') m(this: A, x: number, y?: Map<string,
        number>, { a }: { a: 1 } = { a: 1 }, z = 2, ...rest: number[]) {} }`);
    expect(part?.metadata?.params).toEqual([
      { name: 'x', optional: false, type: 'number' },
      { name: 'y', optional: true, type: 'Map<string, number>' },
      { name: null, fields: ['a'], optional: true, type: '{ a: 1 }', hasDefault: true },
      { name: 'z', optional: true, hasDefault: true },
      { name: 'rest', optional: true, type: 'number[]', rest: true },
    ]);
    expect(part?.metadata?.loc).toEqual([2, 18]);
  });

  it('knows the function under aliases, namespaces, wrappers and names', () => {
    const parts = run(`import { compileCache as cc, compileCache } from 'torchnative';
import * as tn from 'torchnative';
      const named = (x: number) => x; function declared(y: number) { return y; } let replaced = (z: number) => z; replaced = named;
      cc('one', (a: number) => a); tn.compileCache('two', {}, named); compileCache('three', declared as typeof named);
      compileCache('four', replaced); compileCache('five'); compileCache('six', {}, function (b: number) { return b; },);`);
    const names = parts.map(({ name, metadata }) => [
      name,
      (metadata?.params as { name: string }[] | null)?.map((p) => p.name),
    ]);
    expect(names).toEqual(
      [
        ['one', undefined], // two arguments: the wrapper is the second, the metadata still the fourth
        ['two', ['x']],
        ['three', ['y']],
        ['four', undefined],
        ['five', undefined],
        ['six', ['b']],
      ].map(([name, list]) => (name === 'one' ? ['one', ['a']] : [name, list])),
    );
    expect(
      run("import { compileCache } from './mine.ts'; import 'torchnative'; compileCache('x')", {
        './mine.ts': library,
      })[0]?.metadata,
    ).toBeUndefined();
  });

  it('leaves calls whose arguments cannot be counted', () => {
    const [part] = run("import { compileCache } from 'torchnative'; compileCache(...(['x'] as const));");
    expect(part?.metadata).toBeUndefined();
  });

  it('hands over what a function closes over', () => {
    const parts = run(`import { compileCache } from 'torchnative';
      let count = 1; const table = { a: 1 }; const helper = (x: number) => x * count; class K {} const part = compileCache('first', (x: number) => x);
      export function make(k: number, unused: number) {
        const scale = (x: number) => x * k;
        { const k = 5; var shadowing = () => k; }
        return compileCache('closing', (x: number) => helper(scale(x)) + table.a + part(x) + shadowing() + (new K() ? 1 : 0));
      }
      make(7, 8); count = 2;`);
    expect(parts[1]?.metadata?.deps()).toEqual({ k: 7, count: 2, table: { a: 1 } });
    expect(parts[1]?.metadata?.file.bindings()).toEqual({ count: 2, table: { a: 1 } });
  });

  it('leaves out what only top-level statements use', () => {
    const [part] = run(`import { compileCache } from 'torchnative';
      let total = 0; const results: number[] = []; let used = 1;
      class K { field = used; }
      const f = compileCache('p', (x: number) => x);
      for (let i = 0; i < 3; i++) { total += i; results.push(total); }`);
    expect(part?.metadata?.file.bindings()).toEqual({ used: 1 });
  });

  it('hands over `this` of an arrow function, but not of a method', () => {
    const parts = run(`import { compileCache } from 'torchnative';
      class A { scale = 3; f = compileCache('arrow', (x: number) => x * this.scale);
        @compileCache('method') m(x: number) { return x * this.scale; } }
      new A();`);
    const deps = new Map(parts.map((part) => [part.name, part.metadata?.deps() ?? {}]));
    expect(deps.get('arrow')).toMatchObject({ this: { scale: 3 } });
    expect(deps.get('method')).toEqual({});
  });

  it('never throws for a variable that is not there yet', () => {
    const source = `import { compileCache } from 'torchnative';
      const f = compileCache('early', (x: number) => x + late + early); const early = 1;
      export const seen = PROBE; const late = 2;`;
    const parts = run(source.replace('PROBE', 'globalThis.__probe?.()'));
    expect(parts[0]?.metadata?.deps()).toEqual({ early: 1, late: 2 });
    let during: unknown;
    (globalThis as Record<string, unknown>).__probe = () => {
      during = (library.record.parts[0] as Part).metadata?.deps();
    };
    run(source.replace('PROBE', '(globalThis as any).__probe?.()'));
    expect(during).toEqual({ early: 1 });
    delete (globalThis as Record<string, unknown>).__probe;
  });

  it('hands over imported values of the project, not types, packages or unused names', () => {
    const project = createProject({ 'values.ts': 'export let k = 1; export interface T {} export class C {}' });
    const parts = run(
      `import { compileCache } from 'torchnative'; import { k, T, type T as T2, unused } from './values.ts';
       import { sep } from 'node:path'; import * as all from './values.ts';
       export const f = compileCache('p', (x: number): T => x + k + sep.length + (all.k as unknown as T2 as number)); export type { T };`,
      { './values.ts': { k: 4 }, 'node:path': { sep: '/' } },
      project.path('app.ts'),
    );
    expect(parts[0]?.metadata?.deps()).toMatchObject({ k: 4 });
    expect(Object.keys(parts[0]?.metadata?.file.bindings() ?? {})).toEqual(['k', 'all']);
    project.remove();
  });

  it('stamps classes of every shape', () => {
    run(`import { Module } from 'torchnative';
      class A extends Module { static x = 1 }
      export abstract class B { abstract y: number; abstract m(): void }
      const C = class { #p = 1; has(o: object) { return #p in o; } };
      declare class D { z: number }
      const make = () => class E<T> implements I {}; make(); interface I {}`);
    expect(library.record.stamps).toEqual(['A', 'B', 'C', 'E'].map((name) => [name, 'app.ts']));
  });
});
