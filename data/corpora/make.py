"""Makes the Parquet, CSV, JSON lines and text files of this folder from sample.jsonl.

Needs Python 3.9 or newer and pyarrow. Run as: python make.py
The same pyarrow version gives the same bytes; no clock, locale or random number is read.
"""

import csv
import datetime
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("published", pa.date32()),
        pa.field("note", pa.string()),
    ]
)
PARTITION_SCHEMA = pa.schema([SCHEMA.field("id"), SCHEMA.field("text")])

# Several row groups, so that a reader that splits a file by row group has something to split.
ROWS_PER_GROUP = 128
ROWS_PER_SMALL_FILE = 20


def read_rows(path):
    """The rows of a JSON lines file, each with every column of SCHEMA, ids unique."""
    rows, seen = [], set()
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if list(row) != SCHEMA.names:
                raise ValueError(f"{path.name}:{number}: columns {list(row)}, expected {SCHEMA.names}")
            if row["id"] in seen:
                raise ValueError(f"{path.name}:{number}: id {row['id']!r} occurs twice")
            seen.add(row["id"])
            if row["published"] is not None:
                row["published"] = datetime.date.fromisoformat(row["published"])
            rows.append(row)
    return rows


def write_parquet(path, rows, schema):
    path.parent.mkdir(parents=True, exist_ok=True)
    picked = [{name: row[name] for name in schema.names} for row in rows]
    table = pa.Table.from_pylist(picked, schema=schema)
    pq.write_table(table, path, compression="zstd", compression_level=9, row_group_size=ROWS_PER_GROUP)


def first(rows, keep):
    return [row for row in rows if keep(row)][:ROWS_PER_SMALL_FILE]


def short_note(row):
    """A clinical row of several lines that fits a screen."""
    return row["source"] == "clinical" and "\n" in row["text"] and len(row["text"]) <= 1200


def short_general(row):
    return row["source"] == "general" and len(row["text"]) <= 1200


def main():
    rows = read_rows(HERE / "sample.jsonl")
    write_parquet(HERE / "sample.parquet", rows, SCHEMA)

    notes = HERE / "notes"
    notes.mkdir(exist_ok=True)
    with (notes / "notes.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["id", "text"])
        writer.writerows([row["id"], row["text"]] for row in first(rows, short_note))
    with (notes / "notes.jsonl").open("w", encoding="utf-8", newline="\n") as out:
        for row in first(rows, short_note):
            out.write(json.dumps({"id": row["id"], "text": row["text"]}, ensure_ascii=False) + "\n")
    with (notes / "letters.txt").open("w", encoding="utf-8", newline="\n") as out:
        for row in first(rows, short_general):
            out.write(" ".join(row["text"].split()) + "\n")

    for source in ("clinical", "biomedical"):
        path = notes / "by_source" / f"source={source}" / "part-0.parquet"
        write_parquet(path, first(rows, lambda row: row["source"] == source), PARTITION_SCHEMA)


if __name__ == "__main__":
    main()
