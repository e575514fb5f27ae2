"""whisper.cpp, served through pywhispercpp. usage: whisperCpp.py MODEL WAV THREADS

Its steps take one token at a time here, so the opening has no row of its own.
"""

import sys
from importlib.metadata import version

import _pywhispercpp as cpp
from pywhispercpp.model import Model
from serve import OPENING, WORD, read_wav, serve


class Peer:
    def __init__(self, file, wav, threads):
        self.threads = threads
        self.audio = read_wav(wav)
        self.model = Model(
            file, params_sampling_strategy=0, redirect_whispercpp_logs_to=None, n_threads=threads, language="en",
            temperature=0.0, temperature_inc=0.0, greedy={"best_of": 1}, suppress_nst=True, no_context=False,
            print_progress=False, print_realtime=False, print_timestamps=False,
        )
        self.context = self.model._ctx
        self.mel()
        self.encoder()
        self.filled = 0

    def text(self):
        self.filled = 0
        self.model.transcribe(self.audio)
        pieces, tokens = [], []
        for segment in range(cpp.whisper_full_n_segments(self.context)):
            pieces.append(cpp.whisper_full_get_segment_text(self.context, segment).decode())
            count = cpp.whisper_full_n_tokens(self.context, segment)
            tokens += [cpp.whisper_full_get_token_id(self.context, segment, i) for i in range(count)]
        return {"text": "".join(pieces), "tokens": tokens}

    def mel(self):
        cpp.whisper_pcm_to_mel(self.context, self.audio, len(self.audio), self.threads)

    def encoder(self):
        cpp.whisper_encode(self.context, 0, self.threads)

    def detect(self):
        cpp.whisper_decode(self.context, OPENING[0], 1, 0, self.threads)
        self.filled = 1

    def decode(self, position):
        cpp.whisper_decode(self.context, WORD, 1, position, self.threads)

    def fill(self, position):
        """A step sees what lies before it: every position up to it has to have been taken once."""
        for at in range(self.filled, position):
            self.decode(at)
        self.filled = position


if __name__ == "__main__":
    file, wav, threads = sys.argv[1:]
    peer = Peer(file, wav, int(threads))
    features = [part.strip() for part in cpp.whisper_print_system_info().split("|")]
    here = " ".join(part.split(" = ")[0] for part in features if part.endswith("= 1") and ":" not in part)
    serve(
        {"pywhispercpp": version("pywhispercpp"), "whisper.cpp built with": here},
        {"text": peer.text, "mel": peer.mel, "encoder": peer.encoder, "detect": peer.detect, "decode": peer.decode},
        peer.fill,
    )
