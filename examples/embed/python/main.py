"""The package `demo` from Python: ctypes and numpy, arrays passed without a copy.

python3 main.py FOLDER   (FOLDER: what `tn cache package --format shared` made)
"""

import ctypes
import sys
from pathlib import Path

import numpy as np


class Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Tensor(ctypes.Structure):
    """DLTensor, over the memory of an array."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int32),
        ("dtype", DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]

    CODES = {"i": 0, "u": 1, "f": 2, "b": 6}

    def __init__(self, array: np.ndarray):
        sizes = ctypes.c_int64 * array.ndim
        super().__init__(
            array.ctypes.data,
            Device(1, 0),
            array.ndim,
            DataType(self.CODES[array.dtype.kind], 8 * array.itemsize, 1),
            sizes(*array.shape),
            # In elements; a transposed or sliced array is read as it lies.
            sizes(*(stride // array.itemsize for stride in array.strides)),
            0,
        )
        self.array = array  # kept as long as this


class Demo:
    """One context of the package; a thread uses one of its own."""

    def __init__(self, folder: Path):
        self.library = ctypes.CDLL(str(folder / "libdemo.so"))
        self.library.demo_last_error.restype = ctypes.c_char_p
        self.runtime, self.weights, self.context = (ctypes.c_void_p() for _ in range(3))
        self.check(self.library.demo_runtime_create(1, 0, ctypes.byref(self.runtime)))
        path = str(folder / "demo.weights").encode()
        self.check(self.library.demo_weights_open(self.runtime, path, ctypes.byref(self.weights)))
        self.check(self.library.demo_context_create(self.weights, ctypes.byref(self.context)))

    def check(self, status: int) -> None:
        if status != 0:
            raise ValueError(self.library.demo_last_error().decode())

    def classify(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        digits = np.empty(len(images), np.int64)
        probabilities = np.empty((len(images), 10), np.float32)
        tensors = [ctypes.byref(Tensor(array)) for array in (images, digits, probabilities)]
        self.check(self.library.demo_classify(self.context, *tensors))
        return digits, probabilities

    def step(self, x: np.ndarray, pos: int, hidden: np.ndarray, history: np.ndarray) -> np.ndarray:
        y = np.empty(4, np.float32)
        x, hidden, history, out = (ctypes.byref(Tensor(array)) for array in (x, hidden, history, y))
        self.check(self.library.demo_step(self.context, x, ctypes.c_int64(pos), hidden, history, out))
        return y

    def close(self) -> None:
        self.library.demo_context_destroy(self.context)
        self.library.demo_weights_close(self.weights)
        self.library.demo_runtime_destroy(self.runtime)


# 3 1 4 1 5: eight rows of eight pixels, a byte a row, the leftmost pixel in the lowest bit.
GLYPHS = bytes.fromhex(
    "1e33301c30331e00" "0c0e0c0c0c0c3f00" "383c36337f307800" "0c0e0c0c0c0c3f00" "3f031f3030331e00"
)


def main() -> None:
    demo = Demo(Path(sys.argv[1]).resolve())
    bits = np.unpackbits(np.frombuffer(GLYPHS, np.uint8), bitorder="little")
    digits, probabilities = demo.classify(bits.reshape(5, 8, 8).astype(np.float32))
    print("digits", *digits)
    print("sure", *(f"{p:.3f}" for p in probabilities.max(axis=1)))

    hidden, history = np.zeros(16, np.float32), np.zeros((256, 16), np.float32)
    for pos in range(5):
        x = np.array([(pos + i) % 5 - 2 for i in range(8)], np.float32)
        y = demo.step(x, pos, hidden, history)
        print(f"step {pos}:", *(f"{value:.3f}" for value in y))

    try:
        demo.classify(np.zeros((5, 8, 9), np.float32))
    except ValueError as error:
        print(f"refused: {error}", file=sys.stderr)
    demo.close()


main()
