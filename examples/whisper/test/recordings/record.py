"""Records what openai/whisper does, for the tests of the example's own rules.

    python -m venv venv && venv/bin/pip install openai-whisper==20250625
    venv/bin/python record.py

No weights are needed: the decoder is replaced by a scripted one whose logits are a hash of the tokens so far
(`Script` here, `test/scriptedModel.ts` there), so the rules, the loop over windows and the segments are the only
things under test. Everything written is exact; probabilities are float32 sums and good to 1e-4.
"""

import json
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import whisper.decoding
from whisper.decoding import ApplyTimestampRules, GreedyDecoder
from whisper.tokenizer import get_tokenizer
from whisper.transcribe import transcribe

here = Path(__file__).parent
tokenizer = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
vocabulary = 51865


def write(name, value):
    (here / name).write_text(json.dumps(value, separators=(",", ":")).replace("},{", "},\n{") + "\n")


def mix(x):
    """A 32-bit finaliser; exact in numpy's uint32 and in Math.imul."""
    x = np.asarray(x, dtype=np.uint32).copy()
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def mix_one(x):
    return int(mix([x & 0xFFFFFFFF])[0])


class Script:
    """Logits that are a function of the seed, the window and the tokens so far."""

    ids = np.arange(vocabulary, dtype=np.uint32) * np.uint32(2654435761)

    def __init__(self, seed, end_odds):
        self.seed = seed
        self.end_odds = end_odds
        self.windows = []

    def state(self, tokens):
        h = mix_one(self.seed * 7919 + len(self.windows))
        for token in tokens:
            h = mix_one(h ^ (token + 0x9E3779B9))
        return h

    def logits(self, tokens):
        h = self.state(tokens)
        row = (mix(self.ids ^ np.uint32(h)).astype(np.float64) / 2**32) * 4
        boost = 18.0 if mix_one(self.seed + 31 * len(self.windows)) % 3 else 6.0
        draw, pick = mix_one(h + 1) % 100, mix_one(h + 2)
        first = tokenizer.timestamp_begin
        latest = max([t for t in tokens if t >= first], default=first)
        if draw < 30:
            row[min(latest + pick % 300, vocabulary - 1)] += boost
        elif draw < 30 + self.end_odds:
            row[tokenizer.eot] += boost
        elif draw < 45:
            row[pick % 70] += boost
        elif draw < 48:
            row[tokenizer.eot + pick % 107] += boost
        else:
            row[pick % tokenizer.eot] += boost
        if tokens[-1] == tokenizer.sot and mix_one(h + 3) % 2:
            row[tokenizer.no_speech] += 24
        return row.astype(np.float32)


class ScriptedModel:
    """Stands where openai/whisper expects its model."""

    device = torch.device("cpu")
    is_multilingual = True
    num_languages = 99
    dims = SimpleNamespace(n_mels=80, n_audio_ctx=1500, n_audio_state=1, n_text_ctx=448, n_vocab=vocabulary)
    decode = whisper.decoding.decode

    def __init__(self, script, frames):
        self.script = script
        self.frames = frames

    def encoder(self, mel):
        # Silence is -1.5 everywhere, the filling behind it 0: so the frames of the recording can be counted.
        self.script.windows.append(int((mel[0, 0] != 0).sum()))
        return torch.zeros(1, 1500, 1)

    def detect_language(self, mel):
        self.script.windows.append(mel.shape[-1])
        row = self.script.logits([tokenizer.sot])
        if self.frames >= 3000:
            self.script.windows.pop()  # the same frames as the first window's: encoded once
        return None, {c: row[t] for t, c in zip(tokenizer.all_language_tokens, tokenizer.all_language_codes)}


class ScriptedInference:
    def __init__(self, model, initial_token_length):
        self.script = model.script

    def logits(self, tokens, audio_features):
        sequence = tokens[0].tolist()
        rows = torch.zeros(1, len(sequence), vocabulary)
        start = sequence.index(tokenizer.sot) if tokenizer.sot in sequence else 0
        for position in {start, len(sequence) - 1}:
            rows[0, position] = torch.from_numpy(self.script.logits(sequence[: position + 1]))
        return rows

    def cleanup_caching(self):
        pass


def record_transcripts():
    whisper.decoding.PyTorchInference = ScriptedInference
    cases = []
    for seed in range(14):
        seconds = [75.3, 31.0, 30.0, 12.34, 0.005, 61.7][seed % 6]
        end_odds = [6, 2, 0, 10][seed % 4]
        language = [None, "en", "de"][seed % 3]
        task = ["transcribe", "translate"][seed % 2]
        samples = round(seconds * 16000)
        script = Script(seed, end_odds)
        decoded = []
        original = ScriptedModel.decode

        class Model(ScriptedModel):
            def decode(self, mel, options):
                result = original(self, mel, options)
                decoded.append([result.avg_logprob, result.no_speech_prob])
                return result

        result = transcribe(
            Model(script, samples // 160), np.zeros(samples, np.float32), temperature=0.0, language=language, task=task, fp16=False
        )
        cases.append(
            {
                "seed": seed,
                "endOdds": end_odds,
                "samples": samples,
                "language": language or "auto",
                "task": task,
                "windows": script.windows,
                "probabilities": [[round(float(x), 5) for x in pair] for pair in decoded],
                "transcript": {
                    "language": result["language"],
                    "text": result["text"],
                    "segments": [{k: s[k] for k in ("start", "end", "text", "tokens")} for s in result["segments"]],
                },
            }
        )
    write("transcripts.json", cases)


def record_rules():
    """The timestamp rules alone, over a vocabulary of 60: text 0-29, specials 30-39, timestamps 40-59."""
    draw = random.Random(1)
    small = SimpleNamespace(eot=30, no_timestamps=39, timestamp_begin=40)
    rules = ApplyTimestampRules(small, 0, None)
    cases = []
    for case in range(80):
        generated = []
        for _ in range(draw.randrange(1, 6)):
            if draw.random() < 0.5:
                generated.append(draw.randrange(max([40] + [t for t in generated if t >= 40]), 60))
            else:
                generated.append(draw.randrange(30))
        logits = [draw.randrange(-64, 64) / 16 for _ in range(60)]
        filtered = torch.tensor([logits])
        rules.apply(filtered, torch.tensor([generated]))
        tokens, sums = torch.tensor([generated]), torch.zeros(1)
        tokens, _ = GreedyDecoder(0.0, 30).update(tokens, filtered, sums)
        cases.append(
            {
                "generated": generated,
                "logits": logits,
                "allowed": [i for i, x in enumerate(filtered[0].tolist()) if x > float("-inf")],
                "token": int(tokens[0, -1]),
                "logProbability": round(float(sums[0]), 5),
            }
        )
    write("rules.json", cases)


def record_tokens():
    draw = random.Random(2)
    # Without words that begin with " t": the model's tokenizer.json lacks the merge of blank and t. Nothing here encodes
    # such words, the example only asks for the signs that it suppresses.
    texts = [" And so my fellow Americans", "Straße, naïve café", "你好，世界", "¿Qué día?", " it's we're I'll", "🎵 a\n\nb  c", "♪"]
    sequences = [[draw.randrange(50257) for _ in range(draw.randrange(1, 12))] for _ in range(60)]
    # Single bytes, so that sequences are cut short, wrong or overlong in every way.
    byte_tokens = [tokenizer.encoding.encode_single_token(bytes([b])) for b in range(256)]
    for _ in range(60):
        some = [byte_tokens[draw.choice([0xE4, 0xBD, 0xA0, 0xF0, 0x9F, 0x8E, 0xB5, 0xC3, 0xA9, 0x41, 0xEF, 0xBB, 0xBF, 0xED])]
                for _ in range(draw.randrange(1, 9))]
        sequences.append(some)
    write(
        "tokens.json",
        {
            "nonSpeech": list(tokenizer.non_speech_tokens),
            "languages": sorted(tokenizer.all_language_codes),
            "startSequence": {
                f"{language} {task}": list(get_tokenizer(True, num_languages=99, language=language, task=task).sot_sequence)
                for language in ("en", "de", "jw") for task in ("transcribe", "translate")
            },
            "encode": [{"text": t, "tokens": tokenizer.encode(t)} for t in texts],
            "decode": [{"tokens": s, "text": tokenizer.decode(s)} for s in sequences],
        },
    )


record_rules()
record_tokens()
record_transcripts()
