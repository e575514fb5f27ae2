"""Writes Whisper as ONNX for onnxruntime, with the operators that it is fastest with on a CPU (its fused attention).

usage: convertOnnx.py CHECKPOINT FOLDER float32|int8    (FOLDER gets encoder.onnx and decoder.onnx)

int8 is onnxruntime's own dynamic quantisation, weights per channel. The encoder gives the keys and values of cross
attention; the decoder takes tokens at positions, and gives its keys and values one longer than it got them.
"""

import os

import numpy as np
import onnx
from checkpoint import arguments, make_once, openai_name, read_checkpoint, read_json
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

MICROSOFT = "com.microsoft"


class Writer:
    """A graph as it grows. Every method gives the name of its result."""

    def __init__(self, weights, heads):
        self.weights, self.heads = weights, heads
        self.nodes, self.constants, self.count = [], {}, 0

    def node(self, kind, *inputs, outputs=1, domain="", **attributes):
        self.count += 1
        names = [f"{kind}_{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names if outputs > 1 else names[0]

    def constant(self, name, values):
        values = np.ascontiguousarray(values)
        self.constants[name] = numpy_helper.from_array(
            values.astype(np.float32) if values.dtype == np.float16 else values, name
        )
        return name

    def weight(self, name):
        return self.constant(name, self.weights[name])

    def linear(self, x, name, bias=True):
        product = self.node("MatMul", x, self.constant(name + ".transposed", self.weights[name + ".weight"].T))
        return self.node("Add", product, self.weight(name + ".bias")) if bias else product

    def norm(self, x, name):
        return self.node("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"), axis=-1)

    def gelu(self, x):
        return self.node("Gelu", x, domain=MICROSOFT)

    def conv(self, x, name, stride):
        made = self.node(
            "Conv", x, self.weight(name + ".weight"), self.weight(name + ".bias"), pads=[1, 1], strides=[stride]
        )
        return self.gelu(made)

    def by_head(self, x):
        """[1, n, width] → [1, heads, n, width / heads]"""
        shape = self.constant("by head", np.array([0, 0, self.heads, -1], np.int64))
        return self.node("Transpose", self.node("Reshape", x, shape), perm=[0, 2, 1, 3])

    def attention(self, *inputs, outputs=1, **attributes):
        return self.node(
            "MultiHeadAttention", *inputs, outputs=outputs, domain=MICROSOFT, num_heads=self.heads, **attributes
        )

    def mlp(self, x, name):
        hidden = self.gelu(self.linear(self.norm(x, name + ".mlp_ln"), name + ".mlp.0"))
        return self.node("Add", x, self.linear(hidden, name + ".mlp.2"))

    def model(self, inputs, outputs):
        for node, name in outputs:
            self.nodes.append(helper.make_node("Identity", [node], [name]))
        graph = helper.make_graph(
            self.nodes,
            "whisper",
            [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for _, name in outputs],
            list(self.constants.values()),
        )
        imports = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=10)


def encoder(weights, config):
    w = Writer(weights, config["encoder_attention_heads"])
    x = w.conv(w.conv("mel", "encoder.conv1", 1), "encoder.conv2", 2)
    x = w.node("Add", w.node("Transpose", x, perm=[0, 2, 1]), w.weight("encoder.positional_embedding"))
    for i in range(config["encoder_layers"]):
        name = f"encoder.blocks.{i}"
        y = w.norm(x, name + ".attn_ln")
        q, k, v = (w.linear(y, f"{name}.attn.{kind}", kind != "key") for kind in ("query", "key", "value"))
        x = w.node("Add", x, w.linear(w.attention(q, k, v), name + ".attn.out"))
        x = w.mlp(x, name)
    sound = w.norm(x, "encoder.ln_post")
    outputs = []
    for i in range(config["decoder_layers"]):
        name = f"decoder.blocks.{i}.cross_attn"
        outputs.append((w.by_head(w.linear(sound, name + ".key", False)), f"cross_key_{i}"))
        outputs.append((w.by_head(w.linear(sound, name + ".value")), f"cross_value_{i}"))
    return w.model([("mel", TensorProto.FLOAT, [1, config["num_mel_bins"], 3000])], outputs)


def decoder(weights, config):
    heads, width = config["decoder_attention_heads"], config["d_model"]
    w = Writer(weights, heads)
    embedding = w.weight("decoder.token_embedding.weight")
    positions = w.node("Gather", w.weight("decoder.positional_embedding"), "positions")
    x = w.node("Add", w.node("Gather", embedding, "tokens"), positions)
    inputs = [("tokens", TensorProto.INT64, [1, "n"]), ("positions", TensorProto.INT64, ["n"])]
    outputs = []
    for i in range(config["decoder_layers"]):
        name = f"decoder.blocks.{i}"
        y = w.norm(x, name + ".attn_ln")
        q, k, v = (w.linear(y, f"{name}.attn.{kind}", kind != "key") for kind in ("query", "key", "value"))
        found, key, value = w.attention(
            q, k, v, "", "", "", f"past_key_{i}", f"past_value_{i}", outputs=3, unidirectional=1
        )
        x = w.node("Add", x, w.linear(found, name + ".attn.out"))
        q = w.linear(w.norm(x, name + ".cross_attn_ln"), name + ".cross_attn.query")
        found = w.attention(q, f"cross_key_{i}", f"cross_value_{i}")
        x = w.mlp(w.node("Add", x, w.linear(found, name + ".cross_attn.out")), name)
        for kind in ("key", "value"):
            inputs.append((f"past_{kind}_{i}", TensorProto.FLOAT, [1, heads, "past", width // heads]))
            inputs.append((f"cross_{kind}_{i}", TensorProto.FLOAT, [1, heads, 1500, width // heads]))
        outputs += [(key, f"key_{i}"), (value, f"value_{i}")]
    shown = w.constant("logits.transposed", weights["decoder.token_embedding.weight"].T)
    logits = w.node("MatMul", w.norm(x, "decoder.ln"), shown)
    return w.model(inputs, [(logits, "logits"), *outputs])


def convert(folder, output, kind):
    config = read_json(folder, "config.json")
    weights = {openai_name(name): values for name, values in read_checkpoint(folder).items()}
    os.makedirs(output)
    for name, build in (("encoder", encoder), ("decoder", decoder)):
        path = os.path.join(output, name + ".onnx")
        model = build(weights, config)
        if kind == "float32":
            onnx.save(model, path)
        else:
            quantize_dynamic(
                model, path, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": TensorProto.FLOAT},
            )


if __name__ == "__main__":
    checkpoint, output, kind = arguments(__doc__, 3)
    make_once(output, lambda path: convert(checkpoint, path, kind))
