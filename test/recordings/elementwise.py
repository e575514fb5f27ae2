"""Elementwise functions, where and clamp, in-place writes."""

import itertools
import math

import torch
import torch.nn.functional as F

from recorder import *


def unary():
    f = Family("unary")
    anything = {
        "exp": torch.exp, "expm1": torch.expm1, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "tanh": torch.tanh,
        "sigmoid": torch.sigmoid, "erf": torch.erf, "isNan": torch.isnan, "isInf": torch.isinf, "isFinite": torch.isfinite,
        "logicalNot": torch.logical_not, "reciprocal": torch.reciprocal, "clone": torch.clone,
        "log": torch.log, "log2": torch.log2, "log10": torch.log10, "log1p": torch.log1p, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
    }
    numbers = {
        "neg": torch.neg, "abs": torch.abs, "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round,
        "trunc": torch.trunc, "relu": torch.relu, "square": torch.square,
    }
    # PyTorch's float32 kernel gives NaN for +inf, its float64 kernel +inf, and so do we.
    gelu = lambda x: F.gelu(x.double()).to(x.dtype)
    floats = {"F.silu": F.silu, "F.gelu": gelu, "F.softplus": F.softplus, "F.leakyRelu": F.leaky_relu}
    for table, dtypes in ((anything, ALL), (numbers, FLOATS + INTS), (floats, FLOATS)):
        for (name, fn), dtype in itertools.product(table.items(), dtypes):
            f.case(name, fn, sample(dtype, 2, 5))
            if dtype.is_floating_point and name not in ("tan", "F.softplus"):
                f.case(name, fn, special(dtype))
            if dtype in (torch.float32, torch.int64, torch.bfloat16):
                for x in views(dtype)[1:]:
                    f.case(name, fn, x)
    for dtype in FLOATS:
        for x in (sample(dtype, 3, 5), special(dtype), sample(dtype, 4, 6)[:, ::3]):
            f.case("F.gelu", lambda a, o: F.gelu(a, approximate="tanh"), x, {"approximate": "tanh"})
    for a, b in itertools.product(ALL, ALL):
        x = sample(a, 2, 5) if a != torch.uint8 else sample(a, 2, 5)
        if a.is_floating_point and b == torch.uint8:
            x = x.abs()
        f.case(".to", lambda v, d: v.to(d), x, b)
    f.case(".to", lambda v, d: v.to(d), torch.tensor([1e-8, 6e-8, 65504.0, 65519.0, 65520.0, 1e6, -1e-30, 2049.0, 2051.0]), torch.float16)
    f.case(".to", lambda v, d: v.to(d), torch.tensor([1.00390625, 1.01171875, 3.4e38, 1e-40, math.nan, -math.inf]), torch.bfloat16)
    f.case(".to", lambda v, d: v.to(d), torch.tensor([2**53 + 1, -(2**62), 300, -300]), torch.int8)
    f.case("abs", torch.abs, torch.zeros(0, 3))
    f.case("exp", torch.exp, torch.tensor(0.5))
    return f


SHAPES = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 3), ()), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((0, 3), (1, 3))]


def binary():
    f = Family("binary")
    arithmetic = {"add": torch.add, "mul": torch.mul}
    no_bool = {"sub": torch.sub}
    divisions = {"floorDivide": torch.floor_divide, "remainder": torch.remainder, "fmod": torch.fmod}
    compare = {"eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge,
               "logicalAnd": torch.logical_and, "logicalOr": torch.logical_or, "logicalXor": torch.logical_xor}
    extremes = {"minimum": torch.minimum, "maximum": torch.maximum}
    floating = {"div": torch.div, "atan2": torch.atan2}
    every = {**arithmetic, **no_bool, **divisions, **compare, **extremes, **floating}
    pairs = [(a, b) for a, b in itertools.product(ALL, ALL) if {a, b} != {torch.uint8, torch.int8}]
    for name, fn in every.items():
        for a, b in pairs:
            if a == b == torch.bool and name in ("sub", *divisions):
                continue
            x, y = sample(a, 2, 3), sample(b, 2, 3)
            if name in divisions or name == "div":
                y = nonzero(y)
            f.case(name, fn, x, y)
        for dtype in (torch.float32, torch.int64, torch.float16):
            for left, right in SHAPES[1:]:
                y = sample(dtype, *right)
                f.case(name, fn, sample(dtype, *left), nonzero(y) if name in divisions else y)
            x, y = views(dtype)[1:3]
            f.case(name, fn, x.t(), (nonzero(y) if name in divisions else y)[:, :1])
            f.case(name, fn, sample(dtype, 3, 4).t(), nonzero(sample(dtype, 4, 6)[:, ::2]))
        if not name.startswith("logical") and (name in compare or name in (*arithmetic, *no_bool, *divisions, "div")):
            for dtype, scalar in itertools.product(ALL, (3, -2, 0.75)):
                if dtype == torch.uint8 and scalar == -2:
                    continue
                x = sample(dtype, 2, 3)
                f.case(name, fn, x, scalar)
                if name in ("sub", "div", "remainder", "floorDivide") and dtype.is_floating_point:
                    f.case(name, lambda s, v: fn(torch.tensor(s, dtype=v.dtype if dtype != torch.float64 else torch.float64), v), scalar, nonzero(x))
        if name in (*arithmetic, *no_bool, *extremes, *compare, *floating, "remainder", "fmod", "floorDivide"):
            for dtype in FLOATS:
                x = special(dtype)
                f.case(name, fn, x.unsqueeze(1), x if name not in divisions else torch.tensor([1.0, -1.0, 0.5, 3.0, -3.0, 0.0], dtype=dtype))
    for dtype in FLOATS:
        f.case("pow", torch.pow, sample(dtype, 2, 3, low=0.1, high=3.0), sample(dtype, 2, 3, low=-2.0, high=2.0))
        f.case("pow", torch.pow, torch.tensor([1.0, -1.0, 0.0, 2.0, -2.0, math.nan], dtype=dtype).unsqueeze(1),
               torch.tensor([0.0, 1.0, 3.0, -1.0, math.inf, math.nan], dtype=dtype))
        for exponent in (2, 3, -1, 0.5):
            f.case("pow", torch.pow, sample(dtype, 4, low=0.1, high=3.0), exponent)
    for dtype in INTS:
        f.case("pow", torch.pow, sample(dtype, 3, 2), torch.randint(0, 9, (3, 2), dtype=dtype))
        f.case("pow", torch.pow, sample(dtype, 4), 2)
    big = torch.tensor([2**63 - 1, -(2**63), 2**62, -7], dtype=torch.int64)
    for name, fn in (("add", torch.add), ("sub", torch.sub), ("mul", torch.mul)):
        f.case(name, fn, big, big.flip(0).contiguous())
        f.case(name, fn, torch.tensor([2**31 - 1, -(2**31), 65537], dtype=torch.int32), torch.tensor([2, 3, 65537], dtype=torch.int32))
        f.case(name, fn, torch.tensor([250, 3], dtype=torch.uint8), torch.tensor([10, 5], dtype=torch.uint8))
        f.case(name, fn, torch.tensor([120, -120], dtype=torch.int8), torch.tensor([100, 100], dtype=torch.int8))
    for name, fn in divisions.items():
        f.case(name, fn, torch.tensor([7, -7, 7, -7]), torch.tensor([3, 3, -3, -3]))
        f.case(name, fn, torch.tensor([7.5, -7.5, 7.5, -7.5, 6.0, -6.0]), torch.tensor([2.0, 2.0, -2.0, -2.0, 2.0, 2.0]))
    for dtype, mode in itertools.product((torch.float32, torch.int32, torch.int64), ("trunc", "floor")):
        f.case("div", lambda a, b, o: torch.div(a, b, rounding_mode=o["roundingMode"]), sample(dtype, 6), nonzero(sample(dtype, 6)), {"roundingMode": mode})
    f.case("add", lambda a, b, o: torch.add(a, b, alpha=3), torch.arange(4), torch.arange(4), {"alpha": 3})
    return f


def ternary():
    f = Family("ternary")
    for a, b in itertools.product(ALL, ALL):
        if {a, b} == {torch.uint8, torch.int8}:
            continue
        f.case("where", torch.where, sample(torch.bool, 2, 3), sample(a, 2, 3), sample(b, 2, 3))
    for dtype in ALL:
        c = sample(torch.bool, 4, 1)
        f.case("where", torch.where, c, sample(dtype, 3), sample(dtype, 4, 3))
        f.case("where", torch.where, c.expand(4, 3), sample(dtype, 3, 4).t(), sample(dtype, 4, 6)[:, ::2])
        f.case("where", lambda m, x, s: torch.where(m, x, torch.tensor(s)), sample(torch.bool, 5), sample(dtype, 5), 2)
        f.case("maskedFill", torch.masked_fill, sample(dtype, 2, 3), sample(torch.bool, 3), True if dtype == torch.bool else 1)
    f.case("maskedFill", torch.masked_fill, torch.randn(2, 3), sample(torch.bool, 2, 1), -math.inf)
    for dtype in FLOATS + INTS:
        low, high = (1, 9) if dtype == torch.uint8 else (-3, 5)
        for x in (sample(dtype, 3, 4), sample(dtype, 3, 4).t(), sample(dtype, 4, 6)[:, ::2]):
            f.case("clamp", torch.clamp, x, low, high)
            f.case("clamp", lambda v, a, b: torch.clamp(v, min=a), x, low, None)
            f.case("clamp", lambda v, a, b: torch.clamp(v, max=b), x, None, high)
        f.case("clamp", torch.clamp, sample(dtype, 5), sample(dtype, 5), sample(dtype, 1))
    for dtype in FLOATS:
        f.case("clamp", torch.clamp, special(dtype), -1, 1)
        f.case("clamp", torch.clamp, special(dtype), 0.25, 0.75)
    f.case("clamp", torch.clamp, torch.arange(5), 0.5, 2.5)
    return f


def inplace():
    f = Family("inplace")
    for dtype in ALL:
        base = sample(dtype, 4, 6)
        for make in (lambda b: b, lambda b: b[1:3, ::2], lambda b: b.t(), lambda b: b[:, 2], lambda b: b[2]):
            x = make(base)
            f.inplace(".copy_", lambda v, s: v.copy_(s), x, sample(dtype, *x.shape))
            f.inplace(".copy_", lambda v, s: v.copy_(s), x, sample(torch.float32 if dtype != torch.uint8 else dtype, *x.shape[-1:]))
            f.inplace(".fill_", lambda v, s: v.fill_(s), x, 1)
            f.inplace(".zero_", lambda v: v.zero_(), x)
            f.inplace(".mul_", lambda v, s: v.mul_(s), x, sample(dtype, *x.shape))
            if dtype != torch.bool:
                f.inplace(".add_", lambda v, s: v.add_(s), x, 2)
                f.inplace(".sub_", lambda v, s: v.sub_(s), x, sample(dtype, *x.shape[-1:]))
            if dtype.is_floating_point:
                f.inplace(".div_", lambda v, s: v.div_(s), x, 3)
                f.inplace(".clamp_", lambda v, a, b: v.clamp_(a, b), x, -1, 1)
            f.inplace(".maskedFill_", lambda v, m, s: v.masked_fill_(m, s), x, sample(torch.bool, *x.shape), 1)
    return f
