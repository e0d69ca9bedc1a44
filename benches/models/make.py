"""Random BERTs of the sizes of the five cards, in the forms that their archives have.

usage: make.py FOLDER [FORM ...]     (Python 3; numpy, google-crc32c)

FORMs, all of them by default:
  base.safetensors    BERT-base, 28,996 words, as a Hugging Face folder
  base.tf1            the same weights as Spark NLP saved a TensorFlow 1 model in 2020: metadata without an engine, a
                      SequenceFile of pairs, and an inner zip with graph and bundle, all of it in a zip
  base.tf2            the same weights as an import of 2022: the names of transformers in an object graph
  large.safetensors   BERT-large, 58,996 words (that of BioBERT)
  large.tf1, large.tf2

The inner zip is deflated at level 0, as the JVM does it; the outer one at the level of the zip command.
"""
import json, os, struct, sys, zipfile, zlib

import google_crc32c
import numpy as np

SIZES = {"base": dict(hidden=768, layers=12, heads=12, words=28996),
         "large": dict(hidden=1024, layers=24, heads=16, words=58996)}
TANH = {"safetensors": False, "tf1": True, "tf2": False}


def tensors(size):
    """Names of Hugging Face and values, one at a time: normal numbers with the deviation of a trained model's."""
    rng = np.random.default_rng(1)
    h, i = size["hidden"], 4 * size["hidden"]
    n = lambda *s: rng.standard_normal(s, np.float32) * np.float32(0.04)
    yield "embeddings.word_embeddings.weight", n(size["words"], h)
    yield "embeddings.position_embeddings.weight", n(512, h)
    yield "embeddings.token_type_embeddings.weight", n(2, h)
    def norm(at):
        yield f"{at}.LayerNorm.weight", 1 + n(h)
        yield f"{at}.LayerNorm.bias", n(h)
    yield from norm("embeddings")
    for layer in range(size["layers"]):
        at = f"encoder.layer.{layer}"
        for name, rows, columns in [("attention.self.query", h, h), ("attention.self.key", h, h), ("attention.self.value", h, h),
                                    ("attention.output.dense", h, h), ("intermediate.dense", i, h), ("output.dense", h, i)]:
            yield f"{at}.{name}.weight", n(rows, columns)
            yield f"{at}.{name}.bias", n(rows)
        yield from norm(f"{at}.attention.output")
        yield from norm(f"{at}.output")


def vocabulary(size):
    special = ["[PAD]"] + [f"[unused{i}]" for i in range(1, 100)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(33, 127)]
    words = special + letters + ["##" + c for c in letters]
    return words + [f"Word{i}" for i in range(size["words"] - len(words))]


# ---- Hugging Face

def safetensors(folder, size):
    os.makedirs(folder)
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, value in tensors(size):
        header[name] = dict(dtype="F32", shape=list(value.shape), data_offsets=[at, at + value.nbytes])
        at += value.nbytes
    header = json.dumps(header).encode()
    header += b" " * (-len(header) % 8)
    with open(f"{folder}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for _, value in tensors(size):
            file.write(value.tobytes())
    config = dict(model_type="bert", vocab_size=size["words"], hidden_size=size["hidden"], num_hidden_layers=size["layers"],
                  num_attention_heads=size["heads"], intermediate_size=4 * size["hidden"], max_position_embeddings=512,
                  type_vocab_size=2, hidden_act="gelu", layer_norm_eps=1e-12)
    json.dump(config, open(f"{folder}/config.json", "w"))
    json.dump(dict(do_lower_case=False), open(f"{folder}/tokenizer_config.json", "w"))
    with open(f"{folder}/vocab.txt", "w") as file:
        file.write("\n".join(vocabulary(size)) + "\n")


# ---- protocol buffers

def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)

def number(field, n): return varint(field << 3) + varint(n)
def block(field, data): return varint(field << 3 | 2) + varint(len(data)) + data
def text(field, s): return block(field, s.encode())

def node(name, op, inputs=(), attribute=b""):
    return block(1, text(1, name) + text(2, op) + b"".join(text(3, i) for i in inputs) + attribute)

def constant(name, kind, value):
    """Of type float (1) or int32 (3)."""
    data = block(5, struct.pack("<f", value)) if kind == 1 else block(7, varint(value))
    return node(name, "Const", (), block(5, text(1, "value") + block(2, block(8, number(1, kind) + data))))

def graph(size, tanh):
    """What of a graph says the heads, the epsilon and the form of GELU."""
    heads, out = size["heads"], b""
    for layer in range(size["layers"]):
        at = f"bert/encoder/layer_{layer}"
        out += constant(f"{at}/heads", 3, heads) + constant(f"{at}/size", 3, size["hidden"] // heads)
        out += constant(f"{at}/epsilon", 1, 1e-12)
        out += node(f"{at}/shape", "Pack", ("batch", "sequence", f"{at}/heads", f"{at}/size"))
        out += node(f"{at}/Reshape", "Reshape", (f"{at}/query", f"{at}/shape"))
        out += node(f"{at}/add", "AddV2", (f"{at}/variance", f"{at}/epsilon")) + node(f"{at}/Rsqrt", "Rsqrt", (f"{at}/add",))
        if tanh:
            out += node(f"{at}/Pow", "Pow", ("x", "three")) + node(f"{at}/mul", "Mul", ("x", f"{at}/Pow"))
            out += node(f"{at}/Tanh", "Tanh", (f"{at}/mul",))
        else:
            out += node(f"{at}/Erf", "Erf", ("x",))
    return out


# ---- TensorFlow's bundle

def masked(crc):
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff

def tf1_name(name):
    """google-research/bert's, and whether it is of a matrix that lies [in, out]."""
    name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    kernel = name.endswith("dense.weight") or ".self." in name and name.endswith(".weight")
    name = name.removesuffix(".weight") + ".kernel" if kernel else name.removesuffix(".weight")
    return "bert/" + name.replace("layer.", "layer_").replace(".", "/"), kernel

def tf2_name(name):
    """transformers' TFBertModel's."""
    for words, tensorflow in [("word_embeddings", "word_embeddings"), ("position_embeddings", "position_embeddings"),
                              ("token_type_embeddings", "token_type_embeddings")]:
        if name == f"embeddings.{words}.weight":
            last = "weight" if words == "word_embeddings" else "embeddings"
            return f"tf_bert_model/bert/embeddings/{tensorflow if last == 'embeddings' else words}/{last}", False
    old, kernel = tf1_name(name)
    return old.replace("bert/", "tf_bert_model/bert/", 1).replace("layer_", "layer_._"), kernel

def table(pairs):
    """A table of one block that is not compressed."""
    def put(raw):
        at = len(out)
        out.extend(raw + b"\0" + struct.pack("<I", masked(google_crc32c.value(raw + b"\0"))))
        return varint(at) + varint(len(raw))
    def entries(pairs):
        return b"".join(b"\0" + varint(len(k)) + varint(len(v)) + k + v for k, v in pairs) + struct.pack("<II", 0, 1)
    out = bytearray()
    data = put(entries(pairs))
    meta = put(entries([]))
    index = put(entries([(pairs[-1][0], data)]))
    return bytes(out) + (meta + index).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")

def bundle(size, version):
    """The bytes of the data file, then its index."""
    data, entries, objects = bytearray(), {}, []
    for name, value in tensors(size):
        full, kernel = (tf1_name if version == 1 else tf2_name)(name)
        key = full
        if version == 2:
            key = f"variables/{len(objects)}/.ATTRIBUTES/VARIABLE_VALUE"
            objects.append((full, key))
        stored = np.ascontiguousarray(value.T if kernel else value)
        shape = b"".join(block(2, number(1, n)) for n in stored.shape)
        raw = stored.tobytes()
        entries[key] = (number(1, 1) + block(2, shape) + number(4, len(data)) + number(5, len(raw))
                        + varint(6 << 3 | 5) + struct.pack("<I", masked(google_crc32c.value(raw))))
        data += raw
    if version == 2:
        # TrackableObjectGraph: a root, and a node for each variable with its full name and its key.
        nodes = b"".join(block(1, block(2, text(1, "VARIABLE_VALUE") + text(2, full) + text(3, key))) for full, key in objects)
        graph = block(1, b"") + nodes
        raw = varint(len(graph)) + struct.pack("<I", masked(google_crc32c.value(struct.pack("<I", len(graph))))) + graph
        sums = google_crc32c.extend(google_crc32c.value(struct.pack("<I", len(graph))), raw[-len(graph) - 4:-len(graph)])
        entries["_CHECKPOINTABLE_OBJECT_GRAPH"] = (number(1, 7) + block(2, b"") + number(4, len(data)) + number(5, len(raw))
                        + varint(6 << 3 | 5) + struct.pack("<I", masked(google_crc32c.extend(sums, graph))))
        data += raw
    pairs = [(b"", number(1, 1) + block(3, number(1, 1)))]
    pairs += sorted((key.encode(), entry) for key, entry in entries.items())
    return bytes(data), table(pairs)


# ---- Spark NLP

PAIRS = 10  # in a record, as Spark's saveAsObjectFile has them

def java(pairs):
    """An array of Tuple2 of String and Integer, serialised."""
    utf = lambda s: struct.pack(">H", len(s.encode())) + s.encode()
    out = b"\xac\xed\x00\x05ur" + utf("[Lscala.Tuple2;") + bytes.fromhex("2ecc00dfd14fd7c0020000") + b"xp" + struct.pack(">i", len(pairs))
    for n, (word, id) in enumerate(pairs):
        if n == 0:
            out += b"sr" + utf("scala.Tuple2") + bytes.fromhex("2e94667d5b92f9f5020002")
            out += b"L" + utf("_1") + b"t" + utf("Ljava/lang/Object;") + b"L" + utf("_2") + b"q\0\x7e\0\x03xp"
        else:
            out += b"sq\0\x7e\0\x02"
        out += b"t" + utf(word)
        if n == 0:
            out += b"sr" + utf("java.lang.Integer") + bytes.fromhex("12e2a0a4f781873802000149") + utf("value")
            out += b"xr" + utf("java.lang.Number") + bytes.fromhex("86ac951d0b94e08b020000") + b"xp"
        else:
            out += b"sq\0\x7e\0\x06"
        out += struct.pack(">i", id)
    return out

def sequence_file(words):
    sync = bytes(range(16))
    name = lambda s: bytes([len(s)]) + s.encode()
    out = bytearray(b"SEQ\x06" + name("org.apache.hadoop.io.NullWritable") + name("org.apache.hadoop.io.BytesWritable") + b"\0\0" + struct.pack(">i", 0) + sync)
    pairs, last = [(word, id) for id, word in enumerate(words)], len(out)
    for at in range(0, len(pairs), PAIRS):
        if len(out) - last > 2000:
            out += b"\xff" * 4 + sync
            last = len(out)
        value = java(pairs[at:at + PAIRS])
        out += struct.pack(">iii", len(value) + 4, 0, len(value)) + value
    return bytes(out)

def spark(path, size, name, version):
    dates = {1: (1598340336670, "2.4.4"), 2: (1645440129466, "3.0.2")}
    date, spark_version = dates[version]
    params = dict(dimension=size["hidden"], caseSensitive=True, storageRef=name, batchSize=8, maxSentenceLength=128)
    metadata = {"class": "com.johnsnowlabs.nlp.embeddings.BertEmbeddings", "timestamp": date, "sparkVersion": spark_version,
                "uid": "BERT_EMBEDDINGS_1234567890ab", "paramMap": params,
                "defaultParamMap": dict(batchSize=8, maxSentenceLength=128, dimension=768, caseSensitive=False)}
    data, index = bundle(size, version)
    inner = f"{path}.bert_tensorflow"
    with zipfile.ZipFile(inner, "w") as z:
        for file, content in [("saved_model.pb", graph(size, version == 1)), ("variables.data-00000-of-00001", data), ("variables.index", index)]:
            z.writestr(zipfile.ZipInfo(file), content, zipfile.ZIP_DEFLATED, 0)
    del data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as z:
        z.writestr("metadata/part-00000", json.dumps(metadata, separators=(",", ":")) + "\n")
        z.writestr("metadata/_SUCCESS", "")
        z.writestr("fields/vocabulary/part-00000", sequence_file(vocabulary(size)))
        z.writestr("fields/vocabulary/_SUCCESS", "")
        z.write(inner, "bert_tensorflow")
    os.remove(inner)


if __name__ == "__main__":
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for form in sys.argv[2:] or [f"{size}.{form}" for size in SIZES for form in TANH]:
        size, kind = form.split(".")
        if kind == "safetensors":
            safetensors(f"{folder}/bert_{size}", SIZES[size])
        else:
            spark(f"{folder}/bert_{size}_{kind}.zip", SIZES[size], f"bert_{size}", int(kind[2:]))
        print(form, flush=True)
