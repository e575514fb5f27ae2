"""Records what PyTorch computes, for test/pytorch.test.ts.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 numpy
    venv/bin/python test/recordings/record.py

One <family>.json (cases, and a table of tensors by place in the data) and one <family>.safetensors (their bytes) a family.
A case names a function of the package (`add`), of nn.functional (`F.gelu`) or a method (`.copy_`), its arguments and
what PyTorch made of the same. Where the package deviates on purpose (mixed float dtypes in products, truth values of
any/all on uint8), the deviation is written out here as PyTorch code.
"""

from elementwise import binary, inplace, ternary, unary
from products import attention, convolution, fourier, linear, normalization
from structure import creation, indexing, joining, reduction, view

for make in (unary, binary, ternary, reduction, view, creation, indexing, joining, normalization, linear, convolution, attention, fourier, inplace):
    make().save()
