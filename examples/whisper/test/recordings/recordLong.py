"""Records what openai/whisper makes of a recording of several windows, with the weights beside the example.

    python -m venv venv && venv/bin/pip install openai-whisper==20250625 safetensors
    venv/bin/python recordLong.py

The recording is put together from those that come with the example, with silence between them (seconds below); the
test does the same. float32 on the CPU, temperature 0.
"""

import json
from pathlib import Path

import numpy as np
import torch
import whisper
from safetensors.torch import load_file
from whisper.model import ModelDimensions, Whisper

here = Path(__file__).parent
example = here.parent.parent
pieces = ["jfk", 2, "espeak-en", "jfk", 8, "jfk", "espeak-en", 3, "espeak-de", "espeak-es", "jfk"]
names = [
    ("model.", ""), (".layers.", ".blocks."), ("self_attn_layer_norm", "attn_ln"),
    ("encoder_attn_layer_norm", "cross_attn_ln"), ("final_layer_norm", "mlp_ln"), ("encoder_attn.", "cross_attn."),
    ("self_attn.", "attn."), ("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value"), ("out_proj", "out"),
    ("fc1", "mlp.0"), ("fc2", "mlp.2"), ("embed_positions.weight", "positional_embedding"),
    ("embed_tokens", "token_embedding"), ("encoder.layer_norm", "encoder.ln_post"), ("decoder.layer_norm", "decoder.ln"),
]  # fmt: skip


def load_model():
    state = {}
    for shard in sorted((example / "model").glob("*.safetensors")):
        for name, value in load_file(shard).items():
            for theirs, ours in names:
                name = name.replace(theirs, ours)
            state[name] = value.float()
    model = Whisper(ModelDimensions(80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6))
    model.load_state_dict(state)
    return model.eval()


def load_piece(piece):
    if isinstance(piece, str):
        return whisper.load_audio(str(example / "audio" / f"{piece}.wav"))
    return np.zeros(16000 * piece, np.float32)


model = load_model()
audio = np.concatenate([load_piece(piece) for piece in pieces])
cases = []
for language in ("auto", "de"):
    result = model.transcribe(audio, temperature=0.0, fp16=False, language=None if language == "auto" else language)
    segments = [{key: s[key] for key in ("start", "end", "text", "tokens")} for s in result["segments"]]
    transcript = {"language": result["language"], "text": result["text"], "segments": segments}
    cases.append({"language": language, "task": "transcribe", "transcript": transcript})
text = json.dumps({"pieces": pieces, "cases": cases}, separators=(",", ":"), ensure_ascii=False)
(here / "long.json").write_text(text.replace("},{", "},\n{") + "\n")
