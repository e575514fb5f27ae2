/** @file The plugin inside a real vite server. */

import { createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { torchnative } from '../vitest.ts';
import { createProject, type Project } from './project.ts';

let project: Project;
beforeAll(() => {
  project = createProject({
    'app.ts': `import { compileCache, record, Module } from 'torchnative';
import { half } from './lib.ts';
export class A extends Module {
  @compileCache('p') m(x: number): number { return half(x) + (x > 3 ? boom(x) : 0); }
}
function boom(x: number): never { throw new Error('at ' + x); }
export { record };
`,
    'lib.ts': 'export const half = (x: number): number => x / 2;\n',
  });
});
afterAll(() => project.remove());

describe('torchnative()', () => {
  it('transforms before vite, decorators and maps included', async () => {
    const server = await createServer({
      root: project.root,
      configFile: false,
      logLevel: 'silent',
      server: { middlewareMode: true, watch: null, ws: false },
      optimizeDeps: { noDiscovery: true },
      plugins: [torchnative()],
    });
    try {
      const module = (await server.ssrLoadModule('/app.ts')) as {
        A: new () => { m(x: number): number };
        record: { parts: { kind: string; metadata: { params: { name: string }[] } }[] };
      };
      expect(new module.A().m(2)).toBe(1);
      const part = module.record.parts[0];
      expect([part?.kind, part?.metadata.params[0]?.name]).toEqual(['tc39', 'x']);
      let stack = '';
      try {
        new module.A().m(4);
      } catch (error) {
        server.ssrFixStacktrace(error as Error);
        stack = (error as Error).stack ?? '';
      }
      expect(stack).toContain(`app.ts:6:${'function boom(x: number): never { throw '.length + 1})`);
      expect(stack).toContain(
        `app.ts:4:${"  @compileCache('p') m(x: number): number { return half(x) + (x > 3 ? ".length + 1})`,
      );
    } finally {
      await server.close();
    }
  });
});
