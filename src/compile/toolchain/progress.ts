/** @file Progress of a build on stderr: one line that is rewritten on a terminal, else a line a second. */

import type { BuildProgress } from './build.ts';

/** Builds shorter than this say nothing. */
const silentMs = 300;

export interface ProgressLine {
  readonly update: BuildProgress;
  /** Removes the rewritten line. */
  close(): void;
}

export function progressLine(title: string, stream: NodeJS.WriteStream): ProgressLine {
  const start = Date.now();
  let last = 0;
  let open = false;
  return {
    update(done, total, job) {
      const now = Date.now();
      if (now - start < silentMs || (!stream.isTTY && now - last < 1000 && done < total)) return;
      if (!stream.isTTY && last === 0 && done === total && now - start < 1000) return;
      last = now;
      const seconds = ((now - start) / 1000).toFixed(1);
      const text = `torchnative: compiling ${title}: ${done}/${total} kernels, ${seconds} s (${job})`;
      if (stream.isTTY) {
        const width = stream.columns > 0 ? stream.columns - 1 : 79;
        stream.write(`\r\x1b[K${text.slice(0, width)}`);
        open = true;
      } else {
        stream.write(`${text}\n`);
      }
    },
    close() {
      if (open) stream.write('\r\x1b[K');
    },
  };
}
