/** @file The program without its weights: output, exit codes, and that one bad file does not stop the next. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { FileTranscript } from '../format.ts';
import { addParts, formatParts } from '../parts.ts';
import { type Loader, run } from '../run.ts';
import { baseTokenizer } from './recordings.ts';
import { ScriptedModel } from './scriptedModel.ts';
import { wavFile } from './wavFiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'whisper-run-'));
writeFileSync(join(folder, 'a.wav'), wavFile(new Float32Array(197440), {}));
writeFileSync(join(folder, 'empty.wav'), '');
afterAll(() => rmSync(folder, { recursive: true }));

const tokenizer = baseTokenizer();
const loader: Loader = {
  tokenizer: () => tokenizer,
  speech: () => ({
    tokenizer,
    model: new ScriptedModel(tokenizer, 12, 10),
    takeParts: () => ({ encoder: { mode: 'native', calls: 1, ms: 2.5 } }),
  }),
};

function runHere(command: string, with_: Loader = loader) {
  let out = '';
  let err = '';
  const terminal = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), folder };
  const code = run(command.split(' ').filter(Boolean), terminal, with_);
  return { code, out, err };
}

describe('run', () => {
  it('prints one line a file and reports on standard error', () => {
    const { code, out, err } = runHere('a.wav');
    expect(code).toBe(0);
    expect(out).toMatch(/^\S[^\n]*\n$/);
    expect(err).toContain('a.wav: 12.3 s of sound, ru, in ');
    expect(err).toMatch(/^encoder +native +1 +2\.5 +2\.50$/m);
  });

  it('goes on after a file that fails, and exits with 1', () => {
    const { code, out, err } = runHere('empty.wav none.wav a.wav --format json');
    expect(code).toBe(1);
    const [empty, none, done] = JSON.parse(out);
    expect(empty).toEqual({ file: 'empty.wav', error: 'empty.wav: the file is empty; record or copy it again' });
    expect(none).toEqual({ file: 'none.wav', error: 'none.wav: no such file; check the path' });
    expect(Object.keys(done)).toEqual(['file', 'language', 'text', 'segments', 'parts', 'ms']);
    expect(Object.keys((done as FileTranscript).segments[0])).toEqual(['start', 'end', 'text', 'tokens']);
    expect(err).toContain('none.wav: no such file; check the path\n');
  });

  it('takes the recording of the example when no file is named', () => {
    const results = JSON.parse(runHere('--format json').out);
    expect(results[0].file).toMatch(/examples\/whisper\/audio\/jfk\.wav$/);
  });

  it('writes subtitles of several files one after another', () => {
    const { out } = runHere('a.wav a.wav --format vtt');
    expect(out.match(/^WEBVTT$/gm)).toHaveLength(2);
    expect(out).toMatch(/\n\nWEBVTT\n\n/);
  });

  it('shows help', () => {
    expect(runHere('--help')).toMatchObject({ code: 0, err: '' });
    expect(runHere('--help').out).toContain('Usage:');
  });

  it('answers a wrong request with one line and 2', () => {
    const wrong = ['--nope', '--precision bf8', '--threads x', '--language xx', '--model none'];
    for (const command of wrong) {
      const { code, out, err } = runHere(command);
      expect([command, code, out]).toEqual([command, 2, '']);
      expect(err).toMatch(/^[^\n]+\n$/);
    }
    expect(runHere('--language xx').err).toMatch(/take auto or a code of: en zh de /);
  });

  it('answers a model that cannot be loaded with one line and 1', () => {
    const broken: Loader = {
      ...loader,
      speech: () => {
        throw new Error('model.safetensors: cut short\n  more');
      },
    };
    expect(runHere('a.wav', broken)).toEqual({ code: 1, out: '', err: 'model.safetensors: cut short\n' });
  });

  it('is started by npm from any folder', () => {
    const terminal = { out: () => {}, err: () => {}, folder: fileURLToPath(new URL('..', import.meta.url)) };
    expect(run(['audio/jfk.wav'], terminal, loader)).toBe(0);
  });
});

describe('parts', () => {
  it('add up, the worse mode wins', () => {
    const native = { mode: 'native', calls: 2, ms: 3 } as const;
    const eager = { mode: 'eager', calls: 1, ms: 4 } as const;
    const none = { mode: 'none', calls: 0, ms: 0 } as const;
    expect(addParts({ mel: native, detect: none }, { mel: eager, detect: native })).toEqual({
      mel: { mode: 'eager', calls: 3, ms: 7 },
      detect: native,
    });
    expect(formatParts({ mel: native, detect: none })).toBe(
      'part    mode    calls   ms  ms a call\nmel     native      2  3.0       1.50\ndetect  none        0  0.0\n',
    );
  });
});
