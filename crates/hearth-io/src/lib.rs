//! Readers and writers of the batch doors: Parquet, Arrow, CSV, NDJSON and text.
