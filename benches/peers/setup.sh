#!/bin/sh
# The other encoders in a folder of their own, from PyPI (5 GB, some minutes), and random models for all of them.
# Needs Python 3.11 with venv.
#
#   setup.sh LAB [SIZE ...]        PYTHON=python3 by default; SIZE is base, minilm or large, base by default
set -eu
[ $# -ge 1 ] || { echo "usage: $0 LAB [SIZE ...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
lab=$1
shift
mkdir -p "$lab"
if [ ! -x "$lab/venv/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$lab/venv"
    "$lab/venv/bin/python" -m pip install -q 'numpy<2' torch==2.2.2 transformers==4.41.2 onnx==1.16.2 \
        onnxruntime==1.20.1 openvino==2024.6.0 safetensors
fi
"$lab/venv/bin/python" "$here/models.py" "$lab" "${@:-base}"
