"""Whisper on onnxruntime, served. usage: onnxRuntime.py FOLDER CHECKPOINT WAV THREADS

The spectrogram is faster-whisper's, in numpy: onnxruntime has no program around it.
"""

import sys

import numpy as np
import onnxruntime as ort
from faster_whisper.feature_extractor import FeatureExtractor
from greedy import Greedy
from serve import OPENING, WORD, read_wav, serve


def session(path, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def value(array):
    return ort.OrtValue.ortvalue_from_numpy(array)


class Peer:
    def __init__(self, folder, checkpoint, wav, threads):
        self.encoder_session = session(f"{folder}/encoder.onnx", threads)
        self.decoder_session = session(f"{folder}/decoder.onnx", threads)
        self.outputs = [output.name for output in self.decoder_session.get_outputs()]
        shapes = {given.name: given.shape for given in self.decoder_session.get_inputs()}
        # Keys and values of nothing.
        self.nothing = {
            name: value(np.zeros([0 if size == "past" else size for size in shape], np.float32))
            for name, shape in shapes.items()
            if name.startswith("past")
        }
        self.cross, self.past = {}, self.nothing
        self.extractor = FeatureExtractor()
        self.greedy = Greedy(checkpoint)
        self.audio = read_wav(wav)
        self.first_window = np.zeros((1, 80, 3000), np.float32)
        mel = self.mel(self.audio)
        frames = mel.shape[1] - 3000
        self.first_window[0, :, :frames] = mel[:, :frames]
        self.encode(self.first_window)

    # What the decoding loop asks for.

    def mel(self, audio):
        return self.extractor(audio, padding=480000)[:, :-1]

    def encode(self, window):
        names = [output.name for output in self.encoder_session.get_outputs()]
        made = self.encoder_session.run_with_ort_values(names, {"mel": value(window)})
        self.cross = dict(zip(names, made))

    def run(self, tokens, position, past):
        positions = np.arange(position, position + len(tokens), dtype=np.int64)
        given = {"tokens": value(np.array([tokens], np.int64)), "positions": value(positions), **past, **self.cross}
        made = dict(zip(self.outputs, self.decoder_session.run_with_ort_values(self.outputs, given)))
        logits = made.pop("logits").numpy()[0]
        return logits, {f"past_{name}": kept for name, kept in made.items()}

    def prefill(self, tokens):
        logits, self.past = self.run(tokens, 0, self.nothing)
        return logits

    def step(self, token, position):
        logits, self.past = self.run([token], position, self.past)
        return logits[0]

    # What is timed.

    def prepare(self, position):
        self.filled = {name: value(np.zeros((1, *v.shape()[1:2], position, 64), np.float32)) for name, v in self.nothing.items()}

    def work(self):
        return {
            "text": lambda: self.greedy.transcribe(self, self.audio),
            "mel": lambda: self.mel(self.audio),
            "encoder": lambda: self.encode(self.first_window),
            "detect": lambda: self.run(OPENING[:1], 0, self.nothing),
            "prefill": lambda: self.run(OPENING, 0, self.nothing),
            "decode": lambda position: self.run([WORD], position, self.filled),
            "window": lambda: {"tokens": self.greedy.window(self)},
        }


if __name__ == "__main__":
    folder, checkpoint, wav, threads = sys.argv[1:]
    peer = Peer(folder, checkpoint, wav, int(threads))
    serve({"onnxruntime": ort.__version__}, peer.work(), peer.prepare)
