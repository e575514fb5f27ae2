"""faster-whisper, served. usage: fasterWhisper.py MODEL WAV THREADS float32|int8

Its encoder makes no keys and values of cross attention: CTranslate2 makes them in the decoder's first step. Steps can
not be called one by one, only as a window.
"""

import sys

import ctranslate2
import faster_whisper
from faster_whisper.tokenizer import Tokenizer
from serve import read_wav, serve


class Peer:
    def __init__(self, folder, wav, threads, compute_type):
        self.model = faster_whisper.WhisperModel(
            folder, device="cpu", compute_type=compute_type, cpu_threads=threads, num_workers=1
        )
        self.audio = read_wav(wav)
        features = self.model.feature_extractor(self.audio)
        self.window = faster_whisper.audio.pad_or_trim(features[..., :-1])
        self.encoded = self.model.encode(self.window)
        self.prompt = Tokenizer(
            self.model.hf_tokenizer, self.model.model.is_multilingual, task="transcribe", language="en"
        ).sot_sequence

    def text(self):
        segments, _ = self.model.transcribe(
            self.audio, language="en", task="transcribe", beam_size=1, best_of=1, temperature=0.0, vad_filter=False
        )
        segments = list(segments)
        tokens = [token for segment in segments for token in segment.tokens]
        return {"text": "".join(segment.text for segment in segments), "tokens": tokens}

    def mel(self):
        self.model.feature_extractor(self.audio)

    def encoder(self):
        self.model.encode(self.window)

    def detect(self):
        self.model.model.detect_language(self.encoded)

    def decode_window(self):
        result = self.model.model.generate(
            self.encoded, [self.prompt], beam_size=1, sampling_temperature=0.0, return_scores=True,
            return_no_speech_prob=True, max_length=448, max_initial_timestamp_index=50,
        )[0]
        return {"tokens": result.sequences_ids[0]}


if __name__ == "__main__":
    folder, wav, threads, compute_type = sys.argv[1:]
    peer = Peer(folder, wav, int(threads), compute_type)
    serve(
        {"faster-whisper": faster_whisper.__version__, "ctranslate2": ctranslate2.__version__},
        {"text": peer.text, "mel": peer.mel, "encoder": peer.encoder, "detect": peer.detect, "window": peer.decode_window},
    )
