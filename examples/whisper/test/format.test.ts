/** @file What is printed, to the letter. */
import { describe, expect, it } from 'vitest';
import { type FileResult, formatResults } from '../format.ts';

const result: FileResult = {
  file: 'a.wav',
  language: 'en',
  text: ' One.\n Two --> three.',
  segments: [
    { start: 0, end: 7.6000000000000005, text: ' One.', tokens: [50364, 1485, 13, 50744] },
    { start: 8, end: 8, text: '', tokens: [] },
    { start: 59.9996, end: 3661.25, text: ' Two --> three.', tokens: [50744, 4296, 50894] },
  ],
  parts: { mel: { mode: 'native', calls: 1, ms: 2 } },
  ms: { load: 10, total: 20 },
};
const failure: FileResult = { file: 'b.wav', error: 'b.wav: no such file; check the path' };

describe('formatResults', () => {
  it('text: one line a file', () => {
    expect(formatResults([result, failure, result], 'text')).toBe('One. Two --> three.\nOne. Two --> three.\n');
    expect(formatResults([failure], 'text')).toBe('');
  });

  it('json: everything, failures too, in the order of the files', () => {
    expect(JSON.parse(formatResults([result, failure], 'json'))).toEqual([result, failure]);
  });

  it('srt', () => {
    expect(formatResults([result], 'srt')).toBe(
      '1\n00:00:00,000 --> 00:00:07,600\nOne.\n\n2\n00:01:00,000 --> 01:01:01,250\nTwo -> three.\n',
    );
  });

  it('vtt', () => {
    expect(formatResults([result], 'vtt')).toBe(
      'WEBVTT\n\n00:00.000 --> 00:07.600\nOne.\n\n01:00.000 --> 01:01:01.250\nTwo -> three.\n',
    );
  });
});
