"""The decoding loop for peers that are a runtime and no program: openai/whisper's rules at temperature 0, in numpy.

Source: openai/whisper, decoding.py and transcribe.py, release 20250625. A model gives `mel(audio)` of the audio and 30 s
of silence behind it, `encode(window)`, `prefill(tokens)` and `step(token, position)` with logits.
"""

import numpy as np
from checkpoint import read_json
from faster_whisper.tokenizer import Tokenizer as Words
from serve import OPENING
from tokenizers import Tokenizer

END, PREVIOUS, NO_SPEECH, FIRST_TIME = 50257, 50361, 50362, 50364
LAST_INITIAL = 50
WINDOW = 3000
HALF, CONTEXT = 224, 448


class Greedy:
    def __init__(self, folder):
        self.words = Words(Tokenizer.from_file(f"{folder}/tokenizer.json"), True, task="transcribe", language="en")
        never = read_json(folder, "generation_config.json")["suppress_tokens"]
        self.never = np.array(sorted({*never, *self.words.non_speech_tokens, *range(50258, FIRST_TIME)}))

    def choose(self, logits, tokens):
        logits = logits.copy()
        logits[self.never] = -np.inf
        if not tokens:
            logits[:FIRST_TIME] = -np.inf
            logits[FIRST_TIME + LAST_INITIAL + 1 :] = -np.inf
            return int(logits.argmax())
        after = tokens[-1] >= FIRST_TIME
        if after and (len(tokens) < 2 or tokens[-2] >= FIRST_TIME):
            logits[FIRST_TIME:] = -np.inf
        elif after:
            logits[:END] = -np.inf
        times = [token for token in tokens if token >= FIRST_TIME]
        if times:
            logits[FIRST_TIME : times[-1] + (not after)] = -np.inf
        late = logits[FIRST_TIME:]
        top = late.max()
        if np.isfinite(top) and top + np.log(np.exp(late - top).sum()) > logits[:FIRST_TIME].max():
            logits[:FIRST_TIME] = -np.inf
        return int(logits.argmax())

    def window(self, model, previous=()):
        """Of the window that was encoded last."""
        opening = ([PREVIOUS, *previous[-(HALF - 1) :]] if previous else []) + OPENING
        logits = model.prefill(opening)[-1]
        tokens = []
        while True:
            token = self.choose(logits, tokens)
            if token == END:
                break
            tokens.append(token)
            length = len(opening) + len(tokens)
            if len(tokens) == HALF or length > CONTEXT:
                break
            logits = model.step(token, length - 1)
        return tokens

    def transcribe(self, model, audio):
        mel = model.mel(audio)
        frames = mel.shape[-1] - WINDOW
        written, first = [], 0
        while first < frames:
            count = min(WINDOW, frames - first)
            window = np.zeros((1, mel.shape[0], WINDOW), np.float32)
            window[0, :, :count] = mel[:, first : first + count]
            model.encode(window)
            tokens = self.window(model, written)
            cut, advance = cut_window(tokens, count)
            written += cut
            first += advance
        return {"text": self.words.decode([token for token in written if token < END]), "tokens": written}


def cut_window(tokens, count):
    """The finished segments, and how many frames to move on."""
    late = [token >= FIRST_TIME for token in tokens]
    pairs = [i for i in range(1, len(tokens)) if late[i - 1] and late[i]]
    if not pairs or (late[-1] and not late[-2]):
        return tokens, count
    end = pairs[-1]
    return tokens[:end], (tokens[end - 1] - FIRST_TIME) * 2
