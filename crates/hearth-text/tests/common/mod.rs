//! Cases recorded from Spark NLP 5.5.3, read from the repository's `data/golden`.
#![allow(clippy::disallowed_methods, reason = "tests read the recorded cases")]
#![allow(dead_code, reason = "each test takes its own part")]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

/// An annotation without its metadata: Spark's begin and inclusive end, and the result.
pub(crate) type Span = (i64, i64, String);

/// The repository's `data` folder.
pub(crate) fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data")
        .join(path)
}

pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let reader: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    BufReader::new(reader)
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

/// A recorded case: its rows with the texts they were made from (null is the empty text).
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) head: Value,
    pub(crate) rows: Vec<(String, String, Value)>,
}

impl Case {
    /// The parameters that were set on a stage.
    pub(crate) fn params(&self, class: &str) -> Value {
        let stages = self.head["stages"].as_array().unwrap();
        stages
            .iter()
            .find(|stage| stage["class"] == class)
            .map_or(Value::Null, |stage| stage["params"].clone())
    }

    /// Reads a case from `folder`; its texts lie beside it, in the file
    /// that its head names, or in `texts.jsonl` where the head says which of those were taken.
    pub(crate) fn read(folder: &Path, name: &str) -> Self {
        let mut rows = lines(&folder.join(format!("{name}.jsonl.gz")));
        let head = rows.remove(0);
        let named = head["input"]
            .as_str()
            .and_then(|input| input.split(',').next());
        let input = named
            .filter(|name| name.ends_with(".jsonl"))
            .unwrap_or("texts.jsonl");
        let texts: HashMap<String, String> = lines(&folder.join(input))
            .into_iter()
            .map(|t| {
                (
                    t["id"].as_str().unwrap().to_owned(),
                    t["text"].as_str().unwrap_or("").to_owned(),
                )
            })
            .collect();
        let rows = rows
            .into_iter()
            .map(|row| {
                let id = row["id"].as_str().unwrap().to_owned();
                let text = texts[&id].clone();
                (id, text, row)
            })
            .collect();
        Self {
            name: name.to_owned(),
            head,
            rows,
        }
    }

    /// Reads a case from the repository.
    pub(crate) fn golden(name: &str) -> Self {
        Self::read(&data("golden/spark-nlp-5.5.3"), name)
    }
}

/// The recorded checks of parameters.
pub(crate) fn errors() -> Vec<Value> {
    lines(&data("golden/spark-nlp-5.5.3/errors.jsonl.gz"))
}

/// The annotations of a column of a row.
pub(crate) fn spans(row: &Value, column: &str) -> Vec<Span> {
    row[column]
        .as_array()
        .unwrap_or_else(|| panic!("no column {column}"))
        .iter()
        .map(|a| {
            (
                a[0].as_i64().unwrap(),
                a[1].as_i64().unwrap(),
                a[2].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}
