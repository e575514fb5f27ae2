"""Single operations on PyTorch or onnxruntime, served. usage: ops.py pytorch|onnxruntime THREADS OPS

OPS is bench/ops/list.ts's list as JSON: [{"name", "kind", "sizes", "inputs", "weights"}], shapes of both. Values are the
same on all sides. "result of NAME" gives what is compared.
"""

import json
import sys

import numpy as np
from serve import serve

COMPARED = 997


def numbers(shape, seed):
    """Source: bench/ops/list.ts. x(n + k) of a linear congruential sequence is linear in x(n) too: made in blocks."""
    count = int(np.prod(shape))
    factors, terms = np.ones(1, np.uint32), np.zeros(1, np.uint32)
    with np.errstate(over="ignore"):
        states = np.array([seed * 1664525 + 1013904223 & 0xFFFFFFFF], np.uint32)
        factor, term = np.uint32(1664525), np.uint32(1013904223)
        while len(states) < count:
            states = np.concatenate([states, states * factor + term])
            factor, term = factor * factor, term * (factor + np.uint32(1))
    del factors, terms
    return ((states[:count] >> 22).astype(np.float32) / 1024 - 0.5).reshape(shape)


def sampled(values):
    flat = np.asarray(values, np.float32).reshape(-1)
    count = min(COMPARED, len(flat))
    return [float(flat[i * len(flat) // count]) for i in range(count)]


def tensors(op):
    shapes = [*op["inputs"], *op["weights"]]
    return [numbers(shape, 17 + 1000 * i) for i, shape in enumerate(shapes)]


def on_pytorch(threads):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    kinds = {
        "linear": lambda op: F.linear,
        "attention": lambda op: F.scaled_dot_product_attention,
        "causal": lambda op: lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        "conv1d": lambda op: lambda x, w, b: F.conv1d(x, w, b, stride=op["sizes"][3], padding=1),
        "layerNorm": lambda op: lambda x, w, b: F.layer_norm(x, (op["sizes"][1],), w, b),
        "softmax": lambda op: lambda x: F.softmax(x, -1),
        "gelu": lambda op: F.gelu,
        "rfft": lambda op: torch.fft.rfft,
        "chain": lambda op: lambda x, y, z: (x * 2 + y).relu() * z - x,
    }

    def make(op):
        run = kinds[op["kind"]](op)
        given = [torch.from_numpy(values) for values in tensors(op)]

        def result():
            with torch.inference_mode():
                made = run(*given)
            return torch.view_as_real(made).numpy() if made.is_complex() else made.numpy()

        return result

    return make, {"torch": torch.__version__}


def on_onnxruntime(threads):
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper

    microsoft = "com.microsoft"

    def node(kind, inputs, output="out", domain="", **attributes):
        return helper.make_node(kind, inputs, [output], domain=domain, **attributes)

    def attention(op, causal):
        """Heads stand behind positions in what the fused operator takes."""
        heads = op["sizes"][0]
        return [node("MultiHeadAttention", ["0", "1", "2"], domain=microsoft, num_heads=heads, unidirectional=causal)]

    def nodes(op):
        kind = op["kind"]
        if kind == "linear":
            return [node("MatMul", ["0", "1"], "product"), node("Add", ["product", "2"])]
        if kind in ("attention", "causal"):
            return attention(op, int(kind == "causal"))
        if kind == "conv1d":
            return [node("Conv", ["0", "1", "2"], pads=[1, 1], strides=[op["sizes"][3]])]
        if kind == "layerNorm":
            return [node("LayerNormalization", ["0", "1", "2"], axis=-1)]
        if kind == "softmax":
            return [node("Softmax", ["0"], axis=-1)]
        if kind == "gelu":
            return [node("Gelu", ["0"], domain=microsoft)]
        if kind == "rfft":
            return [node("DFT", ["0"], axis=1, onesided=1)]
        return [
            node("Mul", ["0", "two"], "double"), node("Add", ["double", "1"], "sum"), node("Relu", ["sum"], "cut"),
            node("Mul", ["cut", "2"], "product"), node("Sub", ["product", "0"]),
        ]

    def arranged(op, values):
        if op["kind"] == "linear":
            return [values[0], values[1].T, values[2]]
        if op["kind"] in ("attention", "causal"):
            return [v.transpose(0, 2, 1, 3).reshape(1, v.shape[2], -1) for v in values]
        if op["kind"] == "rfft":
            return [values[0][..., None]]
        return values

    def make(op):
        values = [np.ascontiguousarray(v) for v in arranged(op, tensors(op))]
        count = len(op["inputs"])
        inputs = [helper.make_tensor_value_info(str(i), TensorProto.FLOAT, v.shape) for i, v in enumerate(values[:count])]
        constants = [numpy_helper.from_array(v, str(count + i)) for i, v in enumerate(values[count:])]
        constants.append(numpy_helper.from_array(np.array(2, np.float32), "two"))
        graph = helper.make_graph(
            nodes(op), "op", inputs, [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)], constants
        )
        imports = [helper.make_opsetid("", 17), helper.make_opsetid(microsoft, 1)]
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        model = helper.make_model(graph, opset_imports=imports, ir_version=10).SerializeToString()
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        given = {str(i): ort.OrtValue.ortvalue_from_numpy(v) for i, v in enumerate(values[:count])}

        def result():
            made = session.run_with_ort_values(["out"], given)[0].numpy()
            if op["kind"] in ("attention", "causal"):
                heads = op["sizes"][0]
                made = made.reshape(1, made.shape[1], heads, -1).transpose(0, 2, 1, 3)
            return made

        return result

    return make, {"onnxruntime": ort.__version__}


def main():
    library, threads, ops = sys.argv[1:]
    make, versions = {"pytorch": on_pytorch, "onnxruntime": on_onnxruntime}[library](int(threads))
    made = {}

    def run(op):
        if op["name"] not in made:
            made[op["name"]] = make(op)
        return made[op["name"]]()

    work = {}
    for op in json.loads(ops):
        work[op["name"]] = lambda op=op: void(run(op))
        work["result of " + op["name"]] = lambda op=op: {"values": sampled(run(op))}
    serve(versions, work)


def void(_):
    return None


if __name__ == "__main__":
    main()
