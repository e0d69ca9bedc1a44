//! What came out against what Spark NLP said.

use serde_json::{Map, Value};

use crate::Case;

/// How far a component of a vector may be off.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance(pub f64);

impl Default for Tolerance {
    /// Spark NLP's own padded batches differ from single sentences by up to 2e-5; a wrong GELU shows at 1e-3.
    fn default() -> Self {
        Tolerance(5e-5)
    }
}

impl Case {
    /// Compares rows in Spark's layout with the case's.
    ///
    /// # Errors
    /// The first difference: row, column, annotation and what differs.
    pub fn compare(&self, rows: &[Map<String, Value>], tolerance: Tolerance) -> Result<(), String> {
        if rows.len() != self.rows.len() {
            return Err(format!(
                "{} rows instead of {}",
                rows.len(),
                self.rows.len()
            ));
        }
        for (found, expected) in rows.iter().zip(&self.rows) {
            let id = expected.get("id").unwrap_or(&Value::Null);
            for column in self.head.columns.keys() {
                let kind = self.head.columns[column]
                    .get("annotatorType")
                    .and_then(Value::as_str);
                let place = format!("row {id}, column {column}");
                let found = found
                    .get(column)
                    .ok_or_else(|| format!("{place}: not there"))?;
                match kind {
                    Some(kind) => annotations(found, &expected[column], kind, tolerance),
                    None => equal(found, &expected[column], tolerance),
                }
                .map_err(|difference| format!("{place}: {difference}"))?;
            }
        }
        Ok(())
    }

    /// Compares an error's text: every line that Spark NLP said must be in it, names of stages aside.
    ///
    /// # Errors
    /// The line that is missing.
    pub fn compare_error(&self, found: &str) -> Result<(), String> {
        let lines = self
            .head
            .error
            .as_ref()
            .map(|e| e.lines.as_slice())
            .unwrap_or_default();
        let found = mask_names(found);
        match lines.iter().find(|line| !found.contains(line.as_str())) {
            Some(line) => Err(format!("{line:?} is not in {found:?}")),
            None => Ok(()),
        }
    }
}

fn annotations(
    found: &Value,
    expected: &Value,
    kind: &str,
    tolerance: Tolerance,
) -> Result<(), String> {
    let empty = Vec::new();
    let found = found
        .as_array()
        .ok_or_else(|| format!("{found} is no list"))?;
    let expected = expected.as_array().unwrap_or(&empty);
    for (n, (a, e)) in found.iter().zip(expected).enumerate() {
        let parts = [("begin", 0), ("end", 1), ("result", 2), ("metadata", 3)];
        for (name, position) in parts {
            if a[name] != e[position] {
                return Err(format!(
                    "annotation {n}: {name} is {} instead of {} in {e}",
                    a[name], e[position]
                ));
            }
        }
        if a["annotatorType"] != kind {
            return Err(format!(
                "annotation {n}: annotatorType is {}",
                a["annotatorType"]
            ));
        }
        let vector = e
            .get(4)
            .cloned()
            .unwrap_or_else(|| Value::Array(Vec::new()));
        equal(&a["embeddings"], &vector, tolerance)
            .map_err(|d| format!("annotation {n} ({}): {d}", e[2]))?;
    }
    if found.len() != expected.len() {
        return Err(format!(
            "{} annotations instead of {}",
            found.len(),
            expected.len()
        ));
    }
    Ok(())
}

/// Equality of JSON values, numbers within the tolerance.
fn equal(found: &Value, expected: &Value, tolerance: Tolerance) -> Result<(), String> {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let difference =
                (a.as_f64().unwrap_or(f64::NAN) - b.as_f64().unwrap_or(f64::NAN)).abs();
            if difference <= tolerance.0 {
                Ok(())
            } else {
                Err(format!("{a} instead of {b}"))
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .try_for_each(|(a, b)| equal(a, b, tolerance)),
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            a.iter().try_for_each(|(key, a)| {
                let b = b.get(key).ok_or_else(|| format!("unexpected {key}"))?;
                equal(a, b, tolerance).map_err(|d| format!("{key}: {d}"))
            })
        }
        (a, b) if a == b => Ok(()),
        (a, b) => Err(format!("{a} instead of {b}")),
    }
}

/// Puts `<uid>` where a stage's name has its tail, as the goldens do.
#[must_use]
pub fn mask_names(text: &str) -> String {
    let prefixes = [
        "DocumentAssembler",
        "SentenceDetector",
        "REGEX_TOKENIZER",
        "BERT_EMBEDDINGS",
    ];
    let mut out = text.to_owned();
    for prefix in prefixes {
        let head = format!("{prefix}_");
        let mut from = 0;
        while let Some(at) = out[from..].find(&head) {
            let start = from + at + head.len();
            let tail = out[start..]
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(out.len() - start);
            out.replace_range(start..start + tail, "<uid>");
            from = start;
        }
    }
    out
}
