/** @file docs/packaging.md is what really happens: every block of it is run, in order, in the project that it speaks of. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { embedProject, hasTool, numpyFolder } from './embedding.ts';
import { repository } from './project.ts';

interface Block {
  readonly language: string;
  readonly text: string;
  /** What has to be installed, from a comment before the block. */
  readonly needs: string | null;
  readonly title: string;
}

const page = readFileSync(join(repository, 'docs/packaging.md'), 'utf8');
const blocks = [...page.matchAll(/(?:<!-- needs ([\w-]+) -->\n)?```(\w+)\n([\s\S]*?)```/g)].map(
  ([, needs, language, text]): Block => ({
    language,
    text,
    needs: needs ?? null,
    title: text.split('\n', 1)[0].slice(0, 100),
  }),
);

const project = embedProject();
// In a clone it stands in a folder above.
symlinkSync(join(repository, 'node_modules/tsx'), join(project.root, 'node_modules/tsx'));
afterAll(() => project.remove());

/** `npx tn` without npm in between. */
const prelude = `set -euo pipefail
npx() { local name="$1"; shift; "$TN_NODE" "node_modules/.bin/$name" "$@"; }
`;

async function shell(text: string): Promise<string> {
  const numpy: Record<string, string> = text.includes('python3') ? { PYTHONPATH: numpyFolder() ?? '' } : {};
  const env = { ...numpy, TN_NODE: process.execPath, NO_COLOR: '1' };
  return (await project.run('bash', ['-c', prelude + text], env)).stdout;
}

/** Commands of a console block, each with what it prints; `> ` goes on with a command. */
function commands(text: string): { readonly command: string; readonly output: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((piece) => {
      const lines = piece.split('\n');
      let end = 1;
      while (lines[end]?.startsWith('> ')) end++;
      const command = [lines[0], ...lines.slice(1, end).map((line) => line.slice(2))].join('\n');
      return { command: `${command}\n`, output: lines.slice(end).join('\n') };
    });
}

/** Without what differs from run to run: times, sizes, entries, width of columns. */
function steady(text: string): string {
  return text
    .replaceAll(`${project.root}/`, './')
    .replace(/\b[0-9a-f]{64}\/[\w-]+/g, 'HASH')
    .replace(/\b[0-9a-f]{12}\b/g, 'c0ffee123456')
    .replace(/\d+(\.\d+)? (B|KB|MB|s)\b/g, 'N $2')
    .replace(/^C library: .*\n/gm, '');
}

function missing(needs: string | null): boolean {
  if (needs === null) return false;
  if (needs === 'numpy') return !hasTool('python3') || numpyFolder() === null;
  if (needs === 'go') return !hasTool('go', 'version');
  if (needs === 'network') return !hasTool('npm', 'ping');
  return !hasTool(needs);
}

describe('docs/packaging.md', () => {
  for (const { language, text, needs, title } of blocks) {
    if (language === 'ts') {
      test(`typechecks: ${title}`, async () => {
        const given = 'const x = new Float32Array(8);\nconst pos: number = 0;\nconst hidden = new Float32Array(16);\n';
        const history = 'const history = { shape: [256, 16], data: new Float32Array(4096) } as const;\n';
        const folder = join(project.root, 'snippet');
        mkdirSync(folder);
        writeFileSync(join(folder, 'snippet.ts'), text.replace(/(import .*\n)/, `$1${given}${history}`));
        const compilerOptions = {
          strict: true,
          module: 'nodenext',
          target: 'es2022',
          noEmit: true,
          paths: { demo: ['../build/npm/index.d.ts'] },
        };
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
        await project.run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder]);
      });
      continue;
    }
    test(title, { timeout: 600_000 }, async ({ skip }) => {
      if (missing(needs)) skip();
      if (language === 'sh') {
        await shell(text);
        return;
      }
      const steps = commands(text);
      // One shell for the block; a mark behind what each command prints.
      const printed = (await shell(steps.map(({ command }) => `${command}printf '\\036'\n`).join(''))).split('\x1e');
      steps.forEach(({ output }, i) => {
        expect(steady(printed[i])).toBe(steady(output));
      });
    });
  }
});
