"""What the recordings are written with: a family of cases, its files, sample data."""

import json
import math
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20)
torch.set_num_threads(1)

NAMES = {
    torch.float32: "float32",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
    torch.float64: "float64",
    torch.int64: "int64",
    torch.int32: "int32",
    torch.uint8: "uint8",
    torch.int8: "int8",
    torch.bool: "bool",
}
FLOATS = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
INTS = [torch.int64, torch.int32, torch.uint8, torch.int8]
ALL = FLOATS + INTS + [torch.bool]


class Family:
    def __init__(self, name):
        self.name = name
        self.data = bytearray()
        self.places = {}
        self.tensors = []
        self.cases = []
        self.refused = []

    def put(self, raw):
        """Bytes into the data, once, 8-aligned; returns their offset."""
        if raw not in self.places:
            self.data += b"\0" * (-len(self.data) % 8)
            self.places[raw] = len(self.data)
            self.data += raw
        return self.places[raw]

    def tensor(self, x):
        """A tensor as [dtype, sizes, byte offset] or, strided, [dtype, sizes, byte offset, storage length, strides, offset]."""
        if x.is_contiguous() and x.storage_offset() == 0 and x.untyped_storage().nbytes() == x.numel() * x.element_size():
            row = [NAMES[x.dtype], list(x.shape), self.put(raw_bytes(x))]
        else:
            length = x.untyped_storage().nbytes() // x.element_size()
            flat = x.as_strided((length,), (1,), 0)
            row = [NAMES[x.dtype], list(x.shape), self.put(raw_bytes(flat)), length, list(x.stride()), x.storage_offset()]
        if row not in self.tensors:
            self.tensors.append(row)
        return {"t": self.tensors.index(row)}

    def literal(self, x):
        if isinstance(x, torch.Tensor):
            return self.tensor(x)
        if isinstance(x, torch.dtype):
            return NAMES[x]
        if isinstance(x, float) and not math.isfinite(x):
            return {"f": "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"}
        if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2**53:
            return {"n": str(x)}
        if isinstance(x, (list, tuple)):
            return [self.literal(item) for item in x]
        if isinstance(x, dict):
            return {"o": {key: self.literal(value) for key, value in x.items()}}
        return x

    def case(self, fn, reference, *args, loose=None):
        """Calls reference(*args) and records the result; `args` are what the package's function gets."""
        try:
            made = reference(*args)
        except (NotImplementedError, RuntimeError, TypeError) as error:
            self.refused.append(f"{fn} {[NAMES[a.dtype] for a in args if isinstance(a, torch.Tensor)]}: {str(error)[:60]}")
            return
        out = [made] if isinstance(made, torch.Tensor) else list(made)
        row = [fn, [self.literal(arg) for arg in args], [self.tensor(x.detach().contiguous().clone())["t"] for x in out]]
        self.cases.append(row + [loose] if loose else row)

    def inplace(self, fn, change, x, *args):
        """Records the whole storage after change(x, ...)."""
        before = self.literal(x)
        literals = [self.literal(arg) for arg in args]
        storage = x.as_strided((x.untyped_storage().nbytes() // x.element_size(),), (1,), 0)
        kept = storage.clone()
        try:
            change(x, *args)
        except (NotImplementedError, RuntimeError, TypeError) as error:
            self.refused.append(f"{fn} {NAMES[x.dtype]}: {str(error)[:60]}")
            return
        after = self.tensor(storage.clone())["t"]
        storage.copy_(kept)
        self.cases.append([fn, [before, *literals], [after], "inplace"])

    def save(self):
        header = json.dumps({"data": {"dtype": "U8", "shape": [len(self.data)], "data_offsets": [0, len(self.data)]}}).encode()
        header += b" " * (-len(header) % 8)
        with open(os.path.join(HERE, self.name + ".safetensors"), "wb") as file:
            file.write(len(header).to_bytes(8, "little") + header + self.data)
        dump = lambda rows: "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"
        with open(os.path.join(HERE, self.name + ".json"), "w") as file:
            file.write('{"torch":"%s","tensors":%s,"cases":%s}\n' % (torch.__version__.split("+")[0], dump(self.tensors), dump(self.cases)))
        print(f"{self.name}: {len(self.cases)} cases, {len(self.data)} bytes, refused by PyTorch: {len(self.refused)}")
        if os.environ.get("REFUSED"):
            print("\n".join("  " + line for line in self.refused))


def raw_bytes(x):
    x = x.detach().contiguous()
    if x.dtype == torch.bfloat16:
        x = x.view(torch.int16)
    return x.numpy().tobytes()


def sample(dtype, *shape, low=-4.0, high=4.0):
    if dtype == torch.bool:
        return torch.rand(shape) < 0.5
    if dtype.is_floating_point:
        return (torch.rand(shape, dtype=torch.float64) * (high - low) + low).to(dtype)
    return torch.randint(0 if dtype == torch.uint8 else int(low * 5), int(high * 5), shape, dtype=dtype)


def nonzero(x):
    return torch.where(x == 0, torch.ones_like(x), x)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, math.inf, -math.inf, math.nan, 1e-3, 30.0, -30.0, 100.0, -100.0]


def special(dtype):
    return torch.tensor(SPECIAL, dtype=dtype)


def views(dtype, **limits):
    """The same kind of data in layouts that a kernel must walk by strides."""
    x = sample(dtype, 3, 4, **limits)
    wide = sample(dtype, 4, 6, **limits)
    return [x, x.t(), wide[1:, ::2], sample(dtype, 1, 4, **limits).expand(3, 4), sample(dtype, 2, 3, 2, **limits).permute(2, 0, 1)]
