/** @file Programs of today's JavaScript in the packaged engine print what Node prints. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { engineFeatures, engineTarget } from '../../bundle/target.ts';
import { modern, newest } from './modernProgram.ts';
import { buildTestEngine, pinnedSource } from './support.ts';

const source = pinnedSource();

/** As programs are bundled: what the engine lacks first. */
async function bundled(program: string): Promise<string> {
  const files = ['polyfills/index.ts', 'node/internal/globals.ts'];
  const app = fileURLToPath(new URL('../../../app/', import.meta.url));
  const imports = files.map((file) => `import ${JSON.stringify(app + file)};`).join('\n');
  const result = await build({
    stdin: { contents: `${imports}\n(() => {${program}})();`, loader: 'js', resolveDir: app },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    target: engineTarget,
    supported: engineFeatures,
    minifySyntax: true,
  });
  return result.outputFiles[0].text;
}

describe.skipIf(!source)("what the engine lacks of today's JavaScript", () => {
  const engine = buildTestEngine(source!);

  it('behaves as in Node', async () => {
    const node = spawnSync(process.execPath, ['-e', modern], { encoding: 'utf8' });
    expect(node.stderr).toBe('to stderr\n');
    const packaged = engine.run(await bundled(modern));
    expect(packaged.stderr).toBe('to stderr\n');
    expect(packaged.stdout.split('\n')).toEqual(node.stdout.split('\n'));
  });

  it('has what Node 20 lacks too', async () => {
    expect(engine.run(await bundled(newest)).stdout).toBe(
      '{"odd":[1,3],"even":[2]} [[true,[1,3]],[false,[2]]] [1,2,3] [2] [1] true 5\n',
    );
  });
});
