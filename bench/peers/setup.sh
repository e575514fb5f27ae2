#!/bin/sh
# Installs the peers that benches compare with, and gives them the example's own weights, each in its own format, once.
# usage: sh bench/peers/setup.sh [FOLDER]    (default: .venv in the package's root; benches look there, or in TN_BENCH_VENV)
# Needs Python 3.9 or later and PyPI; nothing else is downloaded. 6 GB: PyTorch's package for Linux brings libraries for
# GPUs. TN_BENCH_TORCH=no leaves PyTorch out (pytorch, aotinductor). Run again after a change: what stands is kept.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
peers=$root/bench/peers
checkpoint=$root/examples/whisper/model
venv=${1:-$root/.venv}
models=$venv/models
"${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 9))' || {
  echo "setup.sh: Python 3.9 or later is needed; PYTHON=/path/to/python3 names another" >&2
  exit 1
}
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
pip() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

# What cannot be had here is said in a line, and the rest goes on.
try() {
  name=$1
  shift
  "$@" || echo "setup.sh: $name is not there: the command above failed" >&2
}

pip -r "$peers/requirements.txt"

# whisper.cpp from its sources, for this processor: the package's own build stops at AVX2.
cpp=$(sed -n 's/^# built here: //p' "$peers/requirements.txt")
if ! "$venv/bin/python" -c 'import _pywhispercpp' 2>/dev/null; then
  env GGML_NATIVE=ON CMAKE_INSTALL_RPATH='$ORIGIN' CMAKE_BUILD_WITH_INSTALL_RPATH=ON \
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-binary pywhispercpp "$cpp" ||
    try whisper.cpp pip "$cpp"
fi
if [ "${TN_BENCH_TORCH:-yes}" != no ]; then
  try PyTorch pip -r "$peers/requirements-torch.txt"
  # Its own requirements are for GPUs; what it needs besides stands in the list.
  try openai-whisper pip --no-deps "$(sed -n 's/^# without dependencies: //p' "$peers/requirements-torch.txt")"
fi

convert() {
  script=$1
  shift
  try "$script" "$venv/bin/python" "$peers/$script" "$checkpoint" "$@"
}
convert convertCt2.py "$models/ct2"
convert convertGgml.py "$models/ggml-f16.bin" f16
convert convertGgml.py "$models/ggml-q8_0.bin" q8_0
convert convertOnnx.py "$models/onnx-float32" float32
convert convertOnnx.py "$models/onnx-int8" int8
if "$venv/bin/python" -c 'import torch' 2>/dev/null; then convert exportTorch.py "$models/aoti"; fi
echo "peers are ready in $venv"
