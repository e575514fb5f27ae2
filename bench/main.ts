/** @file `npm run bench -- SUITE`: the one door to every benchmark. A suite is a file, loaded when it is asked for. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type BenchOptions, parseRequest, RequestError } from './options.ts';

/** What a suite gives: what it printed, as JSON; with failures the exit code is 1. */
export type SuiteResult = object & { readonly failures?: readonly string[] };

interface Suite {
  readonly about: string;
  readonly load: () => Promise<{
    /** `keep` is given what there is after each section of a long run. */
    runSuite(options: BenchOptions, keep: (soFar: SuiteResult) => void): Promise<SuiteResult>;
  }>;
}

const suites: Readonly<Record<string, Suite>> = {
  peak: { about: "what the machine's cores and memory give at best", load: () => import('./peak.ts') },
  kernels: {
    about: 'the kernel templates at the sizes of whisper-base, on one core',
    load: () => import('./kernels.ts'),
  },
  call: { about: 'the smallest native call, from TypeScript and back', load: () => import('./call.ts') },
  overhead: {
    about: 'what a native call costs beyond its kernels: the C boundary, threads, barriers',
    load: () => import('./callOverhead.ts'),
  },
  transform: {
    about: 'what the transformer costs: rewritten numbers, files, a project, a start',
    load: () => import('./transform.ts'),
  },
  ops: {
    about: 'single operations as parts, beside onnxruntime and PyTorch',
    load: () => import('./ops/suite.ts'),
  },
  whisper: {
    about: 'whisper-base: its parts, jfk.wav to text, context length, ten minutes of sound; beside its peers',
    load: () => import('./whisper/suite.ts'),
  },
  compile: {
    about: "compiling Whisper's parts from nothing, and after changes that need no compiler",
    load: () => import('./compile/suite.ts'),
  },
  start: {
    about: 'a second run, from the start of its process to the first native call; memory',
    load: () => import('./start/suite.ts'),
  },
  ship: {
    about: 'packages: their size, their start, and jfk.wav beside the same program under Node',
    load: () => import('./ship/suite.ts'),
  },
  report: {
    about: 'docs/performance.md and its plots, of the files that --json wrote: report FILE…',
    load: () => import('./report/suite.ts'),
  },
};

const usage = `Usage: npm run -s bench -- SUITE [options]

Suites:
${Object.entries(suites)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

Options:
  --threads N,N        thread counts to measure with (default: 1 and all)
  --peers NAMES        none, all (default: those that are installed) or NAME,NAME
  --json FILE          the figures, for programs
  --rounds N           how often everything is run
  --only NAMES         whisper: only these of text, parts, context, long, call, leak; ops: only these kinds
  --profile PART       whisper: time per kernel of mel, encoder, detect, prefill or decode, instead of the suite
  --steps              with --profile: every step by itself
  --position N         with --profile decode: at which position
  --isa NAME           kernels: a lower instruction-set level
  -h, --help           this text
`;

async function main(args: readonly string[]): Promise<number> {
  try {
    const request = parseRequest(args);
    if (request === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    const suite = Object.hasOwn(suites, request.suite) ? suites[request.suite] : null;
    if (!suite) throw new RequestError(`no suite "${request.suite}"; there are ${Object.keys(suites).join(', ')}`);
    const { runSuite } = await suite.load();
    const { json } = request.options;
    const keep = (figures: SuiteResult): void => {
      // npm starts scripts in the package's folder, and says here where it was called.
      if (json) writeFileSync(resolve(process.env.INIT_CWD ?? '.', json), `${JSON.stringify(figures, null, 2)}\n`);
    };
    const result = await runSuite(request.options, keep);
    keep(result);
    return result.failures && result.failures.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
