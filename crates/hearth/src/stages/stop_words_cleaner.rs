//! Tokens without stop words.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::stop_words::{ENGLISH, StopWords};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::annotation::{AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, lean_field};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage, input_columns};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Token];

/// Drops the tokens that are stop words (Spark NLP 5.5.3, `StopWordsCleaner`); they are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StopWordsCleaner {
    /// One column of type `token`.
    pub input_cols: Vec<String>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// The words; Spark ML's English ones if not set.
    pub stop_words: Option<Vec<String>>,
    /// Whether the letter case counts.
    pub case_sensitive: bool,
}

impl Default for StopWordsCleaner {
    fn default() -> Self {
        StopWordsCleaner {
            input_cols: vec!["token".to_owned()],
            output_col: None,
            stop_words: None,
            case_sensitive: false,
        }
    }
}

impl StageConfig for StopWordsCleaner {
    const TYPE: &'static str = "stop_words_cleaner";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) =
            super::columns(at, Some(self.input_cols), self.output_col, &REQUIRED)?;
        let words = match self.stop_words {
            Some(words) => StopWords::new(words, self.case_sensitive),
            None => StopWords::new(ENGLISH, self.case_sensitive),
        };
        Ok(AnyStage::Plain(Arc::new(Cleaner {
            stage: format!("StopWordsCleaner_{output_col}"),
            input_cols,
            output_col,
            words,
        })))
    }
}

#[derive(Debug)]
struct Cleaner {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    words: StopWords,
}

impl Stage for Cleaner {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let origin = Origin::of(input.field(reads[0]));
        let shape = Shape::following(input.field(reads[0]));
        let field = lean_field(&self.output_col, AnnotatorType::Token, shape, &origin);
        Ok(Bound {
            reads,
            adds: vec![field],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let tokens = Annotations::open(batch.column(at.reads[0]), &self.input_cols[0])?;
        let mut out =
            AnnotationBuilder::over(tokens.results()).with_documents(tokens.has_documents());
        let mut dropped = 0;
        for row in 0..tokens.rows() {
            for index in tokens.row(row) {
                let token = tokens.result(index);
                if self.words.contains(token) {
                    dropped += 1;
                } else {
                    out.push_slice(tokens.span(index), tokens.results(), index, 0, token);
                }
            }
            out.end_row()?;
        }
        seen.tokens_removed.add(dropped);
        Ok(out.finish()?.into())
    }
}
