/** @file What happens when nobody reads the output any more: `tn cache ls | head -1` ends as other tools do. */

/** What a shell says of a process that SIGPIPE ended. Node ignores the signal. */
const endedBySigpipe = 141;

/** A program (of `tn run`) that listens to errors of its streams itself is left alone. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (process.stdout.listenerCount('error') > 1) return;
    if (error.code !== 'EPIPE') throw error;
    process.exit(endedBySigpipe);
  });
  // What is said there does not matter to the work: it goes on.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && process.stderr.listenerCount('error') === 1) throw error;
  });
}
