"""Spark NLP's pipeline with BertEmbeddings and `hearth embed`, end to end from the same Parquet, in turn: a record.

usage: spark_nlp.py RECORD LAB SPARK_LAB HEARTH CORPUS [ROUNDS]

LAB is that of setup.sh (its random BERT-base), SPARK_LAB that of ../text/spark_nlp/setup.sh, HEARTH the `hearth` command,
CORPUS a JSONL file with texts. Run it with the Python of SPARK_LAB. Spark NLP stays ready with its model loaded and writes
to Spark's noop sink; hearth starts anew each time, loads the model and writes Parquet to a memory disk. The vocabulary is
made of the corpus: its characters and commonest words. The second corpus has 30 % repeated documents.
"""

import collections
import glob
import json
import os
import random
import re
import subprocess
import sys
import time

from figures import machine, three

record, lab, spark_lab, hearth, corpus = (os.path.abspath(word) for word in sys.argv[1:6])
rounds = int(sys.argv[6]) if len(sys.argv) > 6 else 5
threads = len(os.sched_getaffinity(0))
PRECISIONS = ["f32", "bf16", "int8"]

from pyspark.ml import Pipeline  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

jars = sorted(glob.glob(os.path.join(spark_lab, "jars", "*.jar")))
spark = (
    SparkSession.builder.master(f"local[{threads}]")
    .config("spark.driver.memory", "10g")
    .config("spark.driver.extraClassPath", ":".join(jars))
    .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
    .config("spark.kryoserializer.buffer.max", "1g")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    # The best on two cores: one session runs the tasks of all of them.
    .config("spark.jsl.settings.onnx.intraOpNumThreads", "1")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")

from sparknlp.annotator import BertEmbeddings, SentenceDetector, Tokenizer  # noqa: E402
from sparknlp.base import DocumentAssembler  # noqa: E402

work = os.path.join(lab, "spark_nlp")
texts = [json.loads(line)["text"] for line in open(corpus, encoding="utf-8")]
texts = [text for text in texts if text and text.strip()]


def model():
    """BERT-base with a vocabulary for the corpus, as a folder of Hugging Face's and as Spark NLP imports it."""
    ours, theirs = os.path.join(work, "hugging_face"), os.path.join(work, "onnx")
    words = collections.Counter(re.findall(r"\w+|[^\w\s]", " ".join(texts)))
    letters = sorted(set("".join(words)))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + c for c in letters)]
    common = [word for word, _ in words.most_common() if len(word) > 1]
    vocabulary += common[: 8000]
    rows = json.load(open(os.path.join(lab, "base/config.json")))["vocab_size"]
    vocabulary += [f"[unused{n}]" for n in range(rows - len(vocabulary))]
    os.makedirs(ours, exist_ok=True)
    os.makedirs(os.path.join(theirs, "assets"), exist_ok=True)
    links = [(ours, "config.json"), (ours, "model.safetensors"), (theirs, "model.onnx")]
    for folder, name in links:
        if not os.path.exists(os.path.join(folder, name)):
            os.link(os.path.join(lab, "base", name), os.path.join(folder, name))
    with open(os.path.join(ours, "tokenizer_config.json"), "w") as file:
        json.dump({"do_lower_case": False}, file)
    for path in (os.path.join(ours, "vocab.txt"), os.path.join(theirs, "assets/vocab.txt")):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(vocabulary) + "\n")
    return ours, theirs


ours, theirs = model()
embeddings = (
    BertEmbeddings.loadSavedModel(theirs, spark)
    .setInputCols(["document", "token"]).setOutputCol("embeddings")
    .setCaseSensitive(True).setBatchSize(8).setMaxSentenceLength(128)
)
stages = [
    DocumentAssembler().setInputCol("text").setOutputCol("document_"),
    SentenceDetector().setInputCols(["document_"]).setOutputCol("document"),
    Tokenizer().setInputCols(["document"]).setOutputCol("token"),
    embeddings,
]


def written(name, rows):
    path = os.path.join(work, name)
    frame = spark.createDataFrame([(n, text) for n, text in enumerate(rows)], "id long, text string")
    frame.repartition(2 * threads).write.mode("overwrite").parquet(path)
    return path


random.seed(4)
some = random.sample(texts, min(len(texts), 60))
repeated = [*some, *random.choices(some, k=len(some) * 3 // 7)]
random.shuffle(repeated)
CORPORA = {"no repeats": written("plain", some), "30 % repeated documents": written("repeated", repeated)}
frames = {name: Pipeline(stages=stages).fit(read).transform(read) for name, path in CORPORA.items() for read in [spark.read.parquet(path)]}


def spark_turn(name):
    start = time.perf_counter()
    frames[name].write.format("noop").mode("overwrite").save()
    return time.perf_counter() - start


def hearth_turn(name, precision):
    out = "/dev/shm/hearth-bench.parquet"
    words = [hearth, "embed", *sorted(glob.glob(CORPORA[name] + "/*.parquet")), "-m", ours, "-o", out, "--overwrite", "--precision", precision]
    start = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(done.stderr)
    return seconds


counts = {name: frame.select(F.sum(F.size("token"))).collect()[0][0] for name, frame in frames.items()}
turns = {}
for name in CORPORA:
    spark_turn(name)
    for number in range(rounds):
        print(f"{name}: round {number + 1} of {rounds}", file=sys.stderr)
        programs = ["Spark NLP", *PRECISIONS]
        for program in programs if number % 2 == 0 else reversed(programs):
            seconds = spark_turn(name) if program == "Spark NLP" else hearth_turn(name, program)
            turns.setdefault((name, program), []).append(seconds)

os.makedirs(record, exist_ok=True)
with open(os.path.join(record, "raw.csv"), "w") as file:
    file.write("corpus,program,round,tokens,seconds\n")
    for (name, program), seconds in turns.items():
        for number, value in enumerate(seconds):
            file.write(f"{name},{program},{number},{counts[name]},{value:.4f}\n")

lines = [
    f"# Spark NLP 5.5.3 and hearth, end to end, BERT-base, {threads} cores",
    "",
    f"{machine()}; {rounds} rounds, in reversed order every second",
    "one. From the same Parquet files of documents: sentences, tokens, token vectors. Spark NLP: ONNX engine,",
    f"`local[{threads}]`, intraOpNumThreads 1, batches of 8, kept ready with its model loaded, into Spark's noop sink. Hearth starts",
    "anew, loads the model and writes Parquet to a memory disk. Tokens are Spark NLP's tokens, each with its vector. Made by",
    "`benches/peers/spark_nlp.py`; all figures: [raw.csv](raw.csv).",
    "",
]
for name in CORPORA:
    lines += [f"## {name}, {counts[name]:,} tokens", "", "| program | tokens/s min | median | max | hearth is faster by: min | median | max |", "|---|---:|---:|---:|---:|---:|---:|"]
    spark_seconds = turns[name, "Spark NLP"]
    for program in ["Spark NLP", *PRECISIONS]:
        seconds = turns[name, program]
        shown = three([counts[name] / s for s in seconds])
        ratio = "| | " if program == "Spark NLP" else three([t / o for t, o in zip(spark_seconds, seconds)])
        lines.append(f"| {program if program == 'Spark NLP' else 'hearth, ' + program} | {shown} | {ratio} |")
    lines.append("")
with open(os.path.join(record, "README.md"), "w") as file:
    file.write("\n".join(lines))
