"""Converts a Whisper checkpoint in Hugging Face's layout to CTranslate2's format: what faster-whisper reads.

CTranslate2's own command needs torch and transformers for it; its specification classes take numpy arrays. float16
stays float16 in the file.

usage: convertCt2.py CHECKPOINT OUTPUT    (OUTPUT is made; one that stands already is kept)
"""

import json
import os
import shutil

from checkpoint import arguments, make_once, read_checkpoint, read_json
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, whisper_spec
from tokenizers import Tokenizer

class Filler:
    """Puts the checkpoint's tensors into the fields of a specification."""

    def __init__(self, tensors):
        self.tensors = tensors

    def pair(self, spec, name, bias="bias"):
        spec.weight = self.tensors[name + ".weight"]
        if name + ".bias" in self.tensors:
            setattr(spec, bias, self.tensors[name + ".bias"])

    def norm(self, spec, name):
        spec.gamma = self.tensors[name + ".weight"]
        spec.beta = self.tensors[name + ".bias"]

    def fused(self, spec, names):
        parts = [common_spec.LinearSpec() for _ in names]
        for part, name in zip(parts, names):
            self.pair(part, name)
        utils.fuse_linear(spec, parts)

    def attention(self, spec, name, is_self):
        query, key, value = (f"{name}.{kind}_proj" for kind in "qkv")
        if is_self:
            self.fused(spec.linear[0], [query, key, value])
        else:
            self.fused(spec.linear[0], [query])
            self.fused(spec.linear[1], [key, value])
        self.pair(spec.linear[-1], name + ".out_proj")
        self.norm(spec.layer_norm, name + "_layer_norm")

    def stack(self, spec, name):
        """What encoder and decoder have in common."""
        spec.position_encodings.encodings = self.tensors[name + ".embed_positions.weight"]
        self.norm(spec.layer_norm, name + ".layer_norm")
        for i, layer in enumerate(spec.layer):
            base = f"{name}.layers.{i}"
            self.attention(layer.self_attention, base + ".self_attn", True)
            if f"{base}.encoder_attn.q_proj.weight" in self.tensors:
                self.attention(layer.attention, base + ".encoder_attn", False)
            self.pair(layer.ffn.linear_0, base + ".fc1")
            self.pair(layer.ffn.linear_1, base + ".fc2")
            self.norm(layer.ffn.layer_norm, base + ".final_layer_norm")


def convert(folder, output):
    config = read_json(folder, "config.json")
    generation = read_json(folder, "generation_config.json")
    fill = Filler(read_checkpoint(folder))
    spec = whisper_spec.WhisperSpec(
        config["encoder_layers"],
        config["encoder_attention_heads"],
        config["decoder_layers"],
        config["decoder_attention_heads"],
    )
    fill.pair(spec.encoder.conv1, "model.encoder.conv1")
    fill.pair(spec.encoder.conv2, "model.encoder.conv2")
    fill.stack(spec.encoder, "model.encoder")
    spec.decoder.embeddings.weight = fill.tensors["model.decoder.embed_tokens.weight"]
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    fill.stack(spec.decoder, "model.decoder")

    tokenizer = os.path.join(folder, "tokenizer.json")
    by_id = sorted(Tokenizer.from_file(tokenizer).get_vocab().items(), key=lambda item: item[1])
    tokens = [token for token, _ in by_id]
    # Timestamps that the tokenizer has no names for.
    tokens += ["<|%.2f|>" % (i * 0.02) for i in range(config["vocab_size"] - len(tokens))]
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = generation["suppress_tokens"]
    spec.config.suppress_ids_begin = generation["begin_suppress_tokens"]
    spec.config.alignment_heads = generation["alignment_heads"]
    spec.config.lang_ids = sorted(generation["lang_to_id"].values())

    spec.validate()
    spec.optimize()
    os.makedirs(output)
    spec.save(output)
    shutil.copy(tokenizer, output)
    extractor = {"feature_size": config["num_mel_bins"]}
    with open(os.path.join(output, "preprocessor_config.json"), "w", encoding="utf-8") as file:
        json.dump(extractor, file)


if __name__ == "__main__":
    checkpoint, output = arguments(__doc__, 2)
    make_once(output, lambda path: convert(checkpoint, path))
