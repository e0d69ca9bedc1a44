"""Pipelines saved by Spark NLP, and what they answer.

usage: make.py JARS_DIR OUT_DIR        with PySpark 3.5.5 and spark-nlp 5.5.3 installed

OUT_DIR/<name>/ is the saved pipeline without checksum files, OUT_DIR/golden/<name>.jsonl.gz its answer on the first 60
texts of at most 300 characters of the goldens' texts.jsonl, in the goldens' form (golden/spark-nlp-5.5.3/README.md).
Each run gives new uids.
"""
import glob, gzip, json, os, shutil, sys, tempfile
import numpy as np
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import Row, SparkSession, types as T

jars, out = (os.path.abspath(a) for a in sys.argv[1:3])
here = os.path.dirname(os.path.abspath(__file__))
spark = (SparkSession.builder.master("local[1]")
    .config("spark.driver.extraClassPath", ":".join(sorted(glob.glob(jars + "/*.jar"))))
    .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
    .config("spark.ui.enabled", "false").config("spark.driver.extraJavaOptions", "-Duser.language=en").getOrCreate())
import sparknlp
from sparknlp.annotator import *
from sparknlp.base import *

lines = open(f"{here}/../golden/spark-nlp-5.5.3/texts.jsonl", encoding="utf-8")
rows = [r for r in map(json.loads, lines) if len(r["text"] or "") <= 300][:60]
schema = T.StructType([T.StructField(n, T.StringType()) for n in ("id", "text")])
texts = spark.createDataFrame([(r["id"], r["text"]) for r in rows], schema).coalesce(1)

def stage(made, reads, makes, **params):
    if makes: made = made.setOutputCol(makes)
    made = made.setInputCols([reads])
    for name, value in params.items():
        setter = getattr(made, "set" + name)
        setter(*value) if isinstance(value, tuple) else setter(value)
    return made
def doc(mode="disabled"): return DocumentAssembler().setInputCol("text").setOutputCol("document").setCleanupMode(mode)
def sentences(**params): return stage(SentenceDetector(), "document", "sentence", **params)
def tokens(**params): return stage(Tokenizer(), "sentence", "token", **params)

slang = os.path.join(tempfile.mkdtemp(), "slang.csv")
with open(slang, "w", encoding="utf-8") as h: h.write("lol,laughing out loud\npt,patient\nb.i.d,twice a day\nand,&\né,e acute\n")

PIPELINES = {
    "slang": [
        doc("shrink"),
        sentences(CustomBounds=["\n\n", ";"], CustomBoundsStrategy="append", DetectLists=False, MinLength=2, MaxLength=400, SplitLength=90),
        tokens(InfixPatterns=["([0-9]+)([a-z%]+)", "([A-Za-z]+)(-)([A-Za-z]+)"], Exceptions=["New York", "e-mail", "\\d+ mg"],
            CaseSensitiveExceptions=False, SplitChars=["-", "/"], MinLength=1, MaxLength=30),
        stage(Normalizer(), "token", "normal", SlangDictionary=(slang, ","), Lowercase=True, CleanupPatterns=["[^\\pL\\d&+]"], MinLength=1, MaxLength=20),
        stage(StopWordsCleaner(), "normal", "clean", CaseSensitive=True, StopWords=["the", "a", "laughing", "And"]),
        Finisher().setInputCols(["clean", "sentence"]).setOutputCols(["out_tokens", "out_sentences"]).setIncludeMetadata(True)],
    "context": [
        doc("each"), sentences(UseAbbreviations=False, CustomBounds=["\\.\\s", "\n"], UseCustomBoundsOnly=True, CustomBoundsStrategy="prepend"),
        tokens(ContextChars=[".", ",", "[", "]", "^", "“"], SplitPattern="[#-]"), stage(StopWordsCleaner(), "token", "clean"),
        Finisher().setInputCols(["clean", "token"]).setOutputAsArray(False).setCleanAnnotations(False).setValueSplitSymbol("|").setAnnotationSplitSymbol("~")],
    "affixes": [
        doc(), sentences(),
        tokens(PrefixPattern="\\A([^\\s\\w\\d\\$\\.#]*)", SuffixPattern="([^\\s\\w]?)([^\\s\\w]*)\\z",
            InfixPatterns=["((?:\\w\\.)+)", "([\\$#]?\\d+(?:[^\\s\\d]{1}\\d+)*)", "([\\p{L}\\w]+)"], TargetPattern="[^\\s/]+")],
    "regex": [
        doc("inplace_full"), stage(RegexTokenizer(), "document", "token", Pattern="[\\s,;]+", ToLowercase=True, MinLength=2, MaxLength=12),
        stage(Normalizer(), "token", "normal"), stage(StopWordsCleaner(), "normal", "clean")],
    "explode": [doc(), sentences(ExplodeSentences=True), tokens(SplitChars=["\\|", "-"], ContextChars=["(", ")"])],
}

def annotation(a):
    metadata = json.dumps(dict(sorted(a["metadata"].items())), ensure_ascii=False, separators=(",", ":"))
    return f'[{a["begin"]},{a["end"]},{json.dumps(a["result"], ensure_ascii=False)},{metadata}]'
def value(v):
    if isinstance(v, list) and v and isinstance(v[0], Row) and "annotatorType" in v[0].__fields__: return "[" + ",".join(map(annotation, v)) + "]"
    if isinstance(v, list): return "[" + ",".join(map(value, v)) + "]"
    if isinstance(v, Row): return "{" + ",".join(f"{json.dumps(k)}:{value(v[k])}" for k in v.__fields__) + "}"
    return json.dumps(v, ensure_ascii=False)
def keep(name, write):
    whole = os.path.join(tempfile.mkdtemp(), name)
    write(whole)
    for part in glob.glob(whole + "/**/part-*", recursive=True):
        to = os.path.join(out, name, os.path.relpath(part, whole))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(part, to)
    answer = PipelineModel.load(whole).transform(texts)
    columns = [c for c in answer.columns if c not in ("id", "text")]
    head = {"case": name, "stages": [], "spark_nlp": sparknlp.version(), "spark": spark.version,
        "input": "texts of at most 300 characters, the first 60", "columns": {c: answer.schema[c].metadata for c in columns}}
    os.makedirs(out + "/golden", exist_ok=True)
    with open(f"{out}/golden/{name}.jsonl.gz", "wb") as file, gzip.GzipFile("", "wb", mtime=0, fileobj=file) as h:
        h.write((json.dumps(head, ensure_ascii=False) + "\n").encode())
        for row in answer.select("id", *columns).collect(): h.write((value(row) + "\n").encode("utf-8", "replace"))

for name, stages in PIPELINES.items():
    keep(name, lambda path: Pipeline(stages=stages).fit(texts).write().save(path))
inner = Pipeline(stages=[sentences(), tokens()]).fit(doc().transform(texts))
keep("nested", lambda path: PipelineModel(stages=[doc(), inner]).write().save(path))
# Python cannot make one under PySpark 3.5.
stages = [doc(), sentences(), tokens(Exceptions=["New York"])]
array = spark.sparkContext._gateway.new_array(spark._jvm.org.apache.spark.ml.PipelineStage, len(stages))
for n, each in enumerate(stages): array[n] = each._to_java()
recursive = spark._jvm.com.johnsnowlabs.nlp.RecursivePipeline()
recursive.setStages(array)
keep("recursive", lambda path: recursive.fit(texts._jdf).write().save(path))
