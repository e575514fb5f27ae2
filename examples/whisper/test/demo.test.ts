/**
 * @file The demo as its users run it, each time a process of its own on a cache that begins empty: parts against
 * PyTorch, transcripts against openai/whisper, the second run native.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { loadAudio } from '../audio.ts';
import type { FileTranscript } from '../format.ts';
import type { Transcript } from '../transcribe.ts';
import { readRecording } from './recordings.ts';
import { wavFile } from './wavFiles.ts';

/** Compiling every part from nothing takes half a minute on two free cores, and these are rarely free in a test run. */
vi.setConfig({ testTimeout: 400_000 });

const example = fileURLToPath(new URL('..', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'whisper-demo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `tn run FILE …` with a cache of the tests' own. */
function tnRun(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bin/tn.mjs'), 'run', join(example, file), ...args],
    {
      cwd: root,
      env: { ...process.env, INIT_CWD: example, TN_CACHE_DIR: join(folder, 'cache'), TN_MODE: 'native', ...env },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  );
  return { status, stdout, stderr };
}

function transcribeFiles(args: readonly string[], env?: Record<string, string>): FileTranscript[] {
  const { status, stdout, stderr } = tnRun('main.ts', [...args, '--format', 'json'], env);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const transcriptOf = ({ language, text, segments }: Transcript): Transcript => ({
  language,
  text,
  segments: segments.map(({ start, end, text: words, tokens }) => ({ start, end, text: words, tokens })),
});

const recorded: Record<string, Transcript> = JSON.parse(
  readFileSync(join(example, 'reference/transcripts.json'), 'utf8'),
).transcribe;
const modes = ({ parts }: FileTranscript) =>
  Object.fromEntries(Object.entries(parts).map(([name, { mode }]) => [name, mode]));

describe('npm run demo', () => {
  it('prints the transcript on the first run', () => {
    const { status, stdout, stderr } = tnRun('main.ts', []);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(`${recorded['jfk.wav'].text.trim()}\n`);
  });

  it('runs all five parts natively on the second', () => {
    const [result] = transcribeFiles([]);
    expect(transcriptOf(result)).toEqual(transcriptOf(recorded['jfk.wav']));
    const native = { mel: 'native', encoder: 'native', detect: 'native', prefill: 'native', decode: 'native' };
    expect(modes(result)).toEqual(native);
  });

  it('answers bad input with one line', () => {
    const cases: [args: string[], code: number, line: RegExp][] = [
      [['--beam', '5'], 2, /^unknown option --beam; /],
      [['--language', 'klingon'], 2, /^--language klingon is not known; /],
      [['--language', 'xx'], 2, /^--language xx is not known; take auto or a code of: en /],
      [['--precision', 'fp8'], 2, /^--precision fp8 is not known; take float32, bf16, int8/],
      [['--model', 'nowhere'], 2, /^--model nowhere: no such folder; /],
      [['--model', 'audio'], 1, /config\.json: not there; /],
      [['nothing.wav'], 1, /^nothing\.wav: no such file; /],
    ];
    for (const [args, code, line] of cases) {
      const { status, stdout, stderr } = tnRun('main.ts', args);
      expect([args, status, stdout]).toEqual([args, code, '']);
      expect(stderr).toMatch(line);
      expect(stderr.trim()).not.toContain('\n');
    }
  });
});

describe('parts on jfk.wav, keys and values in float32: largest absolute error', () => {
  const limits = { mel: 3e-5, encoder: 2e-3, detect: 2e-3, prefill: 2e-3, decode: 2e-3 };
  const measure = (
    mode: string,
  ): { errors: Record<keyof typeof limits, number>; calls: Record<string, { native: number; eager: number }> } => {
    const { status, stdout, stderr } = tnRun('test/jfkParts.ts', [], { TN_MODE: mode });
    expect(status, stderr).toBe(0);
    const measured = JSON.parse(stdout);
    console.log(mode, JSON.stringify(measured.errors));
    for (const [part, limit] of Object.entries(limits)) expect(measured.errors[part], part).toBeLessThan(limit);
    return measured;
  };

  it('eager', () => {
    measure('eager');
  });

  it('native', () => {
    // The first run compiles, and gives what the eager one gave.
    expect(tnRun('test/jfkParts.ts', []).status).toBe(0);
    const { calls } = measure('require');
    for (const part of Object.keys(limits)) expect(calls[part], part).toMatchObject({ captured: 0, eager: 0 });
  });
});

describe('transcripts with keys and values in float32', () => {
  const files = ['jfk.wav', 'espeak-en.wav', 'espeak-de.wav', 'espeak-es.wav'];

  it('of the recordings that come with the example', () => {
    const results = transcribeFiles(['--kv', 'float32', ...files.map((file) => `audio/${file}`)]);
    expect(results.map(transcriptOf)).toEqual(files.map((file) => transcriptOf(recorded[file])));
  });

  it('of several windows, each with the text before it as context', () => {
    const { pieces, cases } = readRecording<{
      pieces: (string | number)[];
      cases: { language: string; task: string; transcript: Transcript }[];
    }>('long.json');
    const sounds = pieces.map((piece) =>
      typeof piece === 'number' ? new Float32Array(piece * 16000) : loadAudio(join(example, `audio/${piece}.wav`)),
    );
    const long = join(folder, 'long.wav');
    writeFileSync(long, wavFile(Float32Array.from(sounds.flatMap((sound) => [...sound])), {}));
    for (const { language, task, transcript } of cases) {
      const [result] = transcribeFiles(['--kv', 'float32', '--language', language, '--task', task, long]);
      expect(transcriptOf(result)).toEqual(transcript);
    }
  });
});
