#!/bin/sh
# Installs the peers that benches compare with, and gives them the example's own weights.
# usage: sh bench/peers/setup.sh [FOLDER]    (default: .venv in the package's root; benches look there, or in TN_BENCH_VENV)
# Needs Python 3.9 or later and PyPI; nothing else is downloaded. Run again after a change: what stands is kept.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
venv=${1:-$root/.venv}
"${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 9))' || {
  echo "setup.sh: Python 3.9 or later is needed; PYTHON=/path/to/python3 names another" >&2
  exit 1
}
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/bench/peers/requirements.txt"
"$venv/bin/python" "$root/bench/peers/convert.py" "$root/examples/whisper/model" "$venv/models/whisper"
echo "peers are ready in $venv"
