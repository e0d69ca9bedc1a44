"""Spark NLP's three text stages, whenever asked.

usage: rounds.py JARS NAME=FILE.jsonl...

Each line of standard input names a corpus, which is then annotated into Spark's noop sink, on one worker thread; the
answer is a line with the number of its tokens. The first answers come after three runs, for the JVM's compiler.
"""

import glob
import os
import sys

from pyspark.ml import Pipeline
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

ANSWERS = os.fdopen(os.dup(1), "w")
# What Spark prints is no answer.
os.dup2(2, 1)

jars = sorted(glob.glob(os.path.join(os.path.abspath(sys.argv[1]), "*.jar")))
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.driver.memory", "8g")
    .config("spark.driver.extraClassPath", ":".join(jars))
    .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
    .config("spark.kryoserializer.buffer.max", "1g")
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")

from sparknlp.annotator import SentenceDetector, Tokenizer  # noqa: E402 (they need the session)
from sparknlp.base import DocumentAssembler  # noqa: E402

STAGES = [
    DocumentAssembler().setInputCol("text").setOutputCol("document"),
    SentenceDetector().setInputCols(["document"]).setOutputCol("sentence"),
    Tokenizer().setInputCols(["sentence"]).setOutputCol("token"),
]


def annotated(path):
    texts = spark.read.schema("text string").json(path).repartition(4).cache()
    texts.count()
    return Pipeline(stages=STAGES).fit(texts).transform(texts)


def run(frame):
    frame.write.format("noop").mode("overwrite").save()


frames = {name: annotated(path) for name, path in (word.split("=", 1) for word in sys.argv[2:])}
tokens = {name: frame.select(F.sum(F.size("token"))).collect()[0][0] for name, frame in frames.items()}
for frame in frames.values():
    for _ in range(2):
        run(frame)
for line in sys.stdin:
    name = line.strip()
    run(frames[name])
    print(tokens[name], file=ANSWERS, flush=True)
