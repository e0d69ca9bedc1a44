"""The forms of one tiny BERT that PyTorch, ONNX's tools and OpenVINO write, all with the weights of source/model.safetensors.

usage: make.py FOLDER    (Python 3.11; torch 2.2.2, transformers 4.41.2, onnx 1.16.2, onnxruntime 1.20.1, openvino 2024.6.0,
                          safetensors 0.4 or later, numpy 1.26)
"""
import collections, json, os, shutil, sys, warnings
warnings.filterwarnings("ignore")
import numpy as np
import onnx
import torch
from safetensors.numpy import save_file
from transformers import BertConfig, BertForMaskedLM, BertModel

out = sys.argv[1]
V, H, L, A, I, P, T = 40, 8, 2, 2, 16, 24, 2
CONFIG = dict(vocab_size=V, hidden_size=H, num_hidden_layers=L, num_attention_heads=A, intermediate_size=I,
              max_position_embeddings=P, type_vocab_size=T, layer_norm_eps=1e-12)
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "The", ".", ","] + ["w%d" % i for i in range(V - 9)]

def weights():
    """Multiples of 1/64 below 2, which are the same in 16 bits."""
    rng = np.random.default_rng(7)
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

def fresh(name, config=None, vocabulary="vocab.txt"):
    d = os.path.join(out, name); shutil.rmtree(d, ignore_errors=True); os.makedirs(os.path.join(d, os.path.dirname(vocabulary)))
    with open(os.path.join(d, vocabulary), "w", newline="\n") as f: f.write("\n".join(VOCAB) + "\n")
    if config: json.dump(dict(CONFIG, model_type="bert", hidden_act=config), open(os.path.join(d, "config.json"), "w"))
    return d

def bert(act, attention="eager"):
    model = BertModel(BertConfig(hidden_act=act, attn_implementation=attention, **CONFIG))
    model.load_state_dict({k: torch.tensor(v) for k, v in W.items()}, strict=False)
    return model.eval()

# ---- PyTorch

def pytorch():
    save_file(W, os.path.join(fresh("source", "gelu"), "model.safetensors"))
    def saved(name, act, **more):
        d = fresh(name, act); tmp = os.path.join(out, "tmp"); bert(act).save_pretrained(tmp, safe_serialization=False, **more)
        for f in os.listdir(tmp):
            if f.startswith("pytorch_model"): shutil.move(os.path.join(tmp, f), os.path.join(d, f))
        shutil.rmtree(tmp)
    saved("pytorch", "gelu_new"); saved("pytorch_sharded", "gelu", max_shard_size="6KB")
    # The form before PyTorch 1.6, of a model with a head on top, as of 2019: tensors of one storage, and as parameters.
    lm = BertForMaskedLM(BertConfig(hidden_act="gelu", **CONFIG)); lm.bert.load_state_dict({k: torch.tensor(v) for k, v in W.items()}, strict=False)
    old = collections.OrderedDict((k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"), v) for k, v in lm.state_dict(keep_vars=True).items())
    torch.save(old, os.path.join(fresh("pytorch_legacy", "gelu"), "pytorch_model.bin"), _use_new_zipfile_serialization=False)
    # What a training script saves, in 16 bits, a matrix turned round, all biases in one storage.
    state = {k: torch.tensor(v).half() for k, v in W.items()}
    key = "encoder.layer.0.intermediate.dense.weight"; state[key] = state[key].t().contiguous().t()
    all_biases = torch.cat([v for k, v in state.items() if v.dim() == 1]); at = 0
    for k, v in state.items():
        if v.dim() == 1: state[k] = all_biases[at:at + len(v)]; at += len(v)
    torch.save({"epoch": 3, "loss": 0.5, "done": True, "state_dict": collections.OrderedDict(("module.bert." + k, v) for k, v in state.items())},
               os.path.join(fresh("pytorch_training", "gelu"), "pytorch_model.bin"), pickle_protocol=4)
    torch.save({k: torch.tensor(v).bfloat16() for k, v in W.items()}, os.path.join(fresh("pytorch_bfloat16", "gelu"), "pytorch_model.bin"))
    # Not tensors alone.
    import argparse
    torch.save({"args": argparse.Namespace(lr=1), "state_dict": state}, os.path.join(fresh("pytorch_refused", "gelu"), "pytorch_model.bin"))

# ---- ONNX

class Named(torch.nn.Module):
    def __init__(self, model): super().__init__(); self.model = model
    def forward(self, input_ids, attention_mask, token_type_ids): return self.model(input_ids, attention_mask, token_type_ids)[0]

def export(act, path, opset, attention="eager", **more):
    model = bert(act, attention); names = ["input_ids", "attention_mask", "token_type_ids"]; one = torch.ones(2, 6, dtype=torch.int64)
    torch.onnx.export(Named(model), (one, one, one * 0), path, input_names=names, output_names=["last_hidden_state"], opset_version=opset,
                      dynamic_axes={n: {0: "batch", 1: "sequence"} for n in names + ["last_hidden_state"]}, **more)

def model_in(name, **more):
    return os.path.join(fresh(name, **more), "model.onnx")

def onnx_forms():
    export("gelu", model_in("onnx_opset11"), 11)
    export("gelu_new", model_in("onnx_opset14", vocabulary="assets/vocab.txt"), 14, "sdpa")
    export("gelu", model_in("onnx_opset17"), 17)
    export("gelu_new", model_in("onnx_unfolded"), 13, do_constant_folding=False)
    # Weights beside the model, in the folder that repositories have for it.
    d = fresh("onnx_external", "gelu"); os.makedirs(os.path.join(d, "onnx"))
    m = onnx.load(os.path.join(out, "onnx_opset17", "model.onnx"))
    onnx.save(m, os.path.join(d, "onnx", "model.onnx"), save_as_external_data=True, location="model.onnx_data", size_threshold=64)
    # Old writers list numbers one by one.
    m = onnx.load(os.path.join(out, "onnx_opset11", "model.onnx"))
    for t in m.graph.initializer:
        if t.data_type == onnx.TensorProto.FLOAT: a = onnx.numpy_helper.to_array(t); t.ClearField("raw_data"); t.float_data.extend(a.ravel().tolist())
    onnx.save(m, model_in("onnx_float_data"))
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.float16 import convert_float_to_float16
    def fused(source, name, packed=True, level=0, fast=False):
        o = FusionOptions("bert"); o.use_multi_head_attention = not packed; o.enable_gelu_approximation = fast
        m = optimizer.optimize_model(os.path.join(out, source, "model.onnx"), "bert", num_heads=A, hidden_size=H, optimization_options=o, opt_level=level)
        print(name, sorted({n.op_type for n in m.model.graph.node})); onnx.save(m.model, model_in(name)); return m.model
    fused("onnx_opset11", "onnx_fused")
    fused("onnx_opset14", "onnx_fused_tanh")
    fused("onnx_opset17", "onnx_fused_heads", packed=False)
    onnx.save(convert_float_to_float16(onnx.load(os.path.join(out, "onnx_opset17", "model.onnx")), keep_io_types=True), model_in("onnx_float16"))
    from onnxruntime.quantization import quantize_dynamic
    quantize_dynamic(os.path.join(out, "onnx_opset17", "model.onnx"), model_in("onnx_quantized"))

# ---- OpenVINO

def openvino():
    import openvino as ov
    def form(source, name, half):
        d = fresh(name); ov.save_model(ov.convert_model(os.path.join(out, source, "model.onnx")), os.path.join(d, "openvino_model.xml"), compress_to_fp16=half)
    form("onnx_opset11", "openvino", False)
    form("onnx_opset14", "openvino_tanh", False)
    form("onnx_opset17", "openvino_float16", True)
    form("onnx_quantized", "openvino_quantized", False)
    # Straight from PyTorch: attention is one operation, GELU another.
    one = torch.ones(2, 6, dtype=torch.int64)
    for act, name in [("gelu", "openvino_pytorch"), ("gelu_pytorch_tanh", "openvino_pytorch_tanh")]:
        m = ov.convert_model(Named(bert(act, "sdpa")), example_input=dict(input_ids=one, attention_mask=one, token_type_ids=one * 0))
        ov.save_model(m, os.path.join(fresh(name), "openvino_model.xml"), compress_to_fp16=False)

which = sys.argv[2:] or ["pytorch", "onnx_forms", "openvino"]
for part in which: globals()[part]()
