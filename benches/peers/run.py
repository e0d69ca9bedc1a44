"""Encoders in turn, round after round, in reversed order every second round: raw.csv and README.md of a record.

usage: run.py RECORD LAB SIZE HEARTH [ROUNDS]

HEARTH is the binary `encode` of this package, built with --release. Every program encodes the same ids. Tokens are word
pieces without [CLS], [SEP] and padding; a ratio is taken within a round.
"""

import json
import os
import subprocess
import sys
from statistics import median

from figures import machine, three

record, lab, size, hearth = sys.argv[1:5]
rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 7
here = os.path.dirname(os.path.abspath(__file__))
threads = len(os.sched_getaffinity(0))
model = os.path.join(lab, size)

# Name, program, batch, order; whom it is compared with comes first in each task.
TASKS = {
    "f32, sorted by length, batches of 32": [
        ("hearth", "f32", 0, ""), ("OpenVINO", "ov", 32, "sorted"), ("OpenVINO, throughput mode", "ov-streams", 32, "sorted"), ("ONNX Runtime", "ort", 32, "sorted"), ("PyTorch", "torch", 32, "sorted")],
    "f32, document order, batches of 8": [
        ("hearth", "f32", 0, ""), ("OpenVINO", "ov", 8, "as-is"), ("OpenVINO, throughput mode", "ov-streams", 8, "as-is"), ("ONNX Runtime", "ort", 8, "as-is"), ("PyTorch", "torch", 8, "as-is")],
    "bf16, sorted by length, batches of 32": [
        ("hearth", "bf16", 0, ""), ("OpenVINO", "ov-bf16", 32, "sorted"), ("OpenVINO, throughput mode", "ov-bf16-streams", 32, "sorted"), ("PyTorch", "torch-bf16", 32, "sorted")],
    "bf16, document order, batches of 8": [
        ("hearth", "bf16", 0, ""), ("OpenVINO", "ov-bf16", 8, "as-is"), ("OpenVINO, throughput mode", "ov-bf16-streams", 8, "as-is"), ("PyTorch", "torch-bf16", 8, "as-is")],
    "int8, sorted by length, batches of 32": [
        ("hearth", "int8", 0, ""), ("hearth, int8-mixed", "int8-mixed", 0, ""), ("ONNX Runtime, dynamic", "ort-int8", 32, "sorted")],
    "f32, one sentence of 16 pieces": [
        ("hearth", "f32", -1, ""), ("OpenVINO", "ov", -1, "as-is"), ("ONNX Runtime", "ort", -1, "as-is")],
    "bf16, one sentence of 16 pieces": [
        ("hearth", "bf16", -1, ""), ("OpenVINO", "ov-bf16", -1, "as-is")],
}


def lengths(n):
    """5 to 60 positions, most of them in the middle."""
    state, found = 12345, []

    def uniform():
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (state >> 33) / (1 << 31)

    for _ in range(n):
        u = uniform() * 0.5 + uniform() * 0.5
        found.append(round(min(60, max(5, 5 + 55 * u * (0.45 + 0.55 * uniform())))))
    return found


def ids_file(name, sizes):
    path = os.path.join(lab, name)
    rows = [[2, *(1000 + (n * 131 + i * 7919) % 9000 for i in range(size - 2)), 3] for n, size in enumerate(sizes)]
    with open(path, "w") as file:
        json.dump(rows, file)
    return path, sum(sizes) - 2 * len(sizes)


many, many_tokens = ids_file("many.json", lengths(256))
one, one_tokens = ids_file("one.json", [18])


class Worker:
    def __init__(self, program, batch, order):
        ids = one if batch < 0 else many
        if order:
            python = os.path.join(lab, "venv/bin/python")
            words = [python, os.path.join(here, "worker.py"), program, model, ids, str(abs(batch)), order, str(threads)]
        else:
            words = [hearth, model, program, ids, str(threads)]
        self.times = 20 if batch < 0 else 1
        self.tokens = one_tokens if batch < 0 else many_tokens
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.process.stdout.readline().strip() != "READY":
            raise SystemExit(f"did not start: {' '.join(words)}")

    def turn(self):
        """Seconds of one pass, the median of some for a single sentence."""
        seconds = []
        for _ in range(self.times):
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            seconds.append(float(self.process.stdout.readline()))
        return median(seconds)


# Of a task all programs stand ready at once, so that its rounds are close together, and of all tasks no more than that:
# their weights would not fit.
turns, tokens = {}, {}
for task, programs in TASKS.items():
    workers = {key: Worker(*key) for key in dict.fromkeys((program, batch, order) for _, program, batch, order in programs)}
    for number in range(rounds):
        print(f"{task}: round {number + 1} of {rounds}", file=sys.stderr)
        keys = list(workers)
        for key in keys if number % 2 == 0 else reversed(keys):
            turns.setdefault((task, *key), []).append(workers[key].turn())
    for key, worker in workers.items():
        tokens[(task, *key)] = worker.tokens
        worker.process.stdin.close()
        worker.process.wait()

os.makedirs(record, exist_ok=True)
with open(os.path.join(record, "raw.csv"), "w") as file:
    file.write("task,program,batch,order,round,tokens,seconds\n")
    for key, seconds in turns.items():
        for number, value in enumerate(seconds):
            file.write(f'"{key[0]}",{key[1]},{key[2]},{key[3]},{number},{tokens[key]},{value:.6f}\n')

lines = [
    f"# Encoders, {size}, {threads} threads",
    "",
    f"{machine()}; {rounds} rounds, every program of a table in each, in",
    "reversed order every second one. The same random ids for all: 256 sequences of 5 to 60 positions. Tokens are pieces",
    "without [CLS], [SEP] and padding. Hearth has no batches: its packs hold no padding in any order. Made by",
    "`benches/peers/run.py`; all figures: [raw.csv](raw.csv).",
    "",
]
for task, programs in TASKS.items():
    single = programs[0][2] < 0
    lines += [f"## {task}", "", f"| program | {'ms' if single else 'tokens/s'} min | median | max | hearth is faster by: min | median | max |", "|---|---:|---:|---:|---:|---:|---:|"]
    ours = turns[(task, *programs[0][1:])]
    for name, *key in programs:
        seconds = turns[(task, *key)]
        shown = [1e3 * s for s in seconds] if single else [tokens[(task, *key)] / s for s in seconds]
        lines.append(f"| {name} | {three(shown)} | {three([theirs / our for theirs, our in zip(seconds, ours)])} |")
    lines.append("")
with open(os.path.join(record, "README.md"), "w") as file:
    file.write("\n".join(lines))
