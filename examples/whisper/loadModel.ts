/**
 * @file Loading a checkpoint in Hugging Face's layout: `config.json`, `tokenizer.json`, and the weights in
 * `model.safetensors` or in several files under `model.safetensors.index.json`.
 */
import type { Asset, Tensor } from 'torchnative';
import { ModelError, type ModelSizes, readSizes } from './config.ts';
import { Whisper } from './model.ts';
import { WhisperTokenizer } from './tokenizer.ts';

/** @throws ModelError when `config.json` is missing or states no usable sizes */
export function loadSizes(checkpoint: Asset): ModelSizes {
  return readSizes(readJson(checkpoint, 'config.json'), checkpoint.fileName('config.json'));
}

/** @throws ModelError when `tokenizer.json` is missing or lacks a token that Whisper needs */
export function loadTokenizer(checkpoint: Asset, sizes: ModelSizes): WhisperTokenizer {
  const json = readJson(checkpoint, 'tokenizer.json');
  try {
    return new WhisperTokenizer(json as object, sizes.vocabulary);
  } catch (error) {
    throw new ModelError(`${checkpoint.fileName('tokenizer.json')}: ${reason(error)}`);
  }
}

/**
 * Builds the model and gives it the checkpoint's tensors as they are stored: mapped from the file, not copied.
 *
 * @throws ModelError when a file is missing or damaged, or a tensor is missing or has another shape
 */
export function loadWhisper(checkpoint: Asset, sizes: ModelSizes): Whisper {
  const stored = readWeights(checkpoint);
  const model = new Whisper(sizes);
  const state: Record<string, Tensor> = {};
  const missing: string[] = [];
  for (const [name, parameter] of model.namedParameters()) {
    const tensor = stored[checkpointName(name)];
    if (tensor === undefined) missing.push(checkpointName(name));
    else if (String(tensor.shape) !== String(parameter.shape)) {
      throw new ModelError(
        `${checkpoint.name}: ${checkpointName(name)} has shape [${tensor.shape}], config.json asks for [${parameter.shape}]; take both from one checkpoint`,
      );
    } else state[name] = tensor;
  }
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    throw new ModelError(`${checkpoint.name}: the weights lack ${missing[0]}${more}; download the checkpoint again`);
  }
  model.loadStateDict(state, { strict: false, assign: true });
  return model;
}

/** `decoder.layers.0.selfAttn.kProj.weight` is `model.decoder.layers.0.self_attn.k_proj.weight` in the checkpoint. */
function checkpointName(name: string): string {
  return `model.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function readWeights(checkpoint: Asset): Readonly<Record<string, Tensor>> {
  try {
    return checkpoint.tensors();
  } catch (error) {
    throw new ModelError(`${reason(error)}; download the checkpoint again`);
  }
}

function readJson(checkpoint: Asset, name: string): unknown {
  const file = checkpoint.fileName(name);
  let text: string;
  try {
    text = checkpoint.text(name);
  } catch {
    throw new ModelError(`${file}: not there; name the folder of a Whisper checkpoint in Hugging Face's layout`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelError(`${file}: not JSON; download the file again`);
  }
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
