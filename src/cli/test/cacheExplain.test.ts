/** @file `tn cache explain`, end to end: what it says before and after edits of what a part reaches. */

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, type RunResult, repository } from '../../../test/project.ts';

let project: Project;

/** No compiler: a capture ends with its record. */
const env = (): Record<string, string> => ({ TN_CC: '/nonexistent/cc', INIT_CWD: project.root, NO_COLOR: '1' });

const files = {
  'helper.ts': `import type { Tensor } from 'torchnative';

const factor = 3;

export function scaled(x: Tensor): Tensor {
  return x.mul(factor);
}

export function unused(x: Tensor): Tensor {
  return x.add(1);
}
`,
  'model.ts': `import { compileCache, Dim, nn, type Tensor } from 'torchnative';
import { scaled } from './helper.ts';

export class Model extends nn.Module {
  readonly inner = new nn.Linear(2, 2);

  @compileCache('step', { inputMatchers: { x: { 0: Dim('n', { max: 64 }) }, rows: 1 } })
  step(x: Tensor, rows: number): Tensor {
    return scaled(this.inner.forward(x)).mul(rows);
  }
}

export const read = compileCache('read', (x: Tensor) => x.mul(x.sum().item()));
`,
  'main.ts': `import { manualSeed, tensor } from 'torchnative';
import { Model, read } from './model.ts';

manualSeed(1);
new Model().step(tensor([[1, 2], [3, 4]]), 1);
read(tensor([1, 2]));
`,
};

beforeAll(async () => {
  project = createProject(files);
  const { status, stderr } = await project.tn('main.ts', { env: env() });
  expect(status, stderr).toBe(0);
});
afterAll(() => project.remove());

const explain = (...args: string[]): Promise<RunResult> =>
  project.node([join(repository, 'bin/tn.mjs'), 'cache', 'explain', ...args], { env: env() });

interface Explained {
  readonly next: string;
  readonly why: string;
  readonly entry: string;
  readonly reached: readonly { readonly name: string; readonly state: string; readonly line: number | null }[];
}

async function step(): Promise<Explained> {
  const { stdout, stderr } = await explain('step', '--json');
  expect(stderr).toBe('');
  const [entry, ...more] = JSON.parse(stdout) as Explained[];
  expect(more).toEqual([]);
  return entry;
}

/** Names of what is reached, by what has become of it. */
const states = ({ reached }: Explained): string[] => reached.map(({ name, state }) => `${name} ${state}`).sort();

describe('tn cache explain', () => {
  test('says that a call hits, what it reaches and what it has to be like', async () => {
    const { status, stdout } = await explain('step');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^step@[0-9a-f]{12} {2}a call that fits hits\n {2}why {7}nothing that it reaches has changed/,
    );
    for (const line of [
      /^ {2}source {4}model\.ts:7:4$/m,
      /^ {2}reaches {3}Model {2}model\.ts:4$/m,
      /^ {12}scaled {2}helper\.ts:5$/m,
      /^ {12}factor {2}helper\.ts:3$/m,
      /^ {2}packages {2}torchnative \d+\.\d+\.\d+$/m,
      /^ {2}arguments this: Model@[0-9a-f]{16} with 2 weights$/m,
      /^ {12}x: float32 \[n, 2\]$/m,
      /^ {12}rows = 1$/m,
      /^ {2}dims {6}n=1\.\.64$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).not.toContain('unused');
  });

  test('what does not matter changes nothing', async () => {
    project.edit('helper.ts', 'x.add(1)', 'x.add(2)');
    project.edit('helper.ts', 'const factor', '/* a comment */\n\nconst factor');
    const { next, reached } = await step();
    expect(next).toBe('hit');
    expect(reached.find(({ name }) => name === 'factor')?.line).toBe(5);
  });

  test('names what changed', async () => {
    const before = await step();
    project.edit('helper.ts', 'factor = 3', 'factor = 4');
    const after = await step();
    expect(after).toMatchObject({ next: 'capture', entry: before.entry });
    expect(after.why).toBe('factor (helper.ts) changed since it was captured');
    expect(states(after)).toEqual(['Model same', 'factor changed', 'scaled same']);
    const { stdout } = await explain('step');
    expect(stdout).toMatch(/^step@\w+ {2}the next call is captured again$/m);
    expect(stdout).toMatch(/^ {2}reaches {3}factor {2}helper\.ts:5 {2}changed$/m);
    project.edit('helper.ts', 'x.mul(factor)', 'x.mul(factor).add(shift)');
    project.edit('helper.ts', 'const factor = 4', 'const factor = 3;\nconst shift = 1');
    expect(states(await step())).toEqual(['Model same', 'factor same', 'scaled changed', 'shift new']);
    project.write('helper.ts', files['helper.ts']);
    expect((await step()).next).toBe('hit');
  });

  test('finds a part whose file was moved, and misses one that is gone', async () => {
    renameSync(join(project.root, 'model.ts'), join(project.root, 'network.ts'));
    expect((await step()).next).toBe('hit');
    renameSync(join(project.root, 'network.ts'), join(project.root, 'network.txt'));
    expect(await step()).toMatchObject({ next: 'capture', why: 'model.ts is gone' });
    renameSync(join(project.root, 'network.txt'), join(project.root, 'model.ts'));
  });

  test('a part that was refused, and one that is not there', async () => {
    const { stdout } = await explain('read');
    expect(stdout).toMatch(
      /^read {2}runs eagerly until its source changes\n {2}why {7}\.item\(\) reads a value .* model\.ts:13:\d+\n$/,
    );
    const { status, stderr } = await explain('nothing');
    expect(status).toBe(2);
    expect(stderr).toMatch(/no part "nothing" .*there are read, step/);
  });
});
