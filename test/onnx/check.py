"""Judges records with the tools everyone else has: onnx.checker and onnxruntime.

    "$(test/onnx/setup.sh)" test/onnx/check.py RECORD_ROOT...

For every model below the given folders: the full check of onnx by path (weights in the files beside it), strict shape
inference with data propagation, and onnxruntime on test_data_set_0 against the recorded outputs. Prints the relative
rms of each output. Exit code 0: all within their bounds; 1: some are not, or a model is refused; 2: no models.
"""

import ctypes
import re
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime

DEFAULT_BOUND = 1e-4
# By part: onnxruntime's STFT of 400 samples is the inexact side.
PART_BOUNDS = {"mel": 2e-4}
# By storage dtype: an element that rounds the other way is half a unit in the last place off.
DTYPE_BOUNDS = {"float16": 2e-4, "bfloat16": 2e-3}
BFLOAT16 = onnx.TensorProto.BFLOAT16


def read_tensor(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    if tensor.data_type == BFLOAT16:
        return np.frombuffer(tensor.raw_data, ml_dtypes.bfloat16).reshape(tuple(tensor.dims))
    return onnx.numpy_helper.to_array(tensor)


def read_samples(folder, kind):
    files = folder.glob(f"{kind}_*.pb")
    return [read_tensor(path) for path in sorted(files, key=lambda path: int(re.findall(r"\d+", path.stem)[-1]))]


def to_value(array):
    if array.dtype == ml_dtypes.bfloat16:
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(array.view(np.uint16), BFLOAT16)
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def relative_rms(actual, expected):
    """NaN and infinities must stand in the same places; whole numbers and truth values must be equal."""
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return float("inf"), f"{actual.dtype}{list(actual.shape)}, recorded {expected.dtype}{list(expected.shape)}"
    if expected.dtype.kind in "biu":
        wrong = int(np.count_nonzero(actual != expected))
        return (float("inf"), f"{wrong} elements differ") if wrong else (0.0, "")
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(e)
    if not np.array_equal(a[~finite], e[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return float("inf"), "NaN or infinities in other places"
    difference = np.sqrt(np.sum((a[finite] - e[finite]) ** 2))
    if difference == 0:
        return 0.0, ""
    return float(difference / max(np.sqrt(np.sum(e[finite] ** 2)), np.finfo(np.float64).tiny)), ""


def infer_shapes(path):
    """Strict inference with data propagation: refuses stated dtypes and shapes that do not follow from the nodes."""
    model = onnx.load(path, load_external_data=False)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


def run(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]
    if len(names) != len(inputs):
        raise ValueError(f"{len(inputs)} sample inputs for {len(names)} inputs")
    feeds = {name: to_value(value) for name, value in zip(names, inputs)}
    outputs = [item.name for item in session.get_outputs()]
    results = session.run_with_ort_values(outputs, feeds)
    return outputs, [to_array(value) for value in results]


def to_array(value):
    if value.element_type() != BFLOAT16:
        return value.numpy()
    shape = tuple(value.shape())
    bits = (ctypes.c_uint16 * int(np.prod(shape))).from_address(value.data_ptr())
    return np.array(bits, np.uint16).view(ml_dtypes.bfloat16).reshape(shape)


def check(path):
    """Lines of a report, and whether all is well."""
    onnx.checker.check_model(str(path), full_check=True)
    infer_shapes(path)
    samples = path.with_suffix("") / "test_data_set_0"
    inputs, expected = read_samples(samples, "input"), read_samples(samples, "output")
    if not expected:
        return [f"no outputs in {samples.name}"], False
    names, actual = run(path, inputs)
    if len(names) != len(expected):
        return [f"{len(names)} outputs, {len(expected)} recorded"], False
    part_bound = PART_BOUNDS.get(path.name.split(".")[0], DEFAULT_BOUND)
    lines, fine = [], True
    for name, a, e in zip(names, actual, expected):
        bound = max(part_bound, DTYPE_BOUNDS.get(str(e.dtype), 0))
        error, why = relative_rms(a, e)
        good = error <= bound
        fine &= good
        lines.append(f"{name}: {error:.2e}{'' if good else f' > {bound:g}'}{f' ({why})' if why else ''}")
    return lines, fine


def main(roots):
    models = sorted({model for root in roots for model in Path(root).rglob("*.onnx")})
    if not models:
        print(f"no models below {', '.join(roots) or 'nothing'}; usage: check.py RECORD_ROOT...", file=sys.stderr)
        return 2
    failed = 0
    for model in models:
        try:
            lines, fine = check(model)
        except Exception as error:  # Whatever the tools throw is the verdict on this model; the others are still judged.
            lines, fine = [f"{type(error).__name__}: {str(error).strip()}"], False
        failed += not fine
        print(f"{'ok  ' if fine else 'FAIL'} {model.name}")
        for line in lines:
            print(f"       {line}")
    print(f"{len(models) - failed} of {len(models)} models agree (onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
