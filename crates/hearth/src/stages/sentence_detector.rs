//! Documents to sentences.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::sentence::{Scratch, SentenceDetector as Rules, SentenceRules};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::annotation::{AnnotationBuilder, Annotations, AnnotatorType, Origin, Span, lean_field};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage, input_columns};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Document];

/// Cuts documents into sentences by Spark NLP's pragmatic rules (5.5.3, `SentenceDetector`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentenceDetector {
    /// One column of type `document`. No default.
    pub input_cols: Option<Vec<String>>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// Whether the dictionary of abbreviations is used.
    pub use_abbreviations: bool,
    /// Whether list markers such as `1.` begin a sentence.
    pub detect_lists: bool,
    /// Sentences shorter than this many UTF-16 units are dropped.
    pub min_length: i32,
    /// Sentences longer than this many UTF-16 units are dropped.
    pub max_length: Option<i32>,
}

impl Default for SentenceDetector {
    fn default() -> Self {
        let rules = SentenceRules::default();
        SentenceDetector {
            input_cols: None,
            output_col: None,
            use_abbreviations: rules.use_abbreviations,
            detect_lists: rules.detect_lists,
            min_length: rules.min_length,
            max_length: rules.max_length,
        }
    }
}

impl StageConfig for SentenceDetector {
    const TYPE: &'static str = "sentence_detector";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) =
            super::columns(at, self.input_cols, self.output_col, &REQUIRED)?;
        let rules = Rules::new(SentenceRules {
            detect_lists: self.detect_lists,
            use_abbreviations: self.use_abbreviations,
            // The limits are kept here, where what they drop is counted.
            ..SentenceRules::default()
        });
        let lengths = self.min_length..=self.max_length.unwrap_or(i32::MAX);
        let stage = format!("SentenceDetector_{output_col}");
        Ok(AnyStage::Plain(Arc::new(Detector {
            stage,
            input_cols,
            output_col,
            rules,
            lengths,
        })))
    }
}

#[derive(Debug)]
struct Detector {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    rules: Rules,
    /// UTF-16 lengths of sentences that are kept.
    lengths: RangeInclusive<i32>,
}

impl Stage for Detector {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let origin = Origin::of(input.field(reads[0]));
        let field = lean_field(&self.output_col, AnnotatorType::Document, None, &origin);
        Ok(Bound {
            reads,
            adds: vec![field],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let documents = Annotations::open(batch.column(at.reads[0]), &self.input_cols[0])?;
        let mut out = AnnotationBuilder::over(documents.results());
        let mut scratch = Scratch::default();
        let mut found = Vec::new();
        for row in 0..documents.rows() {
            found.clear();
            for document in documents.row(row) {
                let at = documents.span(document).at;
                let text = documents.result(document);
                self.rules.detect(text, &mut scratch, |s| {
                    if self.lengths.contains(&(s.end - s.begin)) {
                        found.push(Found::new(document, at, &s));
                    } else {
                        seen.sentences_dropped.add(1);
                    }
                });
            }
            // Spark sorts by begin and numbers afterwards; failed searches (-1) come first.
            found.sort_by_key(|s| s.span.begin);
            for (number, sentence) in (0..).zip(&found) {
                let span = Span {
                    sentence: number,
                    ..sentence.span
                };
                match &sentence.result {
                    Ok((start, len)) => {
                        let slice = &documents.result(sentence.document)[*start..start + len];
                        out.push_slice(span, documents.results(), sentence.document, *start, slice);
                    }
                    Err(rewritten) => out.push_owned(span, rewritten)?,
                }
            }
            out.end_row()?;
        }
        seen.sentences.add(out.len());
        Ok(out.finish()?.into())
    }
}

struct Found {
    document: usize,
    span: Span,
    /// Start and length in the document, or the text where it is no slice of it.
    result: Result<(usize, usize), String>,
}

impl Found {
    fn new(document: usize, document_at: i32, s: &hearth_text::sentence::Sentence<'_>) -> Self {
        let at =
            s.at.and_then(|at| i32::try_from(at).ok())
                .filter(|_| document_at >= 0)
                .map_or(-1, |at| document_at + at);
        let result =
            s.at.map(|start| (start, s.text.len()))
                .ok_or_else(|| s.text.to_owned());
        Found {
            document,
            span: Span {
                begin: s.begin,
                end: s.end,
                at,
                sentence: 0,
            },
            result,
        }
    }
}
