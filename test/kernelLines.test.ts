/** @file The comments of generated C lead to the lines of every operation that went into a kernel, whatever fused them. */

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { marksOf } from './lines/constructs.ts';
import { createProject, type Project, repository } from './project.ts';

const app = `import { compileCache, Dim, nn, t, tensor, type Tensor } from 'torchnative';
import { scaled } from './helper.js';

const options = { inputMatchers: { x: { 0: Dim('n') } } };
class Mlp extends nn.Module {
  readonly up = new nn.Linear(4, 64);
  readonly down = new nn.Linear(64, 4);
  readonly norm = new nn.LayerNorm(4);
  @compileCache('mlp', options)
  forward(x: Tensor): Tensor {
    const h = nn.functional./*gelu*/gelu(this.up./*linear*/forward(x));
    return t(this.norm./*layerNorm*/forward(this.down./*linear*/forward(h)) /*add*/+ x);
  }
}
const fused = compileCache('fused', options, (x: Tensor) =>
  t(scaled(x) /*mul*/* 2 /*sub*/- x./*exp*/exp()
    /*add*/+ x /*div*// 3));
const write = compileCache('write', options, (x: Tensor) => {
  x.select(1, 0)./*selectScatter*/copy_(t(x.select(1, 1) /*mul*/* 2));
  return x./*sum*/sum(0);
});
const scores = compileCache('scores', options, (x: Tensor) => x./*matmul*/matmul(x.transpose(0, 1))./*softmax*/softmax(-1));

const sample = tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]]);
new Mlp().forward(sample);
for (const part of [fused, scores, write]) part(sample);
`;
const helper = `import type { Tensor } from 'torchnative';
export const scaled = (h: Tensor): Tensor => h./*relu*/relu()
  ./*sub*/sub(3);
`;

let project: Project;
beforeAll(() => {
  project = createProject({ 'src/app.ts': app, 'src/helper.ts': helper });
});
afterAll(() => project.remove());

test('each operation of each kernel is told with its line and column', async () => {
  const { stderr, status } = await project.tn('src/app.ts');
  expect([status, stderr.replace(/^torchnative: compiling .*\n/gm, '')]).toEqual([0, '']);
  const told: string[] = [];
  for (const part of ['mlp', 'fused', 'write', 'scores']) {
    const { stdout } = await project.node([join(repository, 'bin/tn.mjs'), 'cache', 'show', part, '--code'], {
      env: { INIT_CWD: project.root },
    });
    // Above each kernel: /* mul at scaled (helper.ts:2:48), add at app.ts:16:5 */
    for (const [, comment] of stdout.matchAll(/^\/\* (.* at .*) \*\/$/gm)) {
      for (const [, op, place] of comment.matchAll(/(\w+) at (?:[\w.]+ \()?(\w+\.ts:\d+:\d+)/g))
        told.push(`${op} ${place}`);
    }
    expect(stdout).not.toContain('unknown line');
    expect(stdout).not.toContain(project.root);
  }
  const marks = [
    ...marksOf(app).map((mark) => mark.replace(' ', ' app.ts:')),
    ...marksOf(helper).map((mark) => mark.replace(' ', ' helper.ts:')),
  ];
  expect([...new Set(told)].sort()).toEqual(marks.sort());
});

// (What sources became under the transformer is kept beside the records, and is for this machine alone.)
test('nothing of this machine is in the records', async () => {
  const kept = await project.exec('grep', [
    '-rla',
    '-e',
    project.root,
    '-e',
    repository,
    join(project.cache),
    '--exclude=project.json',
    '--exclude-dir=transformed',
  ]);
  expect(kept.stdout).toBe('');
});
