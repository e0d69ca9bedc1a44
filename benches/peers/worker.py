"""One program with one model, kept ready: says READY, then for each line `go` the seconds that all batches took.

usage: worker.py PROGRAM MODEL IDS BATCH ORDER THREADS

PROGRAM: torch torch-bf16 ort ort-int8 ov ov-bf16 ov-streams ov-bf16-streams (OpenVINO's throughput mode). IDS: a JSON list of lists of ids. ORDER: sorted (by length) or as-is.
What is timed ends with the last hidden states in the memory of the process, as an array of numpy.
"""

import json
import os
import sys
import time

program, model, ids, batch, order, threads = sys.argv[1:]
batch, threads = int(batch), int(threads)
# Threads of a program that waits for its turn must not spin.
os.environ.update(OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="PASSIVE", KMP_BLOCKTIME="0", TOKENIZERS_PARALLELISM="false")
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np  # noqa: E402

sequences = json.load(open(ids))
if order == "sorted":
    sequences.sort(key=len)
batches = []
for start in range(0, len(sequences), batch):
    rows = sequences[start : start + batch]
    longest = max(map(len, rows))
    x, mask = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.int64)
    for r, row in enumerate(rows):
        x[r, : len(row)], mask[r, : len(row)] = row, 1
    batches.append({"input_ids": x, "attention_mask": mask, "token_type_ids": np.zeros_like(x)})

if program.startswith("torch"):
    import torch
    from transformers import BertModel

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    net = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    feeds = [{name: torch.from_numpy(value) for name, value in one.items()} for one in batches]

    def run(feed):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=program == "torch-bf16"):
            return net(**feed).last_hidden_state.float().numpy()

elif program.startswith("ort"):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    name = {"ort": "fused.onnx", "ort-int8": "int8.onnx"}[program]
    session = ort.InferenceSession(f"{model}/{name}", options, providers=["CPUExecutionProvider"])
    types = {i.name: np.int32 if "int32" in i.type else np.int64 for i in session.get_inputs()}
    feeds = [{name: np.ascontiguousarray(one[name], kind) for name, kind in types.items()} for one in batches]

    def run(feed):
        return session.run(None, feed)[0]

else:
    import openvino as ov

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "THROUGHPUT" if program.endswith("-streams") else "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if program.startswith("ov-bf16") else "f32",
    }
    compiled = ov.Core().compile_model(f"{model}/model.onnx", "CPU", settings)
    feeds = batches

    if program.endswith("-streams"):
        queue, found = ov.AsyncInferQueue(compiled), []
        queue.set_callback(lambda request, _: found.append(np.array(request.get_output_tensor(0).data)))

        def run_all():
            found.clear()
            for feed in feeds:
                queue.start_async(feed, share_inputs=True)
            queue.wait_all()

    else:
        request = compiled.create_infer_request()

        def run(feed):
            return np.array(request.infer(feed, share_inputs=True)[0])


if not program.endswith("-streams"):

    def run_all():
        for feed in feeds:
            run(feed)


run_all()
print("READY", file=answers, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    run_all()
    print(time.perf_counter() - start, file=answers, flush=True)
