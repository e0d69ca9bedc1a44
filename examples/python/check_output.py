#!/usr/bin/env python3
"""Opens what `hearth embed` wrote with pyarrow, DuckDB and Polars, and asserts rows and one vector.

    python3 -m venv venv && venv/bin/pip install -r examples/python/requirements.txt
    cargo build --release
    venv/bin/python examples/python/check_output.py target/release/hearth

Writes into a temporary folder only.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow.ipc
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "data/models/tiny_cased"
INPUT = ROOT / "data/corpora/sample.parquet"


def hearth(*args):
    command = [sys.argv[1], "embed", str(INPUT), "-m", str(MODEL), "-q", *map(str, args)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def main():
    n_rows = pq.read_metadata(INPUT).num_rows
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        # What the vector should be: the command's own decimals, which read back to the same f32.
        lines = hearth("-o", "-").decode().splitlines()
        assert len(lines) == n_rows
        row = next(i for i, line in enumerate(lines) if json.loads(line)["embeddings"])
        expected = np.array(json.loads(lines[row])["embeddings"][0]["vector"], dtype=np.float32)
        assert expected.shape == (32,)

        nested = folder / "nested.parquet"
        hearth("-o", nested)
        table = pq.read_table(nested)
        assert table.num_rows == n_rows
        vector = table["embeddings"][row].as_py()[0]["vector"]
        assert np.array_equal(np.array(vector, dtype=np.float32), expected)
        assert table.schema.field("embeddings").metadata[b"annotatorType"] == b"word_embeddings"
        assert table["embeddings"].null_count == table["text"].null_count > 0
        print("pyarrow  ", n_rows, "rows,", sum(len(e or []) for e in table["embeddings"].to_pylist()), "vectors")

        frame = pl.read_parquet(nested)
        assert frame.height == n_rows
        assert np.array_equal(np.array(frame["embeddings"][row][0]["vector"], dtype=np.float32), expected)
        print("Polars   ", frame.height, "rows,", frame.schema["embeddings"])

        rows = folder / "rows.parquet"
        hearth("-o", rows, "--layout", "rows")
        n_tokens, n_documents = duckdb.sql(
            f"""select count(vector), count(distinct "row") from '{rows}'"""
        ).fetchall()[0]
        assert n_documents == n_rows
        found = duckdb.sql(
            f"""select vector from '{rows}' where "row" = {row} and vector is not null order by "begin" limit 1"""
        ).fetchall()[0][0]
        assert np.array_equal(np.array(found, dtype=np.float32), expected)
        # Offsets in characters are Python's own indices.
        for text, begin, end, result in duckdb.sql(
            f"""select text, "begin", "end", result from '{rows}' where "begin" is not null"""
        ).fetchall():
            assert text[begin:end] == result
        print("DuckDB   ", n_tokens, "tokens of", n_documents, "documents")

        arrow = folder / "nested.arrow"
        hearth("-o", arrow)
        assert pyarrow.ipc.open_file(arrow).read_all().num_rows == n_rows
        print("Arrow IPC", n_rows, "rows")


if __name__ == "__main__":
    main()
