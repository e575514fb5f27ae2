"""Converts a Whisper checkpoint in Hugging Face's layout to whisper.cpp's file.

usage: convertGgml.py CHECKPOINT OUTPUT f16|q8_0

Source of the layout: whisper.cpp, models/convert-h5-to-ggml.py and examples/quantize (release 1.8.5): matrices in
float16 or in blocks of 32 bytes with a float16 scale, everything else in float32.
"""

import struct

import numpy as np
from checkpoint import arguments, make_once, openai_name, read_checkpoint, read_json
from faster_whisper.feature_extractor import FeatureExtractor

F32, F16, Q8_0 = 0, 1, 8
# Of the whole file: "mostly f16", and "mostly q8_0" of quantisation version 2.
FILE_TYPES = {"f16": 1, "q8_0": 2007}
KEPT = {"encoder.conv1.bias", "encoder.conv2.bias", "encoder.positional_embedding", "decoder.positional_embedding"}


def byte_of_letter():
    """The byte that each letter of a byte-level vocabulary stands for."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + i): byte for i, byte in enumerate(hidden)}


def words(folder):
    """The bytes of every token before the special ones, by id."""
    vocabulary = read_json(folder, "tokenizer.json")["model"]["vocab"]
    letters = byte_of_letter()
    by_id = sorted(vocabulary.items(), key=lambda item: item[1])
    return [bytes(letters[letter] for letter in token) for token, _ in by_id if not token.startswith("<|")]


def quantised(values):
    """Rows in blocks of 32: a float16 scale, then 32 signed bytes."""
    blocks = values.astype(np.float32).reshape(-1, 32)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    rounded = np.rint(blocks * inverse).astype(np.int8)
    return np.concatenate([scale.astype(np.float16).view(np.int8), rounded], axis=1).tobytes()


def write_tensor(file, name, values, kind):
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        values = values.reshape(-1, 1)
    if values.ndim < 2 or name in KEPT:
        kind, data = F32, values.astype(np.float32).tobytes()
    elif kind == Q8_0 and values.ndim == 2:
        data = quantised(values)
    else:
        kind, data = F16, values.astype(np.float16).tobytes()
    encoded = name.encode()
    file.write(struct.pack("iii", values.ndim, len(encoded), kind))
    file.write(struct.pack(f"{values.ndim}i", *reversed(values.shape)))
    file.write(encoded)
    file.write(data)


def convert(folder, output, kind):
    config = read_json(folder, "config.json")
    sizes = [
        config[name]
        for name in (
            "vocab_size", "max_source_positions", "d_model", "encoder_attention_heads", "encoder_layers",
            "max_target_positions", "d_model", "decoder_attention_heads", "decoder_layers", "num_mel_bins",
        )
    ]
    filters = FeatureExtractor(feature_size=config["num_mel_bins"]).mel_filters.astype(np.float32)
    with open(output, "wb") as file:
        file.write(struct.pack("12i", 0x67676D6C, *sizes, FILE_TYPES[kind]))
        file.write(struct.pack("2i", *filters.shape))
        file.write(np.ascontiguousarray(filters).tobytes())
        tokens = words(folder)
        file.write(struct.pack("i", len(tokens)))
        for token in tokens:
            file.write(struct.pack("i", len(token)))
            file.write(token)
        for name, values in read_checkpoint(folder).items():
            if name != "proj_out.weight":
                write_tensor(file, openai_name(name), values, Q8_0 if kind == "q8_0" else F16)


if __name__ == "__main__":
    checkpoint, output, kind = arguments(__doc__, 3)
    make_once(output, lambda path: convert(checkpoint, path, kind))
