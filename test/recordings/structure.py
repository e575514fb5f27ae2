"""Reductions, views, creation, indexing, joining."""

import itertools
import math

import torch
import torch.nn.functional as F

from recorder import *


def reduction():
    f = Family("reduction")
    dims = [None, 0, 1, -1, [0, 2], [0, 1, 2]]
    reduce_all = {"sum": torch.sum, "prod": torch.prod, "amax": torch.amax, "amin": torch.amin, "any": torch.any, "all": torch.all, "mean": torch.mean}

    def call(fn, name):
        def run(x, dim=None, keep=False):
            if dim is None and name in ("amax", "amin"):
                out = fn(x, tuple(range(x.dim())), keepdim=keep)
            elif dim is None:
                out = fn(x)
                out = out.reshape([1] * x.dim()) if keep else out
            elif name == "prod" and isinstance(dim, list):
                out = x
                for d in sorted(dim, reverse=True):
                    out = fn(out, d, keepdim=keep)
            else:
                out = fn(x, dim, keepdim=keep)
            return out.to(torch.bool) if name in ("any", "all") else out
        return run

    for name, fn in reduce_all.items():
        for dtype in FLOATS if name == "mean" else ALL:
            for dim in dims:
                f.case(name, call(fn, name), sample(dtype, 2, 3, 4, low=-2, high=2), dim, False)
            f.case(name, call(fn, name), sample(dtype, 2, 3, 4, low=-2, high=2), 1, True)
            f.case(name, call(fn, name), sample(dtype, 4, 6)[:, ::2].t(), 0, False)
            f.case(name, call(fn, name), sample(dtype, 3), None, False)
        for dtype in FLOATS:
            f.case(name, call(fn, name), torch.tensor([[1.0, math.nan, 3.0], [math.inf, 2.0, -1.0]], dtype=dtype), 1, False)
        if name in ("sum", "prod", "any", "all"):
            f.case(name, call(fn, name), torch.zeros(2, 0), 1, False)
        f.case(name, call(fn, name), torch.tensor(2.5), None, False)
    f.case("sum", lambda x: torch.sum(x), torch.tensor([2**62, 2**62, 2**62]))
    for name, fn in {"argmax": torch.argmax, "argmin": torch.argmin}.items():
        for dtype in FLOATS + INTS:
            x = torch.tensor([[1, 3, 3, 0, 0], [2, 2, 2, 2, 2]]).to(dtype)
            for dim in (None, 0, 1, -1):
                f.case(name, lambda v, d, k: fn(v) if d is None else fn(v, d, keepdim=k), sample(dtype, 3, 5), dim, False)
            f.case(name, lambda v, d, k: fn(v, d, keepdim=k), sample(dtype, 4, 6)[:, ::2].t(), 0, True)
        f.case(name, lambda v, d, k: fn(v, d), torch.tensor([[1.0, math.nan, 9.0, math.nan], [1.0, 2.0, 3.0, 3.5]]), 1, False)
    first = torch.tensor([[1.0, 3.0, 3.0], [5.0, 2.0, 5.0]])
    f.case("argmax", lambda v, d: torch.tensor([1, 0]), first, 1)
    f.case("argmin", lambda v, d: torch.tensor([0, 1]), first, 1)
    for dtype in FLOATS:
        x = sample(dtype, 3, 4, 2)
        loose = None if dtype != torch.bfloat16 else "half"
        for dim in (None, 1, [0, 2]):
            f.case("var", lambda v, d: torch.var(v.float() if v.dtype in (torch.float16, torch.bfloat16) else v, d).to(v.dtype), x, dim)
            f.case("std", lambda v, d: torch.std(v.float() if v.dtype in (torch.float16, torch.bfloat16) else v, d).to(v.dtype), x, dim)
            f.case("logsumexp", lambda v, d: torch.logsumexp(v.double(), d).to(v.dtype), x, 1 if dim is None else dim)
        f.case("var", lambda v, d, k, o: torch.var(v.double(), d, correction=0, keepdim=True).to(v.dtype), x, 1, True, {"correction": 0})
        for order in (1, 2, 3, math.inf):
            f.case("norm", lambda v, p, d: torch.linalg.vector_norm(v.double(), p, d).to(v.dtype), x, order, 1)
        f.case("norm", lambda v: torch.linalg.vector_norm(v.double()).to(v.dtype), x)
    f.case("logsumexp", torch.logsumexp, torch.tensor([[-math.inf, -math.inf], [1.0, math.inf], [800.0, 801.0]]), 1)
    for dtype in ALL:
        f.case("cumsum", torch.cumsum, sample(dtype, 2, 5), 1)
        f.case("cumsum", torch.cumsum, sample(dtype, 3, 4).t(), 0)
    for dtype in FLOATS + INTS:
        x = torch.randperm(12).reshape(3, 4).to(dtype)
        f.case("sort", lambda v, d, o: torch.sort(v, dim=d, stable=True), x, 1, {"descending": False})
        f.case("sort", lambda v, d, o: torch.sort(v, dim=d, descending=True, stable=True), x.t(), 1, {"descending": True})
        f.case("argsort", lambda v, d: torch.argsort(v, dim=d, stable=True), x, 0)
        f.case("topk", lambda v, k, d: torch.topk(v, k, d), x, 2, 1)
        f.case("topk", lambda v, k, d, o: torch.topk(v, k, d, largest=False), x, 2, 0, {"largest": False})
    f.case("sort", lambda v, d: torch.sort(v, dim=d, stable=True), torch.tensor([2.0, math.nan, 1.0, -math.inf, 2.0]), 0)
    for name, fn in {"max": torch.max, "min": torch.min}.items():
        f.case(name, fn, sample(torch.float32, 3, 4))
        f.case(name, lambda v, d: fn(v, d), torch.randperm(12).reshape(3, 4), 1)
    return f


def view():
    f = Family("view")
    for dtype in (torch.float32, torch.float16, torch.int64, torch.bool):
        x = sample(dtype, 2, 3, 4)
        for base in (x, sample(dtype, 4, 3, 2).permute(2, 1, 0), sample(dtype, 2, 6, 8)[:, ::2, 1:5]):
            f.case("reshape", torch.reshape, base, [6, 4])
            f.case("reshape", torch.reshape, base, [-1])
            f.case("reshape", torch.reshape, base, [2, 1, 3, -1])
            f.case("permute", torch.permute, base, [2, 0, 1])
            f.case("transpose", torch.transpose, base, 0, -1)
            f.case("movedim", torch.movedim, base, 0, 2)
            f.case("movedim", torch.movedim, base, [0, 2], [1, 0])
            f.case("unsqueeze", torch.unsqueeze, base, 1)
            f.case("unsqueeze", torch.unsqueeze, base, -1)
            f.case("flatten", torch.flatten, base)
            f.case("flatten", torch.flatten, base, 1, 2)
            f.case("unflatten", torch.unflatten, base, 2, [2, 2])
            f.case("select", torch.select, base, 1, 2)
            f.case("select", torch.select, base, -1, -2)
            f.case("narrow", torch.narrow, base, 2, 1, 2)
            f.case("slice", lambda v, d, a, b: v[:, a:b], base, 1, 1, 3)
            f.case("slice", lambda v, d, a, b: v[:, a:b], base, 1, -2, None)
            f.case("slice", lambda v, d, a, b, s: v[..., a:b:s], base, 2, 0, 100, 3)
            f.case("slice", lambda v, d, a, b: v[a:b], base, 0, 2, 1)
            f.case("unfold", lambda v, d, n, s: v.unfold(d, n, s), base, 2, 2, 1)
            f.case("unfold", lambda v, d, n, s: v.unfold(d, n, s), base, 1, 2, 1)
            f.case("repeat", lambda v, r: v.repeat(r), base, [2, 1, 1, 3])
            f.case("tile", lambda v, r: v.tile(r), base, [2])
            f.case("chunk", torch.chunk, base, 3, 2)
            f.case("split", torch.split, base, 2, 1)
            f.case("split", torch.split, base, [1, 3], 2)
            f.case("unbind", torch.unbind, base, 1)
            f.case(".contiguous", lambda v: v.contiguous(), base)
        f.case("expand", lambda v, s: v.expand(s), sample(dtype, 3, 1), [2, 3, 4])
        f.case("expand", lambda v, s: v.expand(s), sample(dtype, 3, 1), [-1, 4])
        f.case("broadcastTo", torch.broadcast_to, sample(dtype, 1, 3), [2, 3])
        f.case("squeeze", torch.squeeze, sample(dtype, 1, 3, 1))
        f.case("squeeze", torch.squeeze, sample(dtype, 1, 3, 1), 0)
        f.case("squeeze", torch.squeeze, sample(dtype, 1, 3, 1), 1)
        f.case("t", torch.t, sample(dtype, 2, 3))
        f.case("diagonal", lambda v: torch.diagonal(v, dim1=-2, dim2=-1), sample(dtype, 2, 3, 3))
        f.case("reshape", torch.reshape, torch.zeros(0, 3, dtype=dtype), [3, 0])
        f.case("reshape", torch.reshape, torch.ones((), dtype=dtype), [1, 1])
    return f


def creation():
    f = Family("creation")
    for dtype in ALL:
        value = True if dtype == torch.bool else 3
        f.case("full", lambda s, v, o: torch.full(s, v, dtype=o["dtype"]), [2, 3], value, {"dtype": dtype})
        f.case("zeros", lambda s, o: torch.zeros(s, dtype=o["dtype"]), [2, 2], {"dtype": dtype})
        f.case("ones", lambda s, o: torch.ones(s, dtype=o["dtype"]), [], {"dtype": dtype})
        f.case("onesLike", torch.ones_like, sample(dtype, 2, 2))
        f.case("zerosLike", torch.zeros_like, sample(dtype, 3, 2).t())
        f.case("eye", lambda n, m, o: torch.eye(n, m, dtype=o["dtype"]), 3, 4, {"dtype": dtype})
        if dtype != torch.bool:
            f.case("arange", lambda a, b, s, o: torch.arange(a, b, s, dtype=o["dtype"]), 1, 10, 3, {"dtype": dtype})
    f.case("full", lambda s, v: torch.full(s, v), [3], math.nan)
    f.case("arange", torch.arange, 5)
    f.case("arange", torch.arange, 2, 7)
    f.case("arange", torch.arange, 7, 2, -2)
    f.case("arange", torch.arange, 0, 1, 0.1)
    f.case("arange", torch.arange, 5, 5)
    for dtype in (torch.float32, torch.float64, torch.float16):
        f.case("linspace", lambda a, b, n, o: torch.linspace(a, b, n, dtype=o["dtype"]), -1, 2.5, 9, {"dtype": dtype})
        f.case("linspace", lambda a, b, n, o: torch.linspace(a, b, n, dtype=o["dtype"]), 3, 4, 1, {"dtype": dtype})
    for n in (1, 2, 5, 8, 400):
        f.case("hannWindow", lambda k: torch.hann_window(k), n)
        f.case("hannWindow", lambda k, o: torch.hann_window(k, periodic=False), n, {"periodic": False})
        f.case("hammingWindow", lambda k: torch.hamming_window(k), n)
    return f


def indexing():
    f = Family("indexing")
    for dtype in ALL:
        x = sample(dtype, 4, 3)
        for base in (x, sample(dtype, 3, 4).t(), sample(dtype, 4, 9)[:, ::3]):
            f.case("F.embedding", lambda w, i: F.embedding(i, w), base, torch.tensor([[0, 3], [1, 1]]))
            f.case("indexSelect", torch.index_select, base, 1, torch.tensor([2, 0, 2]))
            f.case("gather", torch.gather, base, 0, torch.tensor([[0, 1, 3], [2, 2, 0]]))
            f.case("gather", torch.gather, base, 1, torch.tensor([[0, 2], [1, 1], [2, 0], [0, 0]]))
            f.case("take", torch.take, base, torch.tensor([[0, 11], [5, 6]]))
            f.case("flip", torch.flip, base, [0])
            f.case("flip", torch.flip, base, [0, 1])
            f.case("tril", torch.tril, base)
            f.case("tril", torch.tril, base, -1)
            f.case("triu", torch.triu, base, 1)
            f.case("roll", torch.roll, base, 1, 0)
            f.case("roll", torch.roll, base, [2, -1], [0, 1])
            f.case("roll", torch.roll, base, 5)
            f.case("sliceScatter", lambda v, s, d, a, b: torch.slice_scatter(v, s, d, a, b), base, sample(dtype, 2, 3), 0, 1, 3)
            f.case("sliceScatter", lambda v, s, d, a, b, n: torch.slice_scatter(v, s, d, a, b, n), base, sample(dtype, 4, 2), 1, 0, None, 2)
            f.case("selectScatter", torch.select_scatter, base, sample(dtype, 4), 1, -1)
        f.case("tril", torch.tril, sample(dtype, 2, 3, 3))
    f.case("F.embedding", lambda w, i: F.embedding(i, w), torch.randn(5, 2), torch.tensor([4, 0], dtype=torch.int32))
    x = torch.randn(3, 4, 5)
    every, new, rest = None, "new", "..."
    rows, columns = torch.tensor([2, 0]), torch.tensor([[1], [3]])
    f.case("index", lambda v, i: v[i], x, 1)
    f.case("index", lambda v, a, b, c: v[:, 1:3, -1], x, every, [1, 3], -1)
    f.case("index", lambda v, a, b: v[..., 0:5:2], x, rest, [0, 5, 2])
    f.case("index", lambda v, a, b: v[:, None], x, every, new)
    f.case("index", lambda v, i: v[i], x, rows)
    f.case("index", lambda v, a, i: v[:, i], x, every, rows)
    f.case("index", lambda v, i, j: v[i, j], x, rows, columns)
    f.case("index", lambda v, i, a, j: v[i, :, j], x, rows, every, columns)
    f.case("index", lambda v, i, j: v[i, j], x, torch.tensor([-1, 0]), torch.tensor([-4, 3]))
    f.case("index", lambda v, i: v[i], x, torch.tensor([True, False, True]))
    f.case("nonzero", torch.nonzero, torch.tensor([[0, 2], [3, 0]]))
    f.case("maskedSelect", torch.masked_select, x[0], x[0] > 0)
    return f


def joining():
    f = Family("joining")
    for dtype in ALL:
        a, b = sample(dtype, 2, 3), sample(dtype, 4, 6)[:, ::2]
        f.case("cat", lambda v: torch.cat(v), [a, b])
        f.case("cat", torch.cat, [a, sample(dtype, 1, 2).t(), a], 1)
        f.case("stack", torch.stack, [a, sample(dtype, 3, 2).t()], 1)
        value = True if dtype == torch.bool else 2
        f.case("pad", lambda v, p, o: F.pad(v, p, value=value), a, [1, 2], {"value": value})
        f.case("pad", lambda v, p: F.pad(v, p), sample(dtype, 3, 2).t(), [1, 0, 0, 2])
        f.case("pad", lambda v, p: F.pad(v, p), a, [-1, 1])
    for mode, dtype in itertools.product(("reflect", "replicate", "circular"), (torch.float32, torch.float64, torch.float16)):
        x = sample(dtype, 2, 3, 5)
        f.case("pad", lambda v, p, o: F.pad(v, p, mode=mode), x, [2, 1], {"mode": mode})
        f.case("pad", lambda v, p, o: F.pad(v, p, mode=mode), sample(dtype, 2, 5, 3).transpose(1, 2), [0, 3], {"mode": mode})
        f.case("pad", lambda v, p, o: F.pad(v, p, mode=mode), sample(dtype, 1, 2, 4, 5), [1, 2, 2, 1], {"mode": mode})
    f.case("pad", lambda v, p, o: F.pad(v, p, value=-math.inf), torch.randn(3), [1, 1], {"value": -math.inf})
    for a, b in itertools.product(ALL, ALL):
        if {a, b} != {torch.uint8, torch.int8}:
            f.case("cat", lambda v: torch.cat(v), [sample(a, 2), sample(b, 3)])
    f.case("cat", lambda v: torch.cat(v), [torch.zeros(0), torch.randn(2, 3)])
    return f
