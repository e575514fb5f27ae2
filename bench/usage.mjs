// Loaded into a measured process by NODE_OPTIONS: on its way out it adds a line about its memory to the file that
// TN_BENCH_USAGE names: the high-water mark, and what it held at the end. Plain JavaScript: it runs before anything that
// reads TypeScript.
import { appendFileSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.TN_BENCH_USAGE;
if (file && isMainThread) {
  process.on('exit', () => {
    const usage = {
      maxRss: process.resourceUsage().maxRSS * 1024,
      anonymous: held('RssAnon'),
      mapped: held('RssFile'),
    };
    appendFileSync(file, `${JSON.stringify(usage)}\n`);
  });
}

/** Bytes, from the kernel's own account; 0 where there is none. */
function held(field) {
  try {
    const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
