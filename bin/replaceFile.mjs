// Files that appear under their names complete, whoever reads or writes beside.
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';

/** `mtime` in ms; default: now. */
export function replaceFile(path, contents, mtime) {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, contents);
    if (mtime !== undefined) utimesSync(temporary, mtime / 1000, mtime / 1000);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
