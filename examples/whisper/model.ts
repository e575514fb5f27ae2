/**
 * @file The Whisper network: an encoder over sound and a decoder over text, which attends to what was encoded.
 *
 * Source: A. Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). Fields are named as
 * in Hugging Face's checkpoints, so that `model.decoder.layers.0.self_attn.k_proj.weight` is
 * `decoder.layers.0.selfAttn.kProj.weight` here.
 */
import { compileCache, Dim, nn, type Tensor, t } from 'torchnative';
import type { KvCache, LayerCache } from './cache.ts';
import type { ModelSizes, StackSizes } from './config.ts';
import { LogMel } from './mel.ts';

const F = nn.functional;

/** The most tokens that a window can begin with: 223 of context with their mark, and the opening ones. */
const longestPrefill = 228;

/** Attention over several heads at once. */
class Attention extends nn.Module {
  readonly qProj: nn.Linear;
  readonly kProj: nn.Linear;
  readonly vProj: nn.Linear;
  readonly outProj: nn.Linear;
  readonly heads: number;

  constructor(width: number, heads: number) {
    super();
    this.qProj = new nn.Linear(width, width);
    this.kProj = new nn.Linear(width, width, { bias: false });
    this.vProj = new nn.Linear(width, width);
    this.outProj = new nn.Linear(width, width);
    this.heads = heads;
  }

  /** [1, positions, width] → [1, heads, positions, width / heads] */
  split(x: Tensor): Tensor {
    return x.unflatten(2, [this.heads, -1]).transpose(1, 2);
  }

  keys(x: Tensor): Tensor {
    return this.split(this.kProj.forward(x));
  }

  values(x: Tensor): Tensor {
    return this.split(this.vProj.forward(x));
  }

  /** What each position of x finds in the keys and values; [1, positions, width]. */
  attend(x: Tensor, keys: Tensor, values: Tensor, isCausal = false): Tensor {
    const queries = this.split(this.qProj.forward(x));
    const found = F.scaledDotProductAttention(queries, keys, values, { isCausal });
    return this.outProj.forward(found.transpose(1, 2).flatten(2));
  }
}

class EncoderLayer extends nn.Module {
  readonly selfAttnLayerNorm: nn.LayerNorm;
  readonly selfAttn: Attention;
  readonly finalLayerNorm: nn.LayerNorm;
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;

  constructor(width: number, { heads, hidden }: StackSizes) {
    super();
    this.selfAttnLayerNorm = new nn.LayerNorm(width);
    this.selfAttn = new Attention(width, heads);
    this.finalLayerNorm = new nn.LayerNorm(width);
    this.fc1 = new nn.Linear(width, hidden);
    this.fc2 = new nn.Linear(hidden, width);
  }

  forward(x: Tensor): Tensor {
    const normed = this.selfAttnLayerNorm.forward(x);
    const heard = x + this.selfAttn.attend(normed, this.selfAttn.keys(normed), this.selfAttn.values(normed));
    return t(heard + this.fc2.forward(F.gelu(this.fc1.forward(this.finalLayerNorm.forward(heard)))));
  }
}

/** From a spectrogram to what was said when, in the model's own terms. */
export class AudioEncoder extends nn.Module {
  readonly conv1: nn.Conv1d;
  readonly conv2: nn.Conv1d;
  readonly embedPositions: nn.Embedding;
  readonly layers: nn.ModuleList<EncoderLayer>;
  readonly layerNorm: nn.LayerNorm;

  constructor({ width, melBins, audioContext, encoder }: ModelSizes) {
    super();
    this.conv1 = new nn.Conv1d(melBins, width, 3, { padding: 1 });
    this.conv2 = new nn.Conv1d(width, width, 3, { stride: 2, padding: 1 });
    this.embedPositions = new nn.Embedding(audioContext, width);
    this.layers = new nn.ModuleList(Array.from({ length: encoder.layers }, () => new EncoderLayer(width, encoder)));
    this.layerNorm = new nn.LayerNorm(width);
  }

  /** [1, melBins, 2 · audioContext] → [1, audioContext, width] */
  forward(mel: Tensor): Tensor {
    const sound = F.gelu(this.conv2.forward(F.gelu(this.conv1.forward(mel))));
    let x = t(sound.transpose(1, 2) + this.embedPositions.weight);
    for (const layer of this.layers) x = layer.forward(x);
    return this.layerNorm.forward(x);
  }
}

class DecoderLayer extends nn.Module {
  readonly selfAttnLayerNorm: nn.LayerNorm;
  readonly selfAttn: Attention;
  readonly encoderAttnLayerNorm: nn.LayerNorm;
  readonly encoderAttn: Attention;
  readonly finalLayerNorm: nn.LayerNorm;
  readonly fc1: nn.Linear;
  readonly fc2: nn.Linear;

  constructor(width: number, { heads, hidden }: StackSizes) {
    super();
    this.selfAttnLayerNorm = new nn.LayerNorm(width);
    this.selfAttn = new Attention(width, heads);
    this.encoderAttnLayerNorm = new nn.LayerNorm(width);
    this.encoderAttn = new Attention(width, heads);
    this.finalLayerNorm = new nn.LayerNorm(width);
    this.fc1 = new nn.Linear(width, hidden);
    this.fc2 = new nn.Linear(hidden, width);
  }

  /** Reads n tokens from position `pos` on, and puts their keys and values into the cache. */
  forward(x: Tensor, pos: number, cache: LayerCache): Tensor {
    const n = x.shape[1];
    const normed = this.selfAttnLayerNorm.forward(x);
    cache.keys.narrow(2, pos, n).copy_(this.selfAttn.keys(normed));
    cache.values.narrow(2, pos, n).copy_(this.selfAttn.values(normed));
    const keys = cache.keys.narrow(2, 0, pos + n);
    const values = cache.values.narrow(2, 0, pos + n);
    // Tokens from position 0 on look at those before them; a single later token may look at every one.
    const read = x.add(this.selfAttn.attend(normed, keys, values, pos === 0));
    const heard = read.add(
      this.encoderAttn.attend(this.encoderAttnLayerNorm.forward(read), cache.soundKeys, cache.soundValues),
    );
    return heard.add(this.fc2.forward(F.gelu(this.fc1.forward(this.finalLayerNorm.forward(heard)))));
  }
}

/** From the tokens so far, and the sound in the cache, to the next token. */
export class TextDecoder extends nn.Module {
  readonly embedTokens: nn.Embedding;
  readonly embedPositions: nn.Embedding;
  readonly layers: nn.ModuleList<DecoderLayer>;
  readonly layerNorm: nn.LayerNorm;

  constructor({ width, vocabulary, textContext, decoder }: ModelSizes) {
    super();
    this.embedTokens = new nn.Embedding(vocabulary, width);
    this.embedPositions = new nn.Embedding(textContext, width);
    this.layers = new nn.ModuleList(Array.from({ length: decoder.layers }, () => new DecoderLayer(width, decoder)));
    this.layerNorm = new nn.LayerNorm(width);
  }

  /** The logits after the start token alone, among which those of the languages tell what is spoken. */
  @compileCache('detect')
  detect(tokens: Tensor, kv: KvCache): Tensor {
    return this.forward(tokens, 0, 1, kv);
  }

  /**
   * Takes tokens: all that a window begins with at position 0, then one at a time.
   *
   * @param tokens [1, n] int64
   * @param pos position of the first of them
   * @param rows how many logit rows to give, from the last token back
   * @returns [1, rows, vocabulary] float32
   */
  @compileCache('prefill', {
    inputMatchers: {
      tokens: { 1: Dim('n', { max: longestPrefill }) },
      pos: 0,
      rows: Dim('rows', { max: longestPrefill }),
    },
  })
  @compileCache('decode', { inputMatchers: { tokens: { 1: 1 }, pos: Dim('pos', { max: 447 }), rows: 1 } })
  forward(tokens: Tensor, pos: number, rows: number, kv: KvCache): Tensor {
    const n = tokens.shape[1];
    const positions = this.embedPositions.weight.narrow(0, pos, n);
    // Both in float32 before they are added: a sum of two float16 would be rounded to one.
    let x = this.embedTokens.forward(tokens).float().add(positions.float());
    for (let i = 0; i < this.layers.length; i++) x = this.layers.at(i).forward(x, pos, kv.layers[i]);
    const asked = this.layerNorm.forward(x.narrow(1, n - rows, rows));
    return F.linear(asked, this.embedTokens.weight);
  }
}

/** The whole model. */
export class Whisper extends nn.Module {
  readonly mel: LogMel;
  readonly encoder: AudioEncoder;
  readonly decoder: TextDecoder;

  constructor(sizes: ModelSizes) {
    super();
    this.mel = new LogMel(sizes.melBins);
    this.encoder = new AudioEncoder(sizes);
    this.decoder = new TextDecoder(sizes);
  }

  /**
   * Encodes a window, and puts the keys and values that the decoder will look up in it into the cache: they are
   * wanted at every token, and made once.
   *
   * @param mel [1, melBins, 3000] float32
   * @returns [1, audioContext, width] float32
   */
  @compileCache('encoder')
  encode(mel: Tensor, kv: KvCache): Tensor {
    const sound = this.encoder.forward(mel);
    for (let i = 0; i < this.decoder.layers.length; i++) {
      const { encoderAttn } = this.decoder.layers.at(i);
      kv.layers[i].soundKeys.copy_(encoderAttn.keys(sound));
      kv.layers[i].soundValues.copy_(encoderAttn.values(sound));
    }
    return sound;
  }
}
