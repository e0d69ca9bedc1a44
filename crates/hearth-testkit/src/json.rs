//! Record batches as JSON rows.

use arrow::array::RecordBatch;
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use serde_json::{Map, Value};

/// The rows of a batch, nulls explicit.
///
/// # Panics
/// If Arrow cannot write the batch as JSON.
#[must_use]
pub fn rows(batch: &RecordBatch) -> Vec<Map<String, Value>> {
    let mut bytes = Vec::new();
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(&mut bytes);
    writer.write(batch).expect("JSON");
    writer.finish().expect("JSON");
    let text = String::from_utf8(bytes).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}
