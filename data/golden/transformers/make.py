"""Records what the tokenizers of transformers make of texts: piece ids and offsets.

Needs transformers 4.41.2 (which brings tokenizers 0.19.1). Run from this folder: python make.py
"""

import gzip
import json

from transformers import BertTokenizer, BertTokenizerFast

GOLDEN = "../spark-nlp-5.5.3"
MODELS = "../../models"

# What the golden texts have little or nothing of.
EDGE = [
    "Caf\u00e9 na\u00efve \u00c5ngstr\u00f6m \u00fcber \u0130stanbul \u0131\u015f\u0131k",
    "Cafe\u0301 a\u030angstro\u0308m \u1e69 s\u0323\u0307",
    "\u4eca\u5929 weather\u662f\u597d of \u6771\u4eac\u90fd \U00020000x",
    "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab words",
    "a\u0000b\u0001c\ufffdd \u200be\u200df \u00adg\ufeffh",
    "[MASK] is [SEP] and [CLS] but [UNK] not [mask] x[MASK]y",
    "the " + "a" * 100 + " and " + "b" * 101 + " end",
    "IL-2, TNF-\u03b1 (\u2265 3.5 \u00b5g/mL) \u2014 \u201cquoted\u201d \u2026 it\u2019s",
    "\U0001f469\u200d\u2695\ufe0f gave \U0001f48a\U0001f48a to \U0001f9d1\U0001f3fd.",
    "\ufb01nal \ufb02ow \u2460 \u216b \u2126 \u212b \u00df STRASSE Stra\u00dfe \u03a3\u03a3 \u03c2",
    "tab\tnew\nline\r\nline\u2028sep\u2029par\u00a0nbsp\u3000wide",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd \u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0651\u0629 \u0939\u093f\u0928\u094d\u0926\u0940",
    "don't they're U.S.A. e.g. x_y a/b http://a.b/c?d=e&f#g 50%",
    "",
    " ",
]

# What a tokenizer_config.json may say beside a vocab.txt.
CONFIGS = [
    {"do_lower_case": False},
    {"do_lower_case": True},
    {"do_lower_case": False, "strip_accents": True},
    {"do_lower_case": True, "strip_accents": False},
    {"do_lower_case": True, "tokenize_chinese_chars": False},
]


def write(name, lines):
    with gzip.GzipFile(name, "wb", mtime=0) as out:
        for line in lines:
            out.write((json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode())


def encoded(tokenizer, text):
    e = tokenizer(text, return_offsets_mapping=True)
    return {"ids": e["input_ids"], "offsets": [list(o) for o in e["offset_mapping"]]}


texts = [json.loads(line)["text"] for line in open(f"{GOLDEN}/texts.jsonl", encoding="utf-8")]
texts = [t for t in texts if t and len(t) < 20_000]
with gzip.open(f"{GOLDEN}/sentence.default.jsonl.gz", "rt", encoding="utf-8") as lines:
    rows = [json.loads(line) for line in lines][1:]
sentences = [s[2] for row in rows for s in row["sentence"] if len(s[2]) < 20_000]
every = list(dict.fromkeys(sentences + texts + EDGE))

for model in ["tiny_cased", "tiny_uncased"]:
    tokenizer = BertTokenizerFast.from_pretrained(f"{MODELS}/{model}")
    write(f"{model}.jsonl.gz", ({"text": t, **encoded(tokenizer, t)} for t in every))


def rules():
    some = EDGE + every[::7]
    for model in ["tiny_cased", "tiny_uncased"]:
        vocabulary = f"{MODELS}/{model}/vocab.txt"
        for config in CONFIGS:
            tokenizer = BertTokenizerFast(vocabulary, **config)
            for text in some:
                yield {"model": model, "config": config, "text": text, **encoded(tokenizer, text)}
        # Only the slow tokenizer knows this one, and it knows no offsets.
        config = {"do_basic_tokenize": False}
        tokenizer = BertTokenizer(vocabulary, **config)
        for text in some:
            yield {"model": model, "config": config, "text": text, "ids": tokenizer(text)["input_ids"]}


write("rules.jsonl.gz", rules())
