//! A user's stage that counts the rows it sees, and fails where it is told to.

#![allow(dead_code, unreachable_pub)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arrow::array::{Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use hearth_polars::hearth::annotation::{Annotations, AnnotatorType};
use hearth_polars::hearth::stage::{AnyStage, Bound, Output, Stage, input_columns};
use hearth_polars::hearth::stages::DocumentAssembler;
use hearth_polars::hearth::{self, Counts, Error, Loading, Pipeline, Session, StageConfig};
use serde::{Deserialize, Serialize};

static SEEN: Mutex<Option<HashMap<String, usize>>> = Mutex::new(None);

/// Rows that probes of this name have seen since the last call.
pub fn seen(name: &str) -> usize {
    let mut seen = SEEN.lock().unwrap();
    seen.get_or_insert_default().remove(name).unwrap_or(0)
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Probe {
    pub name: String,
    /// Texts it panics at.
    pub panics_at: String,
    /// Texts it refuses.
    pub refuses: String,
}

impl StageConfig for Probe {
    const TYPE: &'static str = "probe";

    fn load(self, _: &Loading<'_>) -> hearth::Result<AnyStage> {
        Ok(AnyStage::Plain(Arc::new(self)))
    }
}

impl Stage for Probe {
    fn bind(&self, input: &Schema) -> hearth::Result<Bound> {
        let inputs = ["document".to_owned()];
        let reads = input_columns(input, "Probe", &inputs, &[AnnotatorType::Document])?;
        Ok(Bound {
            reads,
            adds: vec![Arc::new(Field::new("length", DataType::Int32, false))],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, _: &Counts) -> hearth::Result<Output> {
        let documents = Annotations::open(batch.column(at.reads[0]), "document")?;
        let mut lengths = Vec::new();
        for row in 0..documents.rows() {
            let text = documents.result(documents.row(row).start);
            assert!(
                self.panics_at.is_empty() || text != self.panics_at,
                "the probe met {text}"
            );
            if !self.refuses.is_empty() && text == self.refuses {
                return Err(Error::Row {
                    row: row as u64,
                    stage: "Probe".to_owned(),
                    message: format!("'{text}' is refused"),
                });
            }
            lengths.push(i32::try_from(text.len()).unwrap());
        }
        let mut seen = SEEN.lock().unwrap();
        *seen
            .get_or_insert_default()
            .entry(self.name.clone())
            .or_default() += documents.rows();
        let lengths: arrow::array::ArrayRef = Arc::new(Int32Array::from(lengths));
        Ok(lengths.into())
    }
}

pub fn session() -> Session {
    Session::builder()
        .jobs(2)
        .register::<Probe>()
        .build()
        .unwrap()
}

pub fn pipeline(probe: Probe) -> Pipeline {
    Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..Default::default()
        })
        .then(probe)
}
