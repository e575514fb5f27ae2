/** @file The driver against openai/whisper: same windows, tokens, segments and text from the same logits. */
import { describe, expect, it } from 'vitest';
import { decodeWindow } from '../decode.ts';
import type { Task } from '../tokenizer.ts';
import { type Transcript, transcribe } from '../transcribe.ts';
import { baseTokenizer, readRecording } from './recordings.ts';
import { ScriptedModel } from './scriptedModel.ts';

interface Case {
  seed: number;
  endOdds: number;
  samples: number;
  language: string;
  task: Task;
  windows: number[];
  probabilities: [average: number, noSpeech: number][];
  transcript: Transcript;
}

const cases = readRecording<Case[]>('transcripts.json');
const tokenizer = baseTokenizer();

describe('transcribe, logits recorded through openai/whisper', () => {
  for (const recorded of cases) {
    const { seed, endOdds, samples, language, task } = recorded;
    it(`case ${seed}: ${samples / 16000} s, ${language}, ${task}`, () => {
      const model = new ScriptedModel(tokenizer, seed, endOdds);
      const transcript = transcribe(model, tokenizer, new Float32Array(samples), { language, task });
      expect(transcript).toEqual(recorded.transcript);
      expect(model.windows).toEqual(recorded.windows);
    });
  }

  it('covers silence, several windows, context and sequences without an end', () => {
    expect(cases.some(({ probabilities }) => probabilities.some(([average, none]) => none > 0.6 && average < -1))).toBe(
      true,
    );
    expect(cases.some(({ probabilities }) => probabilities.some(([average, none]) => none > 0.6 && average > -1))).toBe(
      true,
    );
    expect(cases.some(({ windows }) => windows.length > 3)).toBe(true);
    expect(cases.some(({ transcript }) => transcript.segments.some(({ text }) => text === ''))).toBe(true);
  });
});

describe('decodeWindow', () => {
  it('gives the probabilities of the first window', () => {
    for (const { seed, endOdds, task, transcript, windows, probabilities } of cases) {
      if (probabilities.length === 0 || windows.length !== probabilities.length) continue;
      const model = new ScriptedModel(tokenizer, seed, endOdds);
      model.hear(new Float32Array(480000)).encodeWindow(0, windows[0]);
      const start = tokenizer.startSequence(transcript.language, task);
      const result = decodeWindow(model, tokenizer, start, []);
      expect(Math.abs(result.averageLogProbability - probabilities[0][0])).toBeLessThan(1e-4);
      expect(Math.abs(result.noSpeechProbability - probabilities[0][1])).toBeLessThan(1e-4);
    }
  });

  it('takes the last 223 tokens of the text so far as context', () => {
    const model = new ScriptedModel(tokenizer, 3, 6);
    const seen: number[][] = [];
    const prefill = model.prefill.bind(model);
    model.prefill = (tokens, rows) => {
      seen.push([...tokens]);
      return prefill(tokens, rows);
    };
    const start = tokenizer.startSequence('en', 'transcribe');
    const previous = Array.from({ length: 300 }, (_, i) => i);
    decodeWindow(model, tokenizer, start, previous);
    expect(seen[0]).toEqual([tokenizer.startOfPrevious, ...previous.slice(77), ...start]);
    expect(seen[0].length).toBe(227);
  });
});
