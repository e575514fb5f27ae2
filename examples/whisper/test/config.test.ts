/** @file The sizes of a checkpoint, and what a config.json is refused for. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ModelError, readSizes } from '../config.ts';

const base = JSON.parse(readFileSync(new URL('../model/config.json', import.meta.url), 'utf8'));

describe('readSizes', () => {
  it('reads those of whisper-base', () => {
    const stack = { layers: 6, heads: 8, hidden: 2048 };
    expect(readSizes(base, 'config.json')).toEqual({
      width: 512,
      melBins: 80,
      audioContext: 1500,
      textContext: 448,
      vocabulary: 51865,
      encoder: stack,
      decoder: stack,
    });
  });

  it('names what is wrong in one line', () => {
    const wrong: [object | null | string, RegExp][] = [
      [{ ...base, d_model: undefined }, /"d_model" is missing, not a size/],
      [{ ...base, encoder_layers: 0 }, /"encoder_layers" is 0/],
      [{ ...base, vocab_size: 1.5 }, /"vocab_size" is 1\.5/],
      [{ ...base, num_mel_bins: '80' }, /"num_mel_bins" is "80"/],
      [{ ...base, decoder_attention_heads: 7 }, /width of 512 does not divide into 7 heads/],
      [{ ...base, model_type: 'llama' }, /a model of type "llama"; name the folder of a Whisper model/],
      [null, /"d_model" is missing/],
      ['text', /"d_model" is missing/],
    ];
    for (const [json, message] of wrong) {
      expect(() => readSizes(json, 'm/config.json')).toThrow(ModelError);
      expect(() => readSizes(json, 'm/config.json')).toThrow(message);
      expect(() => readSizes(json, 'm/config.json')).toThrow(/^m\/config\.json: [^\n]+$/);
    }
  });
});
