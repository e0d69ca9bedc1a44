"""Random BERTs as each program reads them: safetensors, ONNX, ONNX Runtime's fused graph and its dynamic int8.

usage: models.py LAB SIZE ...     makes LAB/SIZE
"""

import os
import sys

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from transformers import BertConfig, BertModel

SIZES = {"minilm": (6, 384, 12), "base": (12, 768, 12), "large": (24, 1024, 16)}


def make(folder, layers, hidden, heads):
    torch.manual_seed(7)
    config = BertConfig(num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=heads, intermediate_size=4 * hidden)
    model = BertModel(config, add_pooling_layer=False).eval()
    model.save_pretrained(folder)
    with open(f"{folder}/vocab.txt", "w") as file:
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        file.write("\n".join(words + [f"w{n}" for n in range(config.vocab_size - len(words))]) + "\n")
    ids = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        model,
        (ids, ids, ids * 0),
        f"{folder}/model.onnx",
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in [*names, "last_hidden_state"]},
        opset_version=17,
    )
    fused = optimizer.optimize_model(
        f"{folder}/model.onnx", "bert", num_heads=heads, hidden_size=hidden, optimization_options=FusionOptions("bert")
    )
    fused.save_model_to_file(f"{folder}/fused.onnx")
    quantize_dynamic(f"{folder}/fused.onnx", f"{folder}/int8.onnx", per_channel=True, weight_type=QuantType.QInt8,
                     extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})


for size in sys.argv[2:]:
    place = os.path.join(sys.argv[1], size)
    if not os.path.exists(f"{place}/int8.onnx"):
        os.makedirs(place, exist_ok=True)
        make(place, *SIZES[size])
