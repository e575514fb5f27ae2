/** @file A Whisper checkpoint of two small layers with random weights: quick to load, and easy to damage. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const width = 16;
const config = {
  model_type: 'whisper',
  d_model: width,
  num_mel_bins: 80,
  max_source_positions: 1500,
  max_target_positions: 448,
  vocab_size: 51865,
  encoder_layers: 2,
  encoder_attention_heads: 2,
  encoder_ffn_dim: 32,
  decoder_layers: 2,
  decoder_attention_heads: 2,
  decoder_ffn_dim: 32,
};

type Shapes = Record<string, readonly number[]>;

/** Every tensor of the checkpoint, as Hugging Face names it. */
export function tinyShapes(): Shapes {
  const shapes: Shapes = {
    'model.encoder.conv1.weight': [width, 80, 3],
    'model.encoder.conv1.bias': [width],
    'model.encoder.conv2.weight': [width, width, 3],
    'model.encoder.conv2.bias': [width],
    'model.encoder.embed_positions.weight': [1500, width],
    'model.decoder.embed_positions.weight': [448, width],
    'model.decoder.embed_tokens.weight': [51865, width],
  };
  const norm = (name: string) => {
    shapes[`${name}.weight`] = [width];
    shapes[`${name}.bias`] = [width];
  };
  const linear = (name: string, inputs: number, outputs: number) => {
    shapes[`${name}.weight`] = [outputs, inputs];
    if (!name.endsWith('k_proj')) shapes[`${name}.bias`] = [outputs];
  };
  for (const side of ['encoder', 'decoder']) {
    norm(`model.${side}.layer_norm`);
    for (let layer = 0; layer < 2; layer++) {
      const prefix = `model.${side}.layers.${layer}`;
      for (const attention of side === 'encoder' ? ['self_attn'] : ['self_attn', 'encoder_attn']) {
        norm(`${prefix}.${attention}_layer_norm`);
        for (const kind of ['q', 'k', 'v', 'out']) linear(`${prefix}.${attention}.${kind}_proj`, width, width);
      }
      norm(`${prefix}.final_layer_norm`);
      linear(`${prefix}.fc1`, width, 32);
      linear(`${prefix}.fc2`, 32, width);
    }
  }
  return shapes;
}

/** A safetensors file of float32 tensors with random values, the same every time. */
export function safetensors(shapes: Shapes, change: (header: Record<string, unknown>) => void = () => {}): Uint8Array {
  const header: Record<string, unknown> = {};
  let size = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = 4 * shape.reduce((product, length) => product * length, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [size, size + bytes] };
    size += bytes;
  }
  const values = new Float32Array(size / 4);
  for (let i = 0, seed = 1; i < values.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    values[i] = (seed / 2 ** 32 - 0.5) / 2;
  }
  change(header);
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, new Uint8Array(values.buffer)]);
}

/** Writes the checkpoint into a new folder; `weights` and `sizes` stand in for the right ones. */
export function writeTinyCheckpoint(
  folder: string,
  weights = safetensors(tinyShapes()),
  sizes: object = config,
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(sizes));
  writeFileSync(join(folder, 'model.safetensors'), weights);
  copyFileSync(fileURLToPath(new URL('../model/tokenizer.json', import.meta.url)), join(folder, 'tokenizer.json'));
  return folder;
}
