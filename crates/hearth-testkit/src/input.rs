//! The input of a golden case as a record batch.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, ListArray, MapBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use serde_json::{Map, Value};

use crate::Case;

impl Case {
    /// The rows that went in, as a record batch of their columns; `folder` holds the texts file the head names.
    ///
    /// # Panics
    /// If the head names an input this does not know.
    #[must_use]
    pub fn input(&self, folder: &Path) -> RecordBatch {
        batch(&self.input_rows(folder))
    }

    /// The rows that went in.
    ///
    /// # Panics
    /// As [`Case::input`].
    #[must_use]
    pub fn input_rows(&self, folder: &Path) -> Vec<Map<String, Value>> {
        match &self.head.input {
            Value::Array(rows) => rows
                .iter()
                .map(|row| row.as_object().expect("a row").clone())
                .collect(),
            Value::String(name) if name.ends_with(".jsonl") => texts(folder, name),
            Value::String(sentence) => {
                let length = |row: &Map<String, Value>| {
                    row["text"].as_str().unwrap_or_default().chars().count()
                };
                let all = texts(folder, "texts.jsonl").into_iter();
                match sentence
                    .strip_prefix("texts of at most 300 characters, the first ")
                    .map(str::parse)
                {
                    Some(Ok(n)) => all.filter(|row| length(row) <= 300).take(n).collect(),
                    _ if sentence == "texts of more than 400 UTF-32 characters" => {
                        all.filter(|row| length(row) > 400).collect()
                    }
                    _ => panic!("unknown input: {sentence}"),
                }
            }
            other => panic!("unknown input: {other}"),
        }
    }
}

fn texts(folder: &Path, name: &str) -> Vec<Map<String, Value>> {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}

/// Columns in the order of first appearance, typed by their values: strings, integers, lists of strings, string maps.
fn batch(rows: &[Map<String, Value>]) -> RecordBatch {
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let column = |name: &&String| {
        let values: Vec<&Value> = rows
            .iter()
            .map(|row| row.get(*name).unwrap_or(&Value::Null))
            .collect();
        ((*name).clone(), column(&values), true)
    };
    RecordBatch::try_from_iter_with_nullable(names.iter().map(column)).expect("a batch")
}

fn column(values: &[&Value]) -> ArrayRef {
    match values.iter().find(|value| !value.is_null()) {
        Some(Value::Number(_)) => {
            Arc::new(values.iter().map(|v| v.as_i64()).collect::<Int64Array>())
        }
        Some(Value::Array(_)) => {
            let lists = values
                .iter()
                .map(|v| v.as_array().map(Vec::as_slice).unwrap_or_default());
            let items: StringArray = lists.clone().flatten().map(Value::as_str).collect();
            let offsets = OffsetBuffer::from_lengths(lists.map(<[Value]>::len));
            let nulls = NullBuffer::from_iter(values.iter().map(|v| !v.is_null()));
            let field = Arc::new(Field::new("item", DataType::Utf8, true));
            Arc::new(ListArray::new(field, offsets, Arc::new(items), Some(nulls)))
        }
        Some(Value::Object(_)) => {
            let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
            for value in values {
                for (key, value) in value.as_object().into_iter().flatten() {
                    builder.keys().append_value(key);
                    builder.values().append_option(value.as_str());
                }
                builder.append(!value.is_null()).expect("a map");
            }
            Arc::new(builder.finish())
        }
        _ => Arc::new(values.iter().map(|v| v.as_str()).collect::<StringArray>()),
    }
}
