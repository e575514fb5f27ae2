/** @file Loading files: what is decoded, and what a user is told when it cannot be. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { loadAudio } from '../audio.ts';
import { wavFile } from './wavFiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'whisper-audio-'));
const searchPath = process.env.PATH;
afterEach(() => {
  process.env.PATH = searchPath;
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(name: string, content: Uint8Array | string): Float32Array {
  writeFileSync(join(folder, name), content);
  return loadAudio(join(folder, name), name);
}

/** Fails if the error is not one line, or does not begin with the file's name. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('nothing was refused');
}

describe('loadAudio', () => {
  it('loads the recording that comes with the example', () => {
    const samples = loadAudio(fileURLToPath(new URL('../audio/jfk.wav', import.meta.url)));
    expect(samples.length).toBe(176000);
    expect(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeCloseTo(0.8, 0);
  });

  it('mixes and resamples', () => {
    const stereo = Array.from({ length: 2 * 4410 }, (_, i) => (i % 2 === 0 ? 0.5 : 0));
    const samples = load('stereo.wav', wavFile(stereo, { channels: 2, rate: 44100, bits: 24 }));
    expect(samples.length).toBe(1600);
    expect(samples[800]).toBeCloseTo(0.25, 5);
  });

  it('clips floats beyond full scale', () => {
    expect([...load('loud.wav', wavFile([3, -2, 0.5], { encoding: 'float', bits: 32 }))]).toEqual([1, -1, 0.5]);
  });

  it('refuses in one line that names the file and the remedy', () => {
    process.env.PATH = '';
    expect(refusal(() => loadAudio(join(folder, 'none.wav'), 'none.wav'))).toBe(
      'none.wav: no such file; check the path',
    );
    expect(refusal(() => loadAudio(folder, 'folder'))).toMatch(/^folder: this is a folder; /);
    expect(refusal(() => load('empty.wav', ''))).toMatch(/^empty\.wav: the file is empty; /);
    expect(refusal(() => load('silent.wav', wavFile([], {})))).toMatch(/^silent\.wav: it holds no samples; /);
    expect(refusal(() => load('nan.wav', wavFile([0, Number.NaN], { encoding: 'float', bits: 32 })))).toMatch(
      /^nan\.wav: sample 1 is NaN, .*export the recording again$/,
    );
    expect(refusal(() => load('head.wav', wavFile([0], {}).subarray(0, 20)))).toMatch(
      /^head\.wav: the "fmt " chunk of this wav is cut short; /,
    );
  });

  it('says what to install when only ffmpeg could help', () => {
    process.env.PATH = '';
    expect(refusal(() => load('song.mp3', 'ID3 something'))).toBe(
      'song.mp3: not a wav file, and ffmpeg is not installed; install ffmpeg or convert it to 16-bit PCM wav',
    );
    expect(refusal(() => load('adpcm.wav', wavFile([0], { code: 0x11 })))).toMatch(
      /^adpcm\.wav: a compressed wav, and ffmpeg/,
    );
  });

  it('asks ffmpeg for other formats and passes its reason on', () => {
    writeFileSync(join(folder, 'ffmpeg'), '#!/bin/sh\nprintf "\\000\\100\\000\\300"\n', { mode: 0o755 });
    process.env.PATH = `${folder}:${searchPath}`;
    expect([...load('song.ogg', 'OggS')]).toEqual([0.5, -0.5]);
    writeFileSync(join(folder, 'ffmpeg'), '#!/bin/sh\necho "Invalid data found" >&2\nexit 1\n', { mode: 0o755 });
    expect(refusal(() => load('notes.txt', 'hello'))).toMatch(
      /^notes\.txt: ffmpeg cannot decode it \(Invalid data found\)/,
    );
  });
});
