/**
 * @file Whisper's tokens: text to and from ids, and the special ones that steer the decoder.
 *
 * The vocabulary is the model's `tokenizer.json`, read by @huggingface/tokenizers. Ids follow openai/whisper
 * (tokenizer.py, release 20250625): byte-pair tokens, then end of text, start of transcript, one token a language,
 * tasks and controls, and at the end 1501 timestamps, 0.02 s apart.
 */
import { Tokenizer } from '@huggingface/tokenizers';

/** What the decoder is asked to write: the words as spoken, or in English. */
export type Task = 'transcribe' | 'translate';

/** Texts that stand for sounds and speaker tags rather than speech; a token that is one of them is never chosen. */
const nonSpeech = [...'"#()*+/:;<=>@[\\]^_`{|}~「」『』'].concat(
  ['<<', '>>', '<<<', '>>>', '--', '---', '-(', '-[', "('", '("', '((', '))', '(((', ')))', '[[', ']]', '{{', '}}'],
  ['♪♪', '♪♪♪'],
);
/** Musical signs, of one or of several tokens: suppressed by their first, which they share with no letter. */
const musical = [...'♩♪♫♬♭♮♯'];
/** Not at the beginning of a word; inside one they are hyphen and apostrophe. */
const wordOpeners = [' -', " '"];

/** The smallest vocabulary of a multilingual checkpoint; English-only ones have one token less. */
const multilingualVocabulary = 51865;

/** The vocabulary of one checkpoint. */
export class WhisperTokenizer {
  readonly isMultilingual: boolean;
  readonly endOfText: number;
  readonly startOfTranscript: number;
  readonly transcribe: number;
  readonly translate: number;
  readonly startOfLanguageModel: number;
  readonly startOfPrevious: number;
  readonly noSpeech: number;
  readonly noTimestamps: number;
  /** The token of 0.00 s; every later id is 0.02 s more. */
  readonly firstTimestamp: number;
  /** Language code → token, in the order of the tokens. Empty for English-only checkpoints. */
  readonly languages: ReadonlyMap<string, number>;
  /** Tokens for a lone blank. */
  readonly blank: readonly number[];
  /** Tokens that are never chosen: signs for non-speech, and controls. Ascending. */
  readonly suppressed: readonly number[];
  readonly #tokenizer: Tokenizer;

  /**
   * @param json the parsed `tokenizer.json`, which is used up
   * @param vocabularySize rows of the model's token embedding: tells multilingual from English-only checkpoints
   * @throws Error when a token that Whisper needs is missing
   */
  constructor(json: object, vocabularySize: number) {
    this.#tokenizer = readTokenizer(json);
    this.isMultilingual = vocabularySize >= multilingualVocabulary;
    this.endOfText = this.#special('<|endoftext|>');
    this.startOfTranscript = this.#special('<|startoftranscript|>');
    this.transcribe = this.#special('<|transcribe|>');
    this.translate = this.#special('<|translate|>');
    this.startOfLanguageModel = this.#special('<|startoflm|>');
    this.startOfPrevious = this.#special('<|startofprev|>');
    this.noSpeech = this.#special('<|nospeech|>', '<|nocaptions|>');
    this.noTimestamps = this.#special('<|notimestamps|>');
    this.firstTimestamp = this.noTimestamps + 1;
    this.languages = this.isMultilingual ? this.#readLanguages() : new Map();
    this.blank = this.encode(' ');
    this.suppressed = this.#findSuppressed();
  }

  /** The tokens of a text, without any special ones. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** The text of tokens; timestamps are left out, bytes that are not UTF-8 become U+FFFD. */
  decode(tokens: readonly number[]): string {
    const written = tokens.filter((token) => token < this.firstTimestamp);
    return written.length === 0 ? '' : this.#tokenizer.decode(written, { clean_up_tokenization_spaces: false });
  }

  isTimestamp(token: number): boolean {
    return token >= this.firstTimestamp;
  }

  /** The tokens that open a transcript: start, language, task; English-only checkpoints know the start alone. */
  startSequence(language: string, task: Task): number[] {
    if (!this.isMultilingual) return [this.startOfTranscript];
    const spoken = this.languages.get(language);
    if (spoken === undefined) throw new Error(`language "${language}" has no token in this model`);
    return [this.startOfTranscript, spoken, task === 'transcribe' ? this.transcribe : this.translate];
  }

  #special(...names: string[]): number {
    for (const name of names) {
      const id = this.#tokenizer.token_to_id(name);
      if (id !== undefined) return id;
    }
    throw new Error(`tokenizer.json has no token ${names[0]}; take the one that belongs to the Whisper checkpoint`);
  }

  /** Languages are all that stands between the start of the transcript and the tasks. */
  #readLanguages(): Map<string, number> {
    const languages = new Map<string, number>();
    const end = Math.min(this.transcribe, this.translate);
    for (let id = this.startOfTranscript + 1; id < end; id++) {
      const code = /^<\|([a-z]+)\|>$/.exec(this.#tokenizer.id_to_token(id) ?? '')?.[1];
      if (code) languages.set(code, id);
    }
    return languages;
  }

  #findSuppressed(): number[] {
    const found = new Set<number>();
    for (const opener of wordOpeners) found.add(this.encode(opener)[0]);
    for (const text of [...nonSpeech, ...musical]) {
      for (const tokens of [this.encode(text), this.encode(` ${text}`)]) {
        if (tokens.length === 1 || musical.includes(text)) found.add(tokens[0]);
      }
    }
    const controls = [this.transcribe, this.translate, this.startOfTranscript];
    for (const id of controls) found.add(id);
    for (const id of [this.startOfPrevious, this.startOfLanguageModel, this.noSpeech]) found.add(id);
    return [...found].sort((a, b) => a - b);
  }
}

/** What is used up of `tokenizer.json`; merge rules are `Ġ a`, or `[Ġ, a]`. */
interface BytePairs {
  readonly model?: { merges?: MergeRule[] | MergeList; vocab?: object };
}

type MergeRule = string | readonly string[];

/**
 * The tokenizer makes tables of its own of vocabulary and merges, and keeps what it was given besides: that is emptied, 15 MB
 * in a small JavaScript engine.
 */
function readTokenizer(json: BytePairs): Tokenizer {
  const { model } = json;
  const rules = Array.isArray(model?.merges) ? model.merges : [];
  if (model && rules.length > 0) model.merges = new MergeList(rules);
  const tokenizer = new Tokenizer(json, {});
  rules.length = 0;
  if (model) model.vocab = {};
  return tokenizer;
}

/**
 * As much of an array of pairs as the tokenizer uses: it looks at the first and ranks them all in a `Map`. Here each pair is
 * made when it is ranked, and gone behind it: two lists of 50 000 less to carry through the garbage collections of a load.
 */
class MergeList {
  readonly 0: readonly string[];
  readonly #rules: readonly MergeRule[];

  constructor(rules: readonly MergeRule[]) {
    this.#rules = rules;
    this[0] = pairOf(rules[0]);
  }

  *map<T>(make: (pair: readonly string[], rank: number) => T): Iterable<T> {
    for (const [rank, rule] of this.#rules.entries()) yield make(pairOf(rule), rank);
  }
}

function pairOf(rule: MergeRule): readonly string[] {
  return typeof rule === 'string' ? rule.split(' ', 2) : rule;
}
