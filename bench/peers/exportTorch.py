"""Compiles Whisper's parts with AOTInductor. usage: exportTorch.py CHECKPOINT FOLDER

FOLDER gets one .pt2 a part, and seconds.json: what export and compilation of each took here.
"""

import json
import os
import time

import torch
from checkpoint import arguments, make_once
from serve import OPENING, WORD
from torch.export import Dim
from torchParts import Decoder, Encoder, Mel, load


def parts(model):
    """Name, module, sample arguments and symbolic dims."""
    sizes = model.dims
    layers, heads, width = sizes.n_text_layer, sizes.n_text_head, sizes.n_text_state // sizes.n_text_head

    def entries(positions):
        return [torch.zeros(1, heads, positions, width) for _ in range(2 * layers)]

    def opening(tokens):
        return torch.tensor([tokens]), torch.arange(len(tokens)), [], entries(1500)

    n, past = Dim("n", min=2, max=228), Dim("past", min=2, max=447)
    still = [None] * (2 * layers)
    yield "mel", Mel(sizes.n_mels), (torch.zeros(176000),), ({0: Dim("samples", min=16000)},)
    yield "encoder", Encoder(model), (torch.zeros(1, sizes.n_mels, 3000),), None
    yield "detect", Decoder(model, True), opening(OPENING[:1]), None
    yield "prefill", Decoder(model, True), opening(OPENING), ({1: n}, {0: n}, [], still)
    step = torch.tensor([[WORD]]), torch.tensor([10]), entries(10), entries(1500)
    yield "decode", Decoder(model, False), step, (None, None, [{2: past}] * (2 * layers), still)


def compile_parts(checkpoint, folder):
    os.makedirs(folder)
    seconds = {}
    model = load(checkpoint)
    with torch.no_grad():
        for name, module, sample, dims in parts(model):
            start = time.perf_counter()
            exported = torch.export.export(module.eval(), sample, dynamic_shapes=dims)
            torch._inductor.aoti_compile_and_package(exported, package_path=os.path.join(folder, name + ".pt2"))
            seconds[name] = time.perf_counter() - start
            print(f"{name}: {seconds[name]:.1f} s", flush=True)
    with open(os.path.join(folder, "seconds.json"), "w", encoding="utf-8") as file:
        json.dump(seconds, file)


if __name__ == "__main__":
    checkpoint, folder = arguments(__doc__, 2)
    make_once(folder, lambda path: compile_parts(checkpoint, path))
