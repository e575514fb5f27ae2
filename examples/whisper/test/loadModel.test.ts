/** @file Checkpoints that are damaged, each refused in one line; a small one that is not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAsset } from 'torchnative';
import { afterAll, describe, expect, it } from 'vitest';
import { KvCache } from '../cache.ts';
import { ModelError } from '../config.ts';
import { loadSizes, loadTokenizer, loadWhisper } from '../loadModel.ts';
import { TokenChooser } from '../rules.ts';
import { WhisperSpeech } from '../speech.ts';
import { transcribe } from '../transcribe.ts';
import { safetensors, tinyShapes, writeTinyCheckpoint } from './tinyCheckpoint.ts';

const root = mkdtempSync(join(tmpdir(), 'whisper-model-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
/** What is said about a checkpoint with these weights. */
function refusal(weights: Uint8Array): string {
  const checkpoint = openAsset(writeTinyCheckpoint(join(root, String(count++)), weights));
  try {
    loadWhisper(checkpoint, loadSizes(checkpoint));
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('nothing was refused');
}

describe('loadWhisper', () => {
  it('loads a small random checkpoint, which transcribes', () => {
    const checkpoint = openAsset(writeTinyCheckpoint(join(root, 'good')));
    const sizes = loadSizes(checkpoint);
    const tokenizer = loadTokenizer(checkpoint, sizes);
    const chooser = new TokenChooser(tokenizer, sizes.vocabulary);
    const speech = new WhisperSpeech(loadWhisper(checkpoint, sizes), new KvCache(sizes), sizes.textContext, chooser);
    const noise = Float32Array.from({ length: 16000 }, (_, i) => Math.sin(i * i) / 2);
    const once = transcribe(speech, tokenizer, noise, { language: 'en', task: 'transcribe' });
    expect(transcribe(speech, tokenizer, noise, { language: 'en', task: 'transcribe' })).toEqual(once);
  });

  it('refuses damaged weights', () => {
    const shapes = tinyShapes();
    const { 'model.decoder.layer_norm.bias': _, ...rest } = shapes;
    expect(refusal(safetensors(rest))).toMatch(/the weights lack model\.decoder\.layer_norm\.bias; /);
    const wrong = { ...shapes, 'model.encoder.conv1.bias': [17] };
    expect(refusal(safetensors(wrong))).toMatch(
      /model\.encoder\.conv1\.bias has shape \[17\], config\.json asks for \[16\]/,
    );
    const good = safetensors(shapes);
    for (const length of [0, 7, 8, 100, good.length - 1]) {
      expect(refusal(good.subarray(0, length))).toMatch(/model\.safetensors/);
    }
  });

  it('refuses headers that lie', () => {
    const shapes = tinyShapes();
    const first = Object.keys(shapes)[0];
    const lies: ((entry: { dtype: string; shape: number[]; data_offsets: number[] }) => void)[] = [
      (entry) => (entry.dtype = 'F13'),
      (entry) => (entry.dtype = 'F16'),
      (entry) => (entry.data_offsets = [0, 2 ** 40]),
      (entry) => (entry.data_offsets = [-4, 10]),
      (entry) => (entry.shape = [2 ** 40, 2 ** 40]),
      (entry) => (entry.shape = [-1]),
    ];
    for (const lie of lies) {
      expect(refusal(safetensors(shapes, (header) => void lie(header[first] as never)))).toMatch(/model\.safetensors/);
    }
    const long = safetensors(shapes);
    new DataView(long.buffer, long.byteOffset).setBigUint64(0, 2n ** 62n, true);
    expect(refusal(long)).toMatch(/model\.safetensors/);
  });

  it('refuses a folder without its files', () => {
    const folder = writeTinyCheckpoint(join(root, 'partial'));
    rmSync(join(folder, 'model.safetensors'));
    const checkpoint = openAsset(folder);
    const sizes = loadSizes(checkpoint);
    expect(() => loadWhisper(checkpoint, sizes)).toThrow(/no model\.safetensors .*; download the checkpoint again$/);
    writeFileSync(join(folder, 'tokenizer.json'), '{');
    expect(() => loadTokenizer(checkpoint, sizes)).toThrow(/tokenizer\.json: not JSON/);
    rmSync(join(folder, 'config.json'));
    expect(() => loadSizes(checkpoint)).toThrow(/config\.json: not there/);
  });
});
