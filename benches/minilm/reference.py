#!/usr/bin/env python3
"""Last hidden states of a BERT model in float64, for comparison with an encoder's float32.

    reference.py MODEL SENTENCES OUT

MODEL is a Hugging Face folder (config.json, model.safetensors, tokenizer.json), SENTENCES a text file with one sentence
per line (empty lines are left out), OUT a folder to be made:

    ids.i32      piece ids of all sentences one after another, [CLS] and [SEP] included; little-endian int32
    hidden.f32   the last hidden state of each of these pieces, rounded once from float64; little-endian float32 [pieces, hidden_size]
    index.json   {"model", "weights_sha256", "hidden_size", "pieces", "sentences": [{"text", "first", "pieces"}, ..]}
                 where `first` is the sentence's first row in both files

Sentences are cut by the model's own Hugging Face tokenizer, truncated to max_position_embeddings, and run one by one, so
nothing is padded or masked. Spark NLP cuts some words otherwise: compare by ids, not by text.
Needs numpy, safetensors and tokenizers.
"""
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return x / 2 * (1 + erf(x / math.sqrt(2)))


class Bert:
    """The encoder of the original paper: post-LayerNorm, absolute positions, token type 0."""

    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = {
            name.removeprefix("bert."): values.astype(np.float64)
            for name, values in load_file(folder / "model.safetensors").items()
            if values.dtype.kind == "f"
        }
        if self.config["hidden_act"] != "gelu":
            sys.exit(f"{folder}/config.json: only hidden_act gelu is computed here")

    def linear(self, x, at):
        return x @ self.weights[at + ".weight"].T + self.weights[at + ".bias"]

    def norm(self, x, at):
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(-1, keepdims=True) + self.config["layer_norm_eps"])
        return centred / scale * self.weights[at + ".LayerNorm.weight"] + self.weights[at + ".LayerNorm.bias"]

    def attention(self, x, at):
        pieces, hidden = x.shape
        heads = self.config["num_attention_heads"]
        size = hidden // heads
        query, key, value = (
            self.linear(x, f"{at}.{name}").reshape(pieces, heads, size).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(size)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return (shares @ value).transpose(1, 0, 2).reshape(pieces, hidden)

    def __call__(self, ids):
        """Piece ids [pieces] to hidden states [pieces, hidden_size]."""
        tables = {name: self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")}
        x = tables["word"][ids] + tables["position"][: len(ids)] + tables["token_type"][0]
        x = self.norm(x, "embeddings")
        for i in range(self.config["num_hidden_layers"]):
            at = f"encoder.layer.{i}"
            attended = self.attention(x, at + ".attention.self")
            x = self.norm(x + self.linear(attended, at + ".attention.output.dense"), at + ".attention.output")
            inner = gelu(self.linear(x, at + ".intermediate.dense"))
            x = self.norm(x + self.linear(inner, at + ".output.dense"), at + ".output")
        return x


def main(model, sentences, out):
    model, out = Path(model), Path(out)
    bert = Bert(model)
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(bert.config["max_position_embeddings"])

    out.mkdir(parents=True, exist_ok=True)
    entries, first = [], 0
    with open(out / "ids.i32", "wb") as ids_file, open(out / "hidden.f32", "wb") as hidden_file:
        for text in Path(sentences).read_text(encoding="utf-8").split("\n"):
            if not text:
                continue
            ids = tokenizer.encode(text).ids
            ids_file.write(np.array(ids, dtype="<i4").tobytes())
            hidden_file.write(bert(ids).astype("<f4").tobytes())
            entries.append({"text": text, "first": first, "pieces": len(ids)})
            first += len(ids)
    index = {
        "model": model.resolve().name,
        "weights_sha256": hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest(),
        "hidden_size": bert.config["hidden_size"],
        "pieces": first,
        "sentences": entries,
    }
    (out / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: reference.py MODEL SENTENCES OUT")
    main(*sys.argv[1:])
