/** @file The `tn` command: which file does what. Each command is loaded when it is asked for. */

import { readFileSync } from 'node:fs';
import { endQuietlyWithoutReader } from './closedPipe.ts';
import { CommandFailure } from './failure.ts';

endQuietlyWithoutReader();
process.exitCode = await main(process.argv.slice(2));

/** Gives the exit code, or leaves it to what the command (a program run by `tn run`, say) has set. */
async function main(args: readonly string[]): Promise<number | string | undefined> {
  try {
    // `tn run` is what programs are started with every day: no option parser between.
    if (args[0] === 'run' && args.length > 1 && !args[1].startsWith('-')) {
      await (await import('./run.ts')).run(args[1], args.slice(2));
    } else {
      await parse(args);
    }
    return process.exitCode;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    process.stderr.write(error.message.split('\n', 1)[0] + '\n');
    return error.exitCode;
  }
}

async function parse(args: readonly string[]): Promise<void> {
  const { Command, CommanderError } = await import('commander');
  const program = new Command('tn')
    .description('Runs TypeScript programs on TorchNative and looks after what they cached.')
    .version(version(), '-V, --version')
    .enablePositionalOptions()
    .exitOverride()
    // The message comes back as an error and is printed once, as one line.
    .configureOutput({ outputError: () => {}, writeErr: () => {} });

  program
    .command('run')
    .summary('run a TypeScript program with the transformer')
    .usage('FILE [args...]')
    .argument('<file>')
    .argument('[args...]')
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (file: string, rest: string[]) => (await import('./run.ts')).run(file, rest));

  program
    .command('doctor')
    .summary('say what works on this machine, and what to do about what does not')
    .option('--json', 'machine-readable')
    .action(async (options) => (await import('./doctor.ts')).doctor(options));

  program
    .command('build')
    .summary('compile a project, its parts included, for plain node')
    .option('-p, --project <path>', 'a tsconfig file, or its folder; default: the nearest')
    .option('--outDir <folder>', 'where to write; default: as the tsconfig says')
    .option('--json', 'machine-readable')
    .action(async (options) => (await import('./build.ts')).build(options));

  program
    .command('check')
    .summary('say what cannot be captured, before anything runs')
    .argument('[files...]', 'files, folders or patterns')
    .option('-p, --project <path>', 'a tsconfig file, or its folder, in place of the nearest; alone: all of its files')
    .option('--json', 'machine-readable')
    .option('--sarif', 'as SARIF 2.1.0, for code hosts and editors')
    .action(async (files: string[], options) => (await import('./check.ts')).check(files, options));

  program
    .command('transform')
    .summary('print what the transformer makes of a file')
    .argument('<file>')
    .option('--map', 'with its source map')
    .option('--json', 'machine-readable: { code, map, parts, dependencies }')
    .action(async (file: string, options) => (await import('./transform.ts')).printTransformed(file, options));

  const cache = program.command('cache').summary('list, show, compile, package and remove cached parts');
  const ALL = ['--all', 'every project, not only the current one'] as const;
  const DIR = ['--dir <folder>', 'another project, or a folder of records'] as const;
  const JSON_OPTION = ['--json', 'machine-readable'] as const;

  cache
    .command('ls')
    .summary('list the parts of the current project')
    .option(...ALL)
    .option(...DIR)
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./cacheList.ts')).listCache(options));
  cache
    .command('show')
    .summary("show a part: graph, dims, guards, kernels, why it isn't native")
    .argument('<part>', 'PART or PART@ENTRY')
    .option(...ALL)
    .option(...DIR)
    .option(...JSON_OPTION)
    .option('--code', 'print the generated C instead')
    .action(async (part: string, options) => (await import('./cacheShow.ts')).showCache(part, options));
  cache
    .command('explain')
    .summary('say why a call would hit or be captured again: sources, what changed, conditions')
    .argument('<part>', 'PART or PART@ENTRY')
    .option(...ALL)
    .option(...DIR)
    .option(...JSON_OPTION)
    .action(async (part: string, options) => (await import('./cacheExplain.ts')).explainCache(part, options));
  cache
    .command('rm')
    .summary('forget parts; asks nothing')
    .argument('[parts...]', 'PART or PART@ENTRY')
    .option('--all', 'every part of the project')
    .option(...DIR)
    .action(async (parts: string[], options) => (await import('./cacheRemove.ts')).removeFromCache(parts, options));
  cache
    .command('compile')
    .summary('compile records that have no native code here')
    .argument('<parts...>', 'PART or PART@ENTRY')
    .option(...ALL)
    .option(...DIR)
    .action(async (parts: string[], options) => (await import('./cacheCompile.ts')).compileCached(parts, options));
  cache
    .command('package')
    .summary('make a library, an npm folder or an executable of parts; one executable of a whole program')
    .argument('[parts...]', 'PART or PART@ENTRY')
    .option('--format <form>', 'static or shared (C library), npm (folder), exe (one executable)')
    .option('--app <file>', 'a TypeScript program, with every part that it uses, as one executable')
    .option('-o, --output <path>', 'the folder or executable to make; replaced only by a complete one')
    .option('--name <name>', 'the name, and the start of every symbol; default: the part, or the project')
    .option('--isa <levels>', 'instruction levels to include, as in v3,v4; default: all of the target')
    .option('--precision <name>', 'arithmetic of the code: float32, bf16, int8; default: TN_PRECISION, else float32')
    .option('--target <target>', 'x86_64-linux or aarch64-linux; default: this machine')
    .option('--weights <place>', 'embedded or external (a file beside the executable)')
    .option('--weights-of <name>', 'which weights, where a part ran with several (tn cache show PART)')
    .option('--only <entries>', 'with --app: of the parts named, only these entries (PART@ENTRY,…)')
    .option('--without <entries>', 'with --app: leave these entries out')
    .option('--engine <folder>', 'with --app: QuickJS sources to build the engine from')
    .option(...ALL)
    .option(...DIR)
    .option(...JSON_OPTION)
    .action(async (parts: string[], options) => (await import('./cachePackage.ts')).packageCached(parts, options));
  cache
    .command('path')
    .summary('print the cache folder, or where a part is stored')
    .argument('[part]', 'PART or PART@ENTRY')
    .option(...ALL)
    .option(...DIR)
    .action(async (part: string | undefined, options) => (await import('./cachePath.ts')).printPath(part, options));
  cache
    .command('prune')
    .summary('remove what was used least lately until the cache is under its limit')
    .option('--limit <size>', 'instead of TN_CACHE_LIMIT: 2GB, 500MB, 0')
    .option(...JSON_OPTION)
    .action(async (options) => (await import('./cachePrune.ts')).pruneCache(options));

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const asked =
      error.code === 'commander.help' ? 'name a command; tn --help lists them' : error.message.replace(/^error: /, '');
    throw new CommandFailure(2, `tn: ${asked.replaceAll('\n', ' ')}`);
  }
}

function version(): string {
  // Two folders up in the sources, three in the built files.
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version: found } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as Record<
        string,
        unknown
      >;
      if (name === 'torchnative') return String(found);
    } catch {
      // Not there.
    }
  }
  return 'unknown';
}
