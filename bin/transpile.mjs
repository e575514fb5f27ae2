// In a clone: the TypeScript sources as JavaScript in dist/, file by file and only what changed. Types are stripped, not
// checked (`npm run typecheck` does that); Node then starts as quickly as from an installed package.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { replaceFile } from './replaceFile.mjs';

const folders = ['src', 'cache', 'transformers'];

/** Brings dist/ up to date. Throws when it cannot be written. */
export async function transpile(root) {
  const stamp = join(root, 'dist/stamp.json');
  if (isAsNoted(root, stamp)) return;
  rmSync(stamp, { force: true });
  const newest = { mtime: 0 };
  const seen = new Map();
  const stale = folders.flatMap((folder) => staleFiles(root, join(root, folder), newest, seen));
  if (stale.length > 0) await transpileFiles(stale);
  const bundle = join(root, 'dist/torchnative.js');
  const { mtimeMs } = statSync(bundle, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  const { bundleEntry, noteLayers } = await import('./bundle.mjs');
  // It carries the time of the newest source.
  const hasShells = existsSync(join(root, 'dist/shells/register.js'));
  if (stale.length === 0 && hasShells && isSameTime(mtimeMs, newest.mtime)) {
    await noteLayers(join(root, 'dist'));
  } else {
    const { bundleShells } = await import('./bundleShells.mjs');
    await bundleShells(root);
    await bundleEntry(root, newest.mtime);
  }
  note(root, stamp, seen);
}

/**
 * Most starts find nothing to do. They find it by the times of the sources and of all folders (a folder's time changes with
 * the names in it), asked for by a list: walking the folders and comparing file by file takes four times as long.
 */
function isAsNoted(root, stamp) {
  try {
    const noted = JSON.parse(readFileSync(stamp, 'utf8'));
    return Object.keys(noted).every((path) => statSync(`${root}/${path}`).mtimeMs === noted[path]);
  } catch {
    return false;
  }
}

/** Sources as they were looked at; what is ours, as it was left. */
function note(root, stamp, seen) {
  for (const path of [...seen.keys()]) {
    if (!statSync(path).isDirectory()) continue;
    const made = join(root, 'dist', relative(root, path));
    const info = statSync(made, { throwIfNoEntry: false });
    if (info) seen.set(made, info.mtimeMs);
  }
  for (const name of ['torchnative.js', 'layers.json', 'shells']) {
    seen.set(join(root, 'dist', name), statSync(join(root, 'dist', name)).mtimeMs);
  }
  const noted = [...seen].map(([path, mtime]) => [relative(root, path).split(sep).join('/'), mtime]);
  replaceFile(stamp, JSON.stringify(Object.fromEntries(noted)));
}

async function transpileFiles(stale) {
  const { transformSync } = await import('esbuild');
  for (const { source, target, mtime } of stale) {
    mkdirSync(dirname(target), { recursive: true });
    const contents = source.endsWith('.ts') ? moduleOf(transformSync, source, target) : readFileSync(source);
    replaceFile(target, contents, mtime);
  }
}

/**
 * Sources whose dist file is missing or was made of another state: it carries its source's time. `newest` learns the latest
 * time, `seen` that of each source and folder.
 */
function staleFiles(root, folder, newest, seen) {
  const stale = [];
  // Before its names are read: one that comes meanwhile makes another time.
  seen.set(folder, statSync(folder).mtimeMs);
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const source = join(folder, item.name);
    if (item.isDirectory()) {
      if (item.name !== 'test' && item.name !== 'fixtures') stale.push(...staleFiles(root, source, newest, seen));
      continue;
    }
    if (!/(?<!\.d)\.ts$|\.[ch]$/.test(item.name)) continue;
    const target = join(root, 'dist', relative(root, source)).replace(/\.ts$/, '.js');
    const mtime = statSync(source).mtimeMs;
    newest.mtime = Math.max(newest.mtime, mtime);
    seen.set(source, mtime);
    const made = statSync(target, { throwIfNoEntry: false });
    if (!made || !isSameTime(made.mtimeMs, mtime)) stale.push({ source, target, mtime });
  }
  return stale;
}

/** Times are set as floating-point seconds: what comes back may be a microsecond off. */
function isSameTime(a, b) {
  return Math.abs(a - b) <= 0.5;
}

/** The JavaScript; its map is written. */
function moduleOf(transformSync, source, target) {
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
  return `${imports}//# sourceMappingURL=${name}.map\n`;
}
