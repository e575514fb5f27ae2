// In a clone: the TypeScript sources as JavaScript in dist/, file by file and only what changed. Types are stripped, not
// checked (`npm run typecheck` does that); Node then starts as quickly as from an installed package.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const folders = ['src', 'cache', 'transformers'];

/** Brings dist/ up to date. Throws when it cannot be written. */
export async function transpile(root) {
  const newest = { mtime: 0 };
  const stale = folders.flatMap((folder) => staleFiles(root, join(root, folder), newest));
  if (stale.length > 0) await transpileFiles(stale);
  const { mtimeMs } = statSync(join(root, 'dist/torchnative.js'), { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  // It carries the time of the newest source.
  if (stale.length === 0 && isSameTime(mtimeMs, newest.mtime) && existsSync(join(root, 'dist/shells/register.js')))
    return;
  const [{ bundleEntry }, { bundleShells }] = await Promise.all([import('./bundle.mjs'), import('./bundleShells.mjs')]);
  await bundleShells(root);
  await bundleEntry(root, newest.mtime);
}

async function transpileFiles(stale) {
  const { transformSync } = await import('esbuild');
  for (const { source, target, mtime } of stale) {
    mkdirSync(dirname(target), { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    if (source.endsWith('.ts')) writeModule(transformSync, source, target, temporary);
    else copyFileSync(source, temporary);
    utimesSync(temporary, mtime / 1000, mtime / 1000);
    renameSync(temporary, target);
  }
}

/** Sources whose dist file is missing or was made of another state: it carries its source's time. `newest` learns the latest time. */
function staleFiles(root, folder, newest) {
  const stale = [];
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const source = join(folder, item.name);
    if (item.isDirectory()) {
      if (item.name !== 'test' && item.name !== 'fixtures') stale.push(...staleFiles(root, source, newest));
      continue;
    }
    if (!/(?<!\.d)\.ts$|\.[ch]$/.test(item.name)) continue;
    const target = join(root, 'dist', relative(root, source)).replace(/\.ts$/, '.js');
    const mtime = statSync(source).mtimeMs;
    newest.mtime = Math.max(newest.mtime, mtime);
    const made = statSync(target, { throwIfNoEntry: false });
    if (!made || !isSameTime(made.mtimeMs, mtime)) stale.push({ source, target, mtime });
  }
  return stale;
}

/** Times are set as floating-point seconds: what comes back may be a microsecond off. */
function isSameTime(a, b) {
  return Math.abs(a - b) <= 0.5;
}

function writeModule(transformSync, source, target, temporary) {
  const { code, map } = transformSync(readFileSync(source, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcefile: relative(dirname(target), source).split(sep).join('/'),
    sourcemap: 'external',
    sourcesContent: false,
  });
  // What tsc's rewriteRelativeImportExtensions does.
  const imports = code.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.[^"'\n]+)\.ts\2/g, '$1$2$3.js$2');
  const name = target.split(sep).at(-1);
  writeFileSync(`${target}.map`, map);
  writeFileSync(temporary, `${imports}//# sourceMappingURL=${name}.map\n`);
}
