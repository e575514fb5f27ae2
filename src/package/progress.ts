/** @file What packaging is busy with, on stderr: nothing for the first second. */

export interface Progress {
  /** A step begins: `packing weights`. */
  step(text: string): void;
  /** The step's own count. */
  count(done: number, total: number): void;
  /** Removes the rewritten line. */
  close(): void;
}

/** Packagings shorter than this say nothing. */
const silentMs = 1000;
const everyMs = 1000;

/** One line that is rewritten on a terminal; elsewhere at most a line a second. */
export function progressOn(stream: NodeJS.WriteStream, title: string): Progress {
  const start = Date.now();
  let current = '';
  let last = 0;
  let open = false;
  const show = (text: string): void => {
    const now = Date.now();
    if (now - start < silentMs || now - last < (stream.isTTY ? 100 : everyMs)) return;
    last = now;
    const line = `torchnative: packaging ${title}: ${text}, ${((now - start) / 1000).toFixed(1)} s`;
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${line.slice(0, stream.columns > 0 ? stream.columns - 1 : 79)}`);
      open = true;
    } else {
      stream.write(`${line}\n`);
    }
  };
  return {
    step(text) {
      current = text;
      show(text);
    },
    count(done, total) {
      show(`${current} ${done}/${total}`);
    },
    close() {
      if (open) stream.write('\r\x1b[K');
      open = false;
    },
  };
}
