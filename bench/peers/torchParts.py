"""Whisper's parts for torch.export, over openai/whisper's own modules: keys and values go in and out, as they do in
PyTorch's published Whisper example for AOTInductor (the cache grows by one a step)."""

import torch
import whisper
from checkpoint import openai_name, read_checkpoint, read_json
from torch import nn
from torch.nn.functional import scaled_dot_product_attention


def load(folder):
    config = read_json(folder, "config.json")
    sizes = whisper.model.ModelDimensions(
        n_mels=config["num_mel_bins"], n_audio_ctx=config["max_source_positions"], n_audio_state=config["d_model"],
        n_audio_head=config["encoder_attention_heads"], n_audio_layer=config["encoder_layers"],
        n_vocab=config["vocab_size"], n_text_ctx=config["max_target_positions"], n_text_state=config["d_model"],
        n_text_head=config["decoder_attention_heads"], n_text_layer=config["decoder_layers"],
    )
    model = whisper.Whisper(sizes)
    weights = {openai_name(name): torch.from_numpy(values.copy()) for name, values in read_checkpoint(folder).items()}
    weights.pop("proj_out.weight", None)
    model.load_state_dict(weights, strict=False)
    return model.eval()


class Mel(nn.Module):
    """openai/whisper's log_mel_spectrogram with 30 s of silence behind, its filters and window as buffers."""

    def __init__(self, bins):
        super().__init__()
        self.register_buffer("filters", whisper.audio.mel_filters(torch.device("cpu"), bins))
        self.register_buffer("window", torch.hann_window(400))

    def forward(self, audio):
        padded = nn.functional.pad(audio, (0, 480000))
        spectrum = torch.stft(padded, 400, 160, window=self.window, return_complex=True)
        loudness = torch.clamp(self.filters @ (spectrum[..., :-1].abs() ** 2), min=1e-10).log10()
        return (torch.maximum(loudness, loudness.max() - 8.0) + 4.0) / 4.0


def by_head(x, heads):
    """[1, n, width] → [1, heads, n, width / heads], contiguous: AOTInductor takes its inputs' strides for granted."""
    return x.unflatten(2, (heads, -1)).transpose(1, 2).contiguous()


def attend(layer, x, keys, values, causal=False):
    queries = layer.query(x).unflatten(2, (layer.n_head, -1)).transpose(1, 2)
    found = scaled_dot_product_attention(queries, keys, values, is_causal=causal)
    return layer.out(found.transpose(1, 2).flatten(2))


class Encoder(nn.Module):
    """A window [1, bins, 3000] → keys and values of cross attention, two a layer."""

    def __init__(self, model):
        super().__init__()
        self.encoder, self.blocks = model.encoder, model.decoder.blocks

    def forward(self, mel):
        sound = self.encoder(mel)
        made = []
        for block in self.blocks:
            layer = block.cross_attn
            made += [by_head(layer.key(sound), layer.n_head), by_head(layer.value(sound), layer.n_head)]
        return made


class Decoder(nn.Module):
    """Tokens at positions, what was read before (nothing: the opening) → logits, keys and values of everything."""

    def __init__(self, model, opening):
        super().__init__()
        self.decoder, self.opening = model.decoder, opening

    def forward(self, tokens, positions, past, cross):
        decoder = self.decoder
        x = decoder.token_embedding(tokens) + decoder.positional_embedding[positions]
        kept = []
        for i, block in enumerate(decoder.blocks):
            y = block.attn_ln(x)
            keys, values = (by_head(make(y), block.attn.n_head) for make in (block.attn.key, block.attn.value))
            if not self.opening:
                keys, values = torch.cat([past[2 * i], keys], 2), torch.cat([past[2 * i + 1], values], 2)
            kept += [keys, values]
            x = x + attend(block.attn, y, keys, values, causal=self.opening)
            x = x + attend(block.cross_attn, block.cross_attn_ln(x), cross[2 * i], cross[2 * i + 1])
            x = x + block.mlp(block.mlp_ln(x))
        return decoder.ln(x) @ decoder.token_embedding.weight.T, kept
