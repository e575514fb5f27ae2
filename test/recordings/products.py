"""Normalisations, products, convolutions, attention, Fourier transforms."""

import itertools
import math

import torch
import torch.nn.functional as F

from recorder import *


def promoted(*xs):
    out = xs[0].dtype
    for x in xs[1:]:
        out = out if x is None else torch.promote_types(out, x.dtype)
    return out


def mixed(fn):
    """The package's rule for products: float dtypes may be mixed, computed in float32 (float64 if one is), rounded once."""
    def run(*args):
        xs = [a for a in args if isinstance(a, torch.Tensor)]
        dtype = promoted(*xs)
        up = torch.float64 if dtype == torch.float64 else torch.float32
        return fn(*[a.to(up) if isinstance(a, torch.Tensor) else a for a in args]).to(dtype)
    return run


def normalization():
    f = Family("normalization")
    for dtype in FLOATS:
        for x in (sample(dtype, 2, 3, 4), sample(dtype, 4, 3, 2).permute(2, 1, 0), sample(dtype, 2, 3, 8)[..., ::2]):
            for dim in (0, 1, -1):
                f.case("softmax", lambda v, d: torch.softmax(v.double(), d).to(v.dtype), x, dim)
                f.case("logSoftmax", lambda v, d: torch.log_softmax(v.double(), d).to(v.dtype), x, dim)
            weight, bias = sample(dtype, 4), sample(dtype, 4)
            ln = lambda v, s, w=None, b=None, e=1e-5: mixed(lambda *a: F.layer_norm(a[0], s, *a[1:], eps=e))(*[t for t in (v, w, b) if t is not None])
            f.case("F.layerNorm", ln, x, [4])
            f.case("F.layerNorm", ln, x, [4], weight, bias)
            f.case("F.layerNorm", ln, x, [4], weight, bias, 0.1)
            f.case("F.layerNorm", ln, x, [4], weight)
            f.case("F.layerNorm", ln, x, [3, 4], sample(dtype, 3, 4), sample(dtype, 3, 4))
        f.case("softmax", torch.softmax, torch.tensor([[-math.inf, 0.0, 1.0], [math.inf, 0.0, 1.0], [1e4, 0.0, 1.0]], dtype=dtype), 1)
    f.case("softmax", torch.softmax, torch.full((1, 3), -math.inf), 1)
    f.case("F.layerNorm", lambda v, s, w, b: F.layer_norm(v, s, w.float(), b.float()), torch.randn(2, 4), [4], sample(torch.float16, 4), sample(torch.float16, 4))
    f.case("F.rmsNorm", lambda v, w, e: F.rms_norm(v, [4], w, e), torch.randn(2, 4), torch.randn(4), 1e-6)
    f.case("F.groupNorm", lambda v, g, w, b: F.group_norm(v, g, w, b), torch.randn(2, 4, 3), 2, torch.randn(4), torch.randn(4))
    f.case("F.batchNorm", lambda v, m, s, o: F.batch_norm(v, m, s, o["weight"], o["bias"]), torch.randn(2, 3, 4), torch.randn(3), torch.rand(3) + 0.5,
           {"weight": torch.randn(3), "bias": torch.randn(3)})
    f.case("F.normalize", lambda v: F.normalize(v), torch.randn(2, 5))
    f.case("F.crossEntropy", lambda v, t: F.cross_entropy(v, t), torch.randn(4, 5), torch.tensor([1, 0, 4, 2]))
    f.case("F.crossEntropy", lambda v, t, o: F.cross_entropy(v, t, reduction="none"), torch.randn(2, 5, 3), torch.tensor([[1, 0, 4], [2, -100, 3]]), {"reduction": "none"})
    f.case("F.mseLoss", F.mse_loss, torch.randn(3, 2), torch.randn(3, 2))
    f.case("F.oneHot", F.one_hot, torch.tensor([[0, 2], [1, 1]]), 3)
    return f


def linear():
    f = Family("linear")
    shapes = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 5)), ((4, 2, 3), (3, 5)), ((4, 2, 3), (4, 3, 5)),
              ((2, 1, 2, 3), (4, 3, 5)), ((5, 7), (7, 6)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((1, 9), (9, 10)), ((9, 5), (5, 1))]
    for (a, b), dtype in itertools.product(shapes, FLOATS + [torch.int64, torch.int32]):
        f.case("matmul", mixed(torch.matmul) if dtype.is_floating_point else torch.matmul, sample(dtype, *a), sample(dtype, *b))
    for dtype in FLOATS:
        f.case("matmul", mixed(torch.matmul), sample(dtype, 5, 4).t(), sample(dtype, 6, 5).t())
        f.case("matmul", mixed(torch.matmul), sample(dtype, 2, 8, 3)[:, ::2], sample(dtype, 2, 6, 3).transpose(1, 2))
        f.case("matmul", mixed(torch.matmul), sample(dtype, 1, 4, 3).expand(2, 4, 3), sample(dtype, 2, 3, 4))
        for x in (sample(dtype, 3, 5), sample(dtype, 5), sample(dtype, 2, 3, 5), sample(dtype, 5, 4).t(), sample(dtype, 4, 10)[:, ::2]):
            f.case("F.linear", mixed(F.linear), x, sample(dtype, 6, 5))
            f.case("F.linear", mixed(F.linear), x, sample(dtype, 5, 6).t(), sample(dtype, 6))
    for a, b in itertools.product(FLOATS, FLOATS):
        f.case("matmul", mixed(torch.matmul), sample(a, 2, 3), sample(b, 3, 4))
        f.case("F.linear", mixed(F.linear), sample(a, 2, 3), sample(b, 4, 3), sample(b, 4))
    f.case("mm", torch.mm, torch.randn(2, 3), torch.randn(3, 2))
    f.case("bmm", torch.bmm, torch.randn(2, 2, 3), torch.randn(2, 3, 2))
    f.case("dot", torch.dot, torch.randn(5), torch.randn(5))
    f.case("outer", torch.outer, torch.randn(3), torch.randn(4))
    f.case("matmul", torch.matmul, torch.tensor([[2**62, 3]]), torch.tensor([[4], [5]]))
    return f


def convolution():
    f = Family("convolution")
    options = [{}, {"padding": 1}, {"stride": 2, "padding": 1}, {"dilation": 2}, {"padding": "same"}, {"padding": "valid"}]
    for dtype, option in itertools.product(FLOATS, options):
        run = mixed(lambda v, w, b: F.conv1d(v, w, b, **option))
        f.case("F.conv1d", lambda v, w, b, o: run(v, w, b), sample(dtype, 2, 3, 9), sample(dtype, 4, 3, 3), sample(dtype, 4), option)
        f.case("F.conv1d", lambda v, w, b, o: run(v, w, b), sample(dtype, 2, 9, 3).transpose(1, 2), sample(dtype, 3, 4, 3).transpose(0, 1), sample(dtype, 4), option)
    f.case("F.conv1d", lambda v, w, b, o: F.conv1d(v, w, b, groups=2), torch.randn(2, 4, 7), torch.randn(6, 2, 3), torch.randn(6), {"groups": 2})
    f.case("F.conv1d", lambda v, w, b, o: F.conv1d(v, w, None, padding="same"), torch.randn(1, 2, 7), torch.randn(3, 2, 4), None, {"padding": "same"})
    f.case("F.conv1d", lambda v, w: F.conv1d(v, w), torch.randn(2, 7), torch.randn(3, 2, 2))
    f.case("F.conv1d", lambda v, w: F.conv1d(v, w.float()), torch.randn(1, 2, 7), sample(torch.float16, 3, 2, 2))
    options2 = [{}, {"padding": 1}, {"stride": 2, "padding": [1, 0]}, {"dilation": [2, 1]}]
    for option in options2:
        kw = {k: tuple(v) if isinstance(v, list) else v for k, v in option.items()}
        f.case("F.conv2d", lambda v, w, b, o: F.conv2d(v, w, b, **kw), torch.randn(2, 3, 6, 7), torch.randn(4, 3, 3, 2), torch.randn(4), option)
    f.case("F.conv2d", lambda v, w, b, o: F.conv2d(v, w, b, groups=2), torch.randn(1, 4, 5, 5), torch.randn(2, 2, 3, 3), torch.randn(2), {"groups": 2})
    for stride, padding in ((2, 0), (1, 1), (3, 1)):
        o = {"stride": stride, "padding": padding}
        f.case("F.maxPool1d", lambda v, k, o: F.max_pool1d(v, k, **o), torch.randn(2, 3, 8), 3, o)
        f.case("F.avgPool1d", lambda v, k, o: F.avg_pool1d(v, k, **o), torch.randn(2, 3, 8), 3, o)
        f.case("F.maxPool2d", lambda v, k, o: F.max_pool2d(v, k, **o), torch.randn(1, 2, 6, 8), 3, o)
        f.case("F.avgPool2d", lambda v, k, o: F.avg_pool2d(v, k, **o), torch.randn(1, 2, 6, 8), 3, o)
    return f


def attention():
    f = Family("attention")
    def run(q, k, v, o={}):
        dtype = promoted(q, k, v)
        up = torch.float64 if dtype == torch.float64 else torch.float32
        mask = o.get("attnMask")
        if mask is not None and mask.dtype != torch.bool:
            mask = mask.to(up)
        causal = o.get("isCausal", False)
        if o.get("causalOffset") is not None:
            mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(o["causalOffset"])
        return F.scaled_dot_product_attention(q.to(up), k.to(up), v.to(up), attn_mask=mask, is_causal=causal, scale=o.get("scale")).to(dtype)
    for dtype in FLOATS:
        q, k, v = sample(dtype, 2, 3, 5, 4), sample(dtype, 2, 3, 6, 4), sample(dtype, 2, 3, 6, 7)
        qt, kt, vt = sample(dtype, 2, 5, 3, 4).transpose(1, 2), sample(dtype, 2, 6, 3, 4).transpose(1, 2), sample(dtype, 2, 6, 3, 7).transpose(1, 2)
        for a, b, c in ((q, k, v), (qt, kt, vt), (q[0, 0], k[0, 0], v[0, 0]), (q[:, :1], k[:1], v)):
            f.case("F.scaledDotProductAttention", run, a, b, c)
            f.case("F.scaledDotProductAttention", run, a, b, c, {"isCausal": True})
            f.case("F.scaledDotProductAttention", run, a, b, c, {"scale": 0.3})
            f.case("F.scaledDotProductAttention", run, a, b, c, {"causalOffset": 1})
            mask = torch.rand(5, 6) < 0.7
            mask[:, 0] = True
            f.case("F.scaledDotProductAttention", run, a, b, c, {"attnMask": mask})
            f.case("F.scaledDotProductAttention", run, a, b, c, {"attnMask": sample(dtype, 5, 6)})
            f.case("F.scaledDotProductAttention", run, a, b, c, {"attnMask": sample(dtype, 1, 6)})
    f.case("F.scaledDotProductAttention", run, torch.randn(1, 2, 1, 4), sample(torch.float16, 1, 2, 6, 4), sample(torch.float16, 1, 2, 6, 4))
    return f


def fourier():
    f = Family("fourier")
    real = torch.view_as_real
    for n in (1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 30, 49, 60, 97, 400):
        f.case("rfft", lambda v: real(torch.fft.rfft(v)), torch.randn(2, n))
    for dtype in (torch.float32, torch.float64):
        f.case("rfft", lambda v, o: real(torch.fft.rfft(v, n=12)), sample(dtype, 3, 10), {"n": 12})
        f.case("rfft", lambda v, o: real(torch.fft.rfft(v, n=7)), sample(dtype, 3, 20)[:, ::2], {"n": 7})
        f.case("rfft", lambda v, o: real(torch.fft.rfft(v, dim=0)), sample(dtype, 6, 3), {"dim": 0})
        f.case("rfft", lambda v, o: real(torch.fft.rfft(v, dim=-2, norm="ortho")), sample(dtype, 2, 6, 3), {"dim": -2, "norm": "ortho"})
        window = torch.hann_window(16, dtype=dtype)
        for x in (sample(dtype, 100), sample(dtype, 2, 90), sample(dtype, 60, 2).t()):
            stft = lambda v, n, o: real(torch.stft(v, n, hop_length=o.get("hopLength"), win_length=o.get("winLength"), window=o.get("window"),
                center=o.get("center", True), pad_mode=o.get("padMode", "reflect"), normalized=o.get("normalized", False), return_complex=True))
            f.case("stft", stft, x, 16, {"hopLength": 5, "window": window})
            f.case("stft", stft, x, 16, {"hopLength": 8, "window": window, "center": False})
            f.case("stft", stft, x, 20, {"hopLength": 5, "winLength": 16, "window": window, "padMode": "constant"})
            f.case("stft", stft, x, 12, {"window": torch.ones(12, dtype=dtype), "normalized": True})
    speech = torch.sin(torch.arange(2000) * 0.05) * torch.randn(2000) * 0.1
    f.case("stft", lambda v, n, o: real(torch.stft(v, n, o["hopLength"], window=o["window"], return_complex=True)), speech, 400, {"hopLength": 160, "window": torch.hann_window(400)})
    return f
