"""faster-whisper as a process that is told what to do: one JSON request a line on stdin, one answer a line on stdout.

usage: fasterWhisper.py MODEL WAV THREADS [COMPUTE_TYPE]
The first line, unasked, says that the model is loaded. Requests: {"do": "text" | "mel" | "encoder" | "decoder"}.
Answers: {"ms": …} with "text" and "tokens" where there is a transcript, or {"error": …}.

The same work as the other side does: decoded audio in, English, greedy, temperature 0, timestamps on, context of previous
text on, no voice detection.
"""

import json
import sys
import time
import wave

import ctranslate2
import faster_whisper
import numpy as np
from faster_whisper.tokenizer import Tokenizer


def read_wav(path):
    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            raise ValueError("16 kHz, one channel, 16 bits are wanted")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / 32768


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
        return {}

    def encoder(self):
        """Without the keys and values of cross attention: CTranslate2 makes them in the decoder's first step."""
        self.model.encode(self.window)
        return {}

    def decoder(self):
        """Prompt and every step of one window that has been encoded, cross keys and values included."""
        result = self.model.model.generate(
            self.encoded, [self.prompt], beam_size=1, sampling_temperature=0.0, return_scores=True,
            return_no_speech_prob=True, max_length=448, max_initial_timestamp_index=50,
        )[0]
        return {"tokens": result.sequences_ids[0]}


def main():
    folder, wav, threads = sys.argv[1:4]
    compute_type = sys.argv[4] if len(sys.argv) > 4 else "float32"
    peer = Peer(folder, wav, int(threads), compute_type)
    versions = {"faster-whisper": faster_whisper.__version__, "ctranslate2": ctranslate2.__version__}
    print(json.dumps({"ready": True, "versions": versions}), flush=True)
    work = {"text": peer.text, "mel": peer.mel, "encoder": peer.encoder, "decoder": peer.decoder}
    for line in sys.stdin:
        try:
            do = work[json.loads(line)["do"]]
            start = time.perf_counter()
            answer = do()
            answer["ms"] = (time.perf_counter() - start) * 1000
        except Exception as error:  # whatever it is, the other side wants to know
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
