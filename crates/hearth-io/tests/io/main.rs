//! What goes in through each door and what comes out, on files in a temporary folder.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod arrow_ipc;
mod delimited;
mod discover;
mod folder;
mod inputs;
mod ndjson;
mod output;
mod parquet;
mod parquet_leaves;
mod text;
