/** @file The command line: defaults, every option, and what is refused before anything is loaded. */
import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError, unknownLanguage, usage } from '../options.ts';

describe('parseOptions', () => {
  it('has defaults for everything', () => {
    expect(parseOptions([])).toEqual({
      files: [],
      model: undefined,
      language: 'auto',
      task: 'transcribe',
      format: 'text',
      threads: undefined,
      precision: undefined,
      kv: 'float16',
    });
  });

  it('takes options in any order and form', () => {
    const args = 'a.wav --language DE --task=translate --format json b.flac --threads 2 --kv float32 --model m'.split(
      ' ',
    );
    expect(parseOptions([...args, '--precision', 'float32', '--', '--odd.wav'])).toEqual({
      files: ['a.wav', 'b.flac', '--odd.wav'],
      model: 'm',
      language: 'de',
      task: 'translate',
      format: 'json',
      threads: 2,
      precision: 'float32',
      kv: 'float32',
    });
  });

  it('gives help, which names every option', () => {
    expect(parseOptions(['--help'])).toBe('help');
    expect(parseOptions(['a.wav', '-h'])).toBe('help');
    for (const name of ['model', 'language', 'task', 'format', 'threads', 'precision', 'kv', 'help']) {
      expect(usage).toContain(`--${name}`);
    }
  });

  const refused: [string, RegExp][] = [
    ['--beam 5', /^unknown option --beam; the options are --model, /],
    ['-x', /^unknown option -x; /],
    ['--language', /^--language needs a value/],
    ['--model=', /^--model needs a value/],
    ['--language english!', /^--language english! is not known; take auto or a code such as en$/],
    ['--task sing', /^--task sing is not known; take transcribe, translate$/],
    ['--format xml', /^--format xml is not known; take text, json, srt, vtt$/],
    ['--kv int8', /^--kv int8 is not known; take float16, float32$/],
    ['--threads 0', /^--threads 0 is not a whole number from 1 to 1024$/],
    ['--threads two', /^--threads two /],
    ['--threads -1', /^--threads -1 /],
    ['--threads 1.5', /^--threads 1\.5 /],
    ['--precision fp4', /^--precision fp4 is not known; take float32, bf16, int8$/],
  ];
  for (const [args, message] of refused) {
    it(`refuses ${args}`, () => {
      expect(() => parseOptions(args.split(' '))).toThrow(UsageError);
      expect(() => parseOptions(args.split(' '))).toThrow(message);
    });
  }

  it('names the languages once they are known', () => {
    expect(unknownLanguage('xx', ['en', 'de']).message).toBe(
      '--language xx is not known; take auto or a code of: en de',
    );
  });
});
