"""Reads a Whisper checkpoint in Hugging Face's layout into numpy arrays, for everything that converts it.

A safetensors file is a JSON header before plain arrays: no library is needed for it.
"""

import json
import os
import re
import shutil
import sys

import numpy as np

DTYPES = {"F16": np.float16, "F32": np.float32}


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def read_safetensors(path):
    """Every tensor of one file, by name."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    header_size = int(data[:8].view("<u8")[0])
    header = json.loads(data[8 : 8 + header_size].tobytes())
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        first, last = (8 + header_size + offset for offset in info["data_offsets"])
        values = np.frombuffer(data[first:last].tobytes(), DTYPES[info["dtype"]])
        tensors[name] = values.reshape(info["shape"])
    return tensors


def read_checkpoint(folder):
    index = os.path.join(folder, "model.safetensors.index.json")
    files = ["model.safetensors"]
    if os.path.exists(index):
        files = sorted(set(read_json(index)["weight_map"].values()))
    tensors = {}
    for name in files:
        tensors.update(read_safetensors(os.path.join(folder, name)))
    return tensors


# Hugging Face's names in openai/whisper's words, longest first.
OPENAI_WORDS = [
    (r"^model\.", ""),
    (r"\.layers\.", ".blocks."),
    (r"encoder_attn_layer_norm", "cross_attn_ln"),
    (r"self_attn_layer_norm", "attn_ln"),
    (r"final_layer_norm", "mlp_ln"),
    (r"encoder_attn", "cross_attn"),
    (r"self_attn", "attn"),
    (r"q_proj", "query"),
    (r"k_proj", "key"),
    (r"v_proj", "value"),
    (r"out_proj", "out"),
    (r"fc1", "mlp.0"),
    (r"fc2", "mlp.2"),
    (r"embed_positions\.weight", "positional_embedding"),
    (r"embed_tokens", "token_embedding"),
    (r"^encoder\.layer_norm", "encoder.ln_post"),
    (r"^decoder\.layer_norm", "decoder.ln"),
]


def openai_name(name):
    for pattern, word in OPENAI_WORDS:
        name = re.sub(pattern, word, name)
    return name


def make_once(output, make):
    """Calls `make` with a path to write to, unless `output` stands already; a half-made one is never taken for it."""
    if os.path.exists(output):
        return
    unfinished = output + ".tmp"
    if os.path.isdir(unfinished):
        shutil.rmtree(unfinished)
    os.makedirs(os.path.dirname(output), exist_ok=True)
    make(unfinished)
    os.rename(unfinished, output)


def arguments(doc, count):
    if len(sys.argv) != count + 1:
        sys.exit(doc)
    return sys.argv[1:]
