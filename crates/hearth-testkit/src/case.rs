//! A golden case: its file, its pipeline.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The first line of a golden file.
#[derive(Debug, Deserialize)]
pub struct Head {
    /// The case's name.
    pub case: String,
    /// The stages, as Spark NLP was told.
    pub stages: Vec<StageHead>,
    /// Where the input came from: see the goldens' README.
    pub input: Value,
    /// Column metadata of what came out.
    #[serde(default)]
    pub columns: BTreeMap<String, Map<String, Value>>,
    /// What Spark NLP said when it failed.
    pub error: Option<Failure>,
}

/// A stage of the head.
#[derive(Debug, Deserialize)]
pub struct StageHead {
    /// Spark NLP's class.
    pub class: String,
    /// Parameters set by hand.
    pub params: Map<String, Value>,
    /// The archive the model was loaded from.
    pub model: Option<String>,
}

/// An error of Spark NLP's.
#[derive(Debug, Deserialize)]
pub struct Failure {
    /// Its lines.
    pub lines: Vec<String>,
}

/// A golden case.
#[derive(Debug)]
pub struct Case {
    /// The head line.
    pub head: Head,
    /// The rows that came out: `id` and annotation columns.
    pub rows: Vec<Map<String, Value>>,
}

/// Names of the cases in a folder of goldens that have a head with stages.
#[must_use]
pub fn case_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .into_string()
                .ok()?
                .strip_suffix(".jsonl.gz")
                .map(str::to_owned)
        })
        .filter(|name| name != "errors" && !name.starts_with("light."))
        .collect();
    names.sort();
    names
}

impl Case {
    /// Reads case `name` of a folder of goldens.
    ///
    /// # Panics
    /// If the file is not there or not a golden file.
    #[must_use]
    pub fn load(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("{name}.jsonl.gz"));
        let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lines = BufReader::new(GzDecoder::new(file))
            .lines()
            .map(|line| line.expect("UTF-8"));
        let head = serde_json::from_str(&lines.next().expect("a head line")).expect("a head");
        Case {
            head,
            rows: lines
                .map(|line| serde_json::from_str(&line).expect("a row"))
                .collect(),
        }
    }

    /// The pipeline as JSON; `model` turns an archive's name into a path.
    #[must_use]
    pub fn pipeline(&self, model: impl Fn(&str) -> String) -> String {
        let stage = |head: &StageHead| {
            let mut stage = Map::new();
            stage.insert("type".to_owned(), snake_case(&head.class).into());
            for (key, value) in &head.params {
                stage.insert(snake_case(key), value.clone());
            }
            if let Some(name) = &head.model {
                stage.insert("model".to_owned(), model(name).into());
            }
            Value::Object(stage)
        };
        json!({ "stage": self.head.stages.iter().map(stage).collect::<Vec<_>>() }).to_string()
    }
}

/// `SentenceDetector` and `maxSentenceLength` as `sentence_detector` and `max_sentence_length`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        for (camel, snake) in [
            ("SentenceDetector", "sentence_detector"),
            ("inputCols", "input_cols"),
            ("Doc2Chunk", "doc2_chunk"),
        ] {
            assert_eq!(snake_case(camel), snake);
        }
    }
}
