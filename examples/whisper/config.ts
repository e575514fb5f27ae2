/**
 * @file The sizes of a checkpoint, from the `config.json` of Hugging Face's layout.
 */

/** A stack of transformer layers. */
export interface StackSizes {
  readonly layers: number;
  readonly heads: number;
  /** Width of the hidden layer between the two linear ones. */
  readonly hidden: number;
}

export interface ModelSizes {
  /** Features of every position: 512 in whisper-base. */
  readonly width: number;
  /** Rows of a spectrogram: 80, or 128 in large-v3. */
  readonly melBins: number;
  /** Positions of an encoded window: 1500 for 30 s. */
  readonly audioContext: number;
  /** Tokens the decoder can hold: 448. */
  readonly textContext: number;
  readonly vocabulary: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
}

/** A checkpoint that cannot be used. The message is one line: the file, what is wrong with it, what to do. */
export class ModelError extends Error {
  override name = 'ModelError';
}

/**
 * Reads the sizes.
 *
 * @param json the parsed file
 * @param file its name, for errors
 * @throws ModelError when a size is missing or no positive whole number, or when this is no Whisper model
 */
export function readSizes(json: unknown, file: string): ModelSizes {
  const config = (typeof json === 'object' && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  if (config.model_type !== undefined && config.model_type !== 'whisper') {
    throw new ModelError(
      `${file}: a model of type ${JSON.stringify(config.model_type)}; name the folder of a Whisper model`,
    );
  }
  const size = (name: string): number => {
    const value = config[name];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
    throw new ModelError(
      `${file}: "${name}" is ${JSON.stringify(value) ?? 'missing'}, not a size; copy the file again`,
    );
  };
  const stack = (name: string): StackSizes => ({
    layers: size(`${name}_layers`),
    heads: size(`${name}_attention_heads`),
    hidden: size(`${name}_ffn_dim`),
  });
  const sizes: ModelSizes = {
    width: size('d_model'),
    melBins: size('num_mel_bins'),
    audioContext: size('max_source_positions'),
    textContext: size('max_target_positions'),
    vocabulary: size('vocab_size'),
    encoder: stack('encoder'),
    decoder: stack('decoder'),
  };
  for (const { heads } of [sizes.encoder, sizes.decoder]) {
    if (sizes.width % heads !== 0) {
      throw new ModelError(
        `${file}: a width of ${sizes.width} does not divide into ${heads} heads; copy the file again`,
      );
    }
  }
  return sizes;
}
