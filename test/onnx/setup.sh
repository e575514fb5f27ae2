#!/usr/bin/env bash
# Makes the virtual environment that check.py runs in, outside this repository, and prints the path of its python.
# Folder: $TN_VENV, else one in the temporary folder. Does nothing when it is there with the same versions.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
venv="${TN_VENV:-${TMPDIR:-/tmp}/torchnative-onnx-venv}"
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  python3 -m venv --clear "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$venv/requirements.txt"
fi
echo "$venv/bin/python"
