"""The forms of one tiny BERT that TensorFlow and its users write, all with the weights of source/model.safetensors.

usage: make.py FOLDER [FORM ...]    (Python 3.11; tensorflow-cpu 2.15.1, transformers 4.36.2, tf-models-official 2.15.0,
                                     bert-tensorflow 1.0.4, safetensors 0.4.3, python-snappy 0.7.3, google-crc32c)
"""
import json, os, shutil, struct, sys, types, zipfile
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

out = sys.argv[1]
tf1 = tf.compat.v1
V, H, L, A, I, P, T = 40, 8, 2, 2, 16, 24, 2
CONFIG = dict(vocab_size=V, hidden_size=H, num_hidden_layers=L, num_attention_heads=A, intermediate_size=I,
              max_position_embeddings=P, type_vocab_size=T, hidden_act="gelu", hidden_dropout_prob=0.1,
              attention_probs_dropout_prob=0.1, initializer_range=0.02)
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "The", ".", ","] + ["w%d" % i for i in range(V - 9)]

def weights():
    """Multiples of 1/64 below 2, which are the same in 16 bits."""
    rng = np.random.default_rng(5)
    n = lambda *s: (rng.integers(-127, 128, s) / 64).astype(np.float32)
    w = {"embeddings.word_embeddings.weight": n(V, H), "embeddings.position_embeddings.weight": n(P, H),
         "embeddings.token_type_embeddings.weight": n(T, H), "pooler.dense.weight": n(H, H), "pooler.dense.bias": n(H)}
    norms = ["embeddings.LayerNorm"]
    for i in range(L):
        p = f"encoder.layer.{i}."
        for name, o, j in [("attention.self.query", H, H), ("attention.self.key", H, H), ("attention.self.value", H, H),
                           ("attention.output.dense", H, H), ("intermediate.dense", I, H), ("output.dense", H, I)]:
            w[p + name + ".weight"] = n(o, j); w[p + name + ".bias"] = n(o)
        norms += [p + "attention.output.LayerNorm", p + "output.LayerNorm"]
    for name in norms:
        w[name + ".weight"] = n(H); w[name + ".bias"] = n(H)
    return w

W = weights()

def fresh(name, vocabulary="vocab.txt"):
    d = os.path.join(out, name); shutil.rmtree(d, ignore_errors=True); os.makedirs(os.path.join(d, os.path.dirname(vocabulary)))
    with open(os.path.join(d, vocabulary), "w", newline="\n") as f: f.write("\n".join(VOCAB) + "\n")
    return d

def source():
    d = fresh("source")
    save_file(W, os.path.join(d, "model.safetensors"))
    json.dump(dict(CONFIG, model_type="bert", layer_norm_eps=1e-12), open(os.path.join(d, "config.json"), "w"))

# ---- TensorFlow 1: google-research/bert's own modeling.py, with the one function of tf.contrib that it calls

def google_bert():
    contrib = types.ModuleType("tensorflow.contrib"); layers = types.ModuleType("tensorflow.contrib.layers")
    def layer_norm(inputs, begin_norm_axis, begin_params_axis, scope):
        with tf1.variable_scope(scope, "LayerNorm"):
            beta = tf1.get_variable("beta", inputs.shape[-1:], initializer=tf1.zeros_initializer())
            gamma = tf1.get_variable("gamma", inputs.shape[-1:], initializer=tf1.ones_initializer())
            mean, variance = tf1.nn.moments(inputs, [-1], keep_dims=True)
            return tf1.nn.batch_normalization(inputs, mean, variance, beta, gamma, 1e-12)
    layers.layer_norm = layer_norm; contrib.layers = layers
    v1 = types.ModuleType("tensorflow"); v1.__dict__.update({k: getattr(tf1, k) for k in dir(tf1)}); v1.contrib = contrib
    saved = {k: sys.modules.get(k) for k in ("tensorflow", "tensorflow.contrib", "tensorflow.contrib.layers")}
    sys.modules.update({"tensorflow": v1, "tensorflow.contrib": contrib, "tensorflow.contrib.layers": layers})
    import bert.modeling as m
    for k, v in saved.items():
        if v is None: del sys.modules[k]
        else: sys.modules[k] = v
    return m

def hugging_face_name(name, scope):
    """The name of a variable of modeling.py below `scope`."""
    n = name.split(":")[0]
    if not n.startswith(scope + "/"): return None
    n = n[len(scope) + 1:].replace("layer_", "layer.").replace("/", ".")
    n = n.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
    if n.endswith("_embeddings"): n += ".weight"
    return n.replace(".kernel", ".weight")

def load(session, scope):
    """Gives every variable below `scope` its weights, the others a number that is none of theirs."""
    session.run(tf1.global_variables_initializer())
    for v in tf1.global_variables():
        name = hugging_face_name(v.name.replace("/part_0", "").replace("/part_1", "").replace("/part_2", ""), scope)
        if name in W:
            a = W[name].T if v.name.split("/part_")[0].split(":")[0].endswith("kernel") else W[name]
            if "/part_" in v.name:
                info = v._get_save_slice_info(); o, s = info.var_offset, info.var_shape
                a = a[tuple(slice(i, i + n) for i, n in zip(o, s))]
            v.load(a, session)
        elif v.dtype.base_dtype == tf.float32:
            v.load(np.full(v.shape, 99, np.float32), session)

def google_graph(scope, partitioner=None):
    m = google_bert()
    ids = tf1.placeholder(tf.int32, [None, None], "input_ids"); mask = tf1.placeholder(tf.int32, [None, None], "input_mask"); seg = tf1.placeholder(tf.int32, [None, None], "segment_ids")
    outer, _, inner = scope.rpartition("/")
    with tf1.variable_scope(outer or tf1.get_variable_scope(), partitioner=partitioner) as at:
        model = m.BertModel(m.BertConfig.from_dict(CONFIG), False, ids, mask, seg, False, inner)
    return (ids, mask, seg), model

def checkpoint(name, prefix, meta=True, optimiser=False, partitioner=None, scope="bert"):
    d = fresh(name); json.dump(CONFIG, open(os.path.join(d, "bert_config.json"), "w"))
    with tf.Graph().as_default(), tf1.Session() as s:
        google_graph(scope, partitioner=partitioner)
        if optimiser:
            for v in list(tf1.global_variables()):
                for slot in ("adam_m", "adam_v"): tf1.get_variable(v.name.split(":")[0] + "/" + slot, v.shape)
            tf1.get_variable("global_step", [], tf.int64, tf1.zeros_initializer())
            tf1.get_variable("cls/predictions/output_bias", [V]); tf1.get_variable("cls/seq_relationship/output_weights", [2, H])
        load(s, scope)
        tf1.train.Saver().save(s, os.path.join(d, prefix), write_meta_graph=meta, write_state=False)

def hub_v1():
    """A SavedModel of modeling.py with two meta graphs, as a Hub v1 module has; its variables below `module/bert`."""
    d = fresh("hub_v1", "assets/vocab.txt"); vocab = os.path.join(d, "assets", "vocab.txt"); keep = open(vocab).read(); shutil.rmtree(d)
    with tf.Graph().as_default(), tf1.Session() as s:
        (ids, mask, seg), model = google_graph("module/bert"); load(s, "module/bert")
        b = tf1.saved_model.Builder(d)
        sig = tf1.saved_model.predict_signature_def({"input_ids": ids, "input_mask": mask, "segment_ids": seg}, {"sequence_output": model.get_sequence_output(), "pooled_output": model.get_pooled_output()})
        b.add_meta_graph_and_variables(s, [], signature_def_map={"tokens": sig}); b.add_meta_graph(["train"], signature_def_map={"tokens": sig}); b.save()
    os.makedirs(os.path.dirname(vocab), exist_ok=True); open(vocab, "w").write(keep)

# ---- raw bundles: TensorFlow's own writer on given tensors

def tensors(dtype=np.float32):
    t = {}
    for n, a in W.items():
        k = n.replace("layer.", "layer_").replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        if k.endswith("_embeddings.weight"): k = k[:-7]
        if k.endswith(".weight"): k = k[:-7] + ".kernel"; a = a.T
        t["bert/" + k.replace(".", "/")] = np.ascontiguousarray(a)
    return {k: tf.cast(a, dtype) for k, a in t.items()}

def save(path, t): tf.raw_ops.SaveV2(prefix=path, tensor_names=list(t), shape_and_slices=[""] * len(t), tensors=list(t.values()))

def raw(name, act="gelu_new"):
    d = fresh(name); json.dump(dict(CONFIG, hidden_act=act), open(os.path.join(d, "bert_config.json"), "w")); return d, os.path.join(d, "model.ckpt-7")

def sharded():
    d, p = raw("sharded"); t = tensors(); names = list(t)
    parts = [dict((n, t[n]) for n in names[i::3]) for i in range(3)]
    for i, part in enumerate(parts): save(f"{p}_temp/part-{i}", part)
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[f"{p}_temp/part-{i}" for i in range(3)], destination_prefix=p, delete_old_dirs=True)
    shutil.rmtree(p + "_temp", ignore_errors=True)

def half(name, dtype):
    d, p = raw(name); save(p, tensors(dtype))

def columns():
    """The word embeddings cut along their second axis."""
    d, p = raw("columns"); t = tensors(); a = t.pop("bert/embeddings/word_embeddings")
    names = list(t) + ["bert/embeddings/word_embeddings"] * 2
    tf.raw_ops.SaveV2(prefix=p, tensor_names=names, shape_and_slices=[""] * len(t) + [f"{V} {H} -:0,4", f"{V} {H} -:4,4"], tensors=list(t.values()) + [a[:, :4], a[:, 4:]])

def two():
    d, p = raw("two"); t = tensors(); save(p, {**t, **{"teacher/" + k: v for k, v in t.items()}})

# ---- the table of an index written again with small compressed blocks

def crc32c(data):
    import google_crc32c
    return google_crc32c.value(bytes(data))
def masked(data):
    c = crc32c(data); return ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff
def varint(n):
    b = bytearray()
    while n > 127: b.append(n & 127 | 128); n >>= 7
    b.append(n); return bytes(b)
def block(pairs, restart=16):
    b, last, restarts = bytearray(), b"", []
    for i, (k, v) in enumerate(pairs):
        if i % restart == 0: restarts.append(len(b)); shared = 0
        else: shared = len(os.path.commonprefix([last, k]))
        b += varint(shared) + varint(len(k) - shared) + varint(len(v)) + k[shared:] + v; last = k
    return bytes(b) + b"".join(struct.pack("<I", r) for r in restarts or [0]) + struct.pack("<I", len(restarts or [0]))
def table(pairs, size):
    import snappy
    f, index, group = bytearray(), [], []
    def put(raw, compress):
        data = snappy.compress(raw) if compress else raw; at = len(f); kind = bytes([compress])
        f.extend(data + kind + struct.pack("<I", masked(data + kind))); return varint(at) + varint(len(data))
    def flush():
        if group: index.append((group[-1][0], put(block(group), 1))); group.clear()
    for pair in pairs:
        group.append(pair)
        if sum(len(k) + len(v) for k, v in group) > size: flush()
    flush(); meta = put(block([]), 0); handle = put(block(index, 1), 1)
    return bytes(f) + (meta + handle).ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")

def read_table(path):
    d = open(path, "rb").read()
    def uv(b, i):
        r = s = 0
        while True:
            c = b[i]; i += 1; r |= (c & 127) << s; s += 7
            if c < 128: return r, i
    def ents(b):
        end, i, key = len(b) - 4 - 4 * struct.unpack("<I", b[-4:])[0], 0, b""
        while i < end:
            sh, i = uv(b, i); ns, i = uv(b, i); vl, i = uv(b, i); key = key[:sh] + b[i:i + ns]; i += ns; yield key, b[i:i + vl]; i += vl
    foot = d[-48:]; _, i = uv(foot, 0); _, i = uv(foot, i); o, i = uv(foot, i); s, i = uv(foot, i)
    for _, v in ents(d[o:o + s]):
        o, j = uv(v, 0); s, j = uv(v, j); yield from ents(d[o:o + s])

def snappy_index():
    d, p = raw("snappy"); save(p, tensors())
    pairs = list(read_table(p + ".index")); open(p + ".index", "wb").write(table(pairs, 600))

# ---- TensorFlow 2

def transformers_saved_model(name, act, cls="TFBertModel"):
    import transformers
    d = fresh(name, "assets/vocab.txt"); keep = open(os.path.join(d, "assets/vocab.txt")).read()
    m = getattr(transformers, cls)(transformers.BertConfig(**dict(CONFIG, hidden_act=act), layer_norm_eps=1e-12)); m({"input_ids": tf.constant([[2, 5, 3]])})
    for v in m.weights:
        n = v.name.split(":")[0].split("/bert/")[-1].replace("_._", ".").replace("/", ".").replace("gamma", "weight").replace("beta", "bias").replace("_embeddings.embeddings", "_embeddings.weight")
        kernel = n.endswith(".kernel"); n = n.replace(".kernel", ".weight")
        if n in W: v.assign(W[n].T if kernel else W[n])
    spec = lambda n: tf.TensorSpec((None, None), tf.int32, name=n)
    module = tf.Module(); module.model = m
    @tf.function(input_signature=[{n: spec(n) for n in ("input_ids", "attention_mask", "token_type_ids")}])
    def serving(x):
        y = m(x); return {k: v for k, v in y.items() if k in ("last_hidden_state", "pooler_output", "logits")}
    tf.saved_model.save(module, d, signatures=serving)
    os.makedirs(os.path.join(d, "assets"), exist_ok=True); open(os.path.join(d, "assets/vocab.txt"), "w").write(keep)

def assign_garden(variables):
    for v in variables:
        n = v.name.split(":")[0]; n = n[n.index("transformer/"):] if "transformer/" in n else "/".join(n.split("/")[-3:])
        flip = n.endswith("kernel")
        for a, b in [("transformer/layer_", "encoder.layer."), ("self_attention_layer_norm", "attention.output.LayerNorm"), ("output_layer_norm", "output.LayerNorm"),
                     ("self_attention/attention_output", "attention.output.dense"), ("self_attention/", "attention.self."), ("intermediate/", "intermediate.dense/"), ("/output/", "/output.dense/"),
                     ("embeddings/layer_norm", "embeddings.LayerNorm"), ("pooler_transform", "pooler.dense"), ("gamma", "weight"), ("beta", "bias"), ("kernel", "weight")]: n = n.replace(a, b)
        n = n.replace("/", ".")
        for a, b in [("word_embeddings.embeddings", "word_embeddings"), ("position_embedding.embeddings", "position_embeddings"), ("type_embeddings.embeddings", "token_type_embeddings")]:
            if n.endswith(a): n = f"embeddings.{b}.weight"
        if n not in W: print("garden: left out", v.name); continue
        v.assign((W[n].T if flip else W[n]).reshape(v.shape))

def hub_v2():
    """The model garden's own export of a Hub encoder."""
    from official.legacy.bert import configs
    from official.nlp.tools import export_tfhub_lib as e
    d = fresh("hub_v2", "assets/vocab.txt"); vocab = os.path.join(out, "vocab.txt"); shutil.copy(os.path.join(d, "assets/vocab.txt"), vocab); shutil.rmtree(d)
    config = configs.BertConfig.from_dict(CONFIG); encoder = e.get_bert_encoder(config); assign_garden(encoder.trainable_variables)
    ckpt = os.path.join(out, "tmp_ckpt", "c"); path = tf.train.Checkpoint(encoder=encoder).save(ckpt)
    e.export_model(d, bert_config=config, encoder_config=None, model_checkpoint_path=path, with_mlm=False, vocab_file=vocab, do_lower_case=True)
    shutil.rmtree(os.path.dirname(ckpt)); os.remove(vocab)

FORMS = {"source": source,
 "checkpoint": lambda: checkpoint("checkpoint", "bert_model.ckpt", meta=True, optimiser=True),
 "bare_checkpoint": lambda: checkpoint("bare_checkpoint", "biobert_model.ckpt", meta=False),
 "partitioned": lambda: checkpoint("partitioned", "model.ckpt-1000000", meta=False, partitioner=tf1.fixed_size_partitioner(3)),
 "hub_v1": hub_v1, "sharded": sharded, "float16": lambda: half("float16", tf.float16), "bfloat16": lambda: half("bfloat16", tf.bfloat16),
 "columns": columns, "two": two, "snappy": snappy_index,
 "saved_model_tanh": lambda: transformers_saved_model("saved_model_tanh", "gelu_new", "TFBertForSequenceClassification"),
 "hub_v2": hub_v2}
ZIPPED = ["checkpoint", "hub_v1", "saved_model_tanh", "hub_v2"]

def pack(form):
    """A zip in place of the folder, its entries at the root."""
    d = os.path.join(out, form)
    with zipfile.ZipFile(d + ".zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for folder, folders, files in os.walk(d):
            folders.sort()
            for f in sorted(files):
                path = os.path.join(folder, f); entry = zipfile.ZipInfo(os.path.relpath(path, d), (2026, 1, 1, 0, 0, 0)); entry.external_attr = 0o644 << 16
                if f not in ("fingerprint.pb", "keras_metadata.pb"): z.writestr(entry, open(path, "rb").read(), zipfile.ZIP_DEFLATED, 9)
    shutil.rmtree(d)

for form in sys.argv[2:] or FORMS:
    FORMS[form]()
    if form in ZIPPED: pack(form)
