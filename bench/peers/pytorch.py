"""openai/whisper on PyTorch, or its parts as AOTInductor compiled them, served.

usage: pytorch.py CHECKPOINT WAV THREADS [FOLDER]    (with a folder of exportTorch.py: AOTInductor)

Eager: text is the library's own `transcribe`; its decoder keeps its cache in hooks, so single steps run the same modules
with keys and values passed. Its encoder makes no keys and values of cross attention. AOTInductor: the loop around the
parts is greedy.py, the spectrogram a part.
"""

import sys

import torch
import whisper
from greedy import Greedy
from serve import OPENING, WORD, read_wav, serve
from torchParts import Decoder, Encoder, Mel, load


class Peer:
    def __init__(self, checkpoint, wav, threads, folder):
        torch.set_num_threads(threads)
        self.audio = read_wav(wav)
        self.is_eager = folder is None
        if self.is_eager:
            self.model = load(checkpoint)
            opening = Decoder(self.model, True)
            self.parts = {"mel": Mel(self.model.dims.n_mels), "encoder": Encoder(self.model)}
            self.parts |= {"detect": opening, "prefill": opening, "decode": Decoder(self.model, False)}
        else:
            names = ("mel", "encoder", "detect", "prefill", "decode")
            self.parts = {name: torch._inductor.aoti_load_package(f"{folder}/{name}.pt2") for name in names}
        self.greedy = Greedy(checkpoint)
        mel = self.mel(self.audio)
        frames = mel.shape[1] - 3000
        self.first_window = torch.zeros(1, mel.shape[0], 3000)
        self.first_window[0, :, :frames] = mel[:, :frames]
        self.encode(self.first_window)

    # What the decoding loop asks for.

    def mel(self, audio):
        return self.parts["mel"](torch.from_numpy(audio))

    def encode(self, window):
        self.cross = self.parts["encoder"](torch.as_tensor(window))

    def run(self, part, tokens, position, past):
        positions = torch.arange(position, position + len(tokens))
        logits, kept = self.parts[part](torch.tensor([tokens]), positions, past, self.cross)
        return logits[0].numpy(), kept

    def prefill(self, tokens):
        logits, self.past = self.run("prefill", tokens, 0, [])
        return logits

    def step(self, token, position):
        logits, self.past = self.run("decode", [token], position, self.past)
        return logits[0]

    # What is timed.

    def prepare(self, position):
        self.filled = [torch.zeros(1, keys.shape[1], position, keys.shape[3]) for keys in self.cross]

    def text(self):
        if not self.is_eager:
            return self.greedy.transcribe(self, self.audio)
        made = self.model.transcribe(self.audio, language="en", temperature=0.0, fp16=False, verbose=None)
        tokens = [token for segment in made["segments"] for token in segment["tokens"]]
        return {"text": made["text"], "tokens": tokens}

    def encoder(self):
        if self.is_eager:
            self.model.encoder(self.first_window)
        else:
            self.encode(self.first_window)

    def work(self):
        return {
            "text": self.text,
            "mel": lambda: void(self.mel(self.audio)),
            "encoder": self.encoder,
            "detect": lambda: void(self.run("detect", OPENING[:1], 0, [])),
            "prefill": lambda: void(self.run("prefill", OPENING, 0, [])),
            "decode": lambda position: void(self.run("decode", [WORD], position, self.filled)),
            "window": lambda: {"tokens": self.greedy.window(self)},
        }


def void(_):
    return None


if __name__ == "__main__":
    checkpoint, wav, threads = sys.argv[1:4]
    folder = sys.argv[4] if len(sys.argv) > 4 else None
    with torch.inference_mode():
        peer = Peer(checkpoint, wav, int(threads), folder)
        serve({"torch": torch.__version__, "openai-whisper": whisper.__version__}, peer.work(), peer.prepare)
