//! Documents to sentences.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::datatypes::Schema;
use hearth_text::sentence::{Scratch, Sentence, SentenceDetector as Rules, SentenceRules};
use serde::{Deserialize, Serialize};

use crate::annotation::{AnnotationBuilder, Annotations, AnnotatorType, Span};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Light, Output, Stage, input_columns};
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Document];

/// Cuts documents into sentences by Spark NLP's pragmatic rules (5.5.3, `SentenceDetector`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentenceDetector {
    /// One column of type `document`. No default.
    pub input_cols: Option<Vec<String>>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// `spark`, Spark NLP's rules to the letter, or `improved`, where their surprises are repaired (sentences in order,
    /// offsets never -1, "His age is 34. He came.", "Mrs. Smith", "et al.", full stops of Chinese and Japanese).
    pub rules: String,
    /// Whether the dictionary of abbreviations is used.
    pub use_abbreviations: bool,
    /// Whether list markers such as `1.` begin a sentence.
    pub detect_lists: bool,
    /// Java regular expressions at whose matches a sentence ends.
    pub custom_bounds: Vec<String>,
    /// Whether nothing else ends a sentence; only looked at with `custom_bounds`.
    pub use_custom_bounds_only: bool,
    /// What becomes of the match: `none` (it is taken out), `prepend` (to the next sentence) or `append`.
    pub custom_bounds_strategy: String,
    /// Whether each sentence gets a row of its own, which repeats the other columns; rows without sentences disappear.
    pub explode_sentences: bool,
    /// Sentences are cut at spaces into pieces of at most this many UTF-16 units.
    pub split_length: Option<i32>,
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
            rules: rules.rule_set.to_string(),
            use_abbreviations: rules.use_abbreviations,
            detect_lists: rules.detect_lists,
            custom_bounds: rules.custom_bounds,
            use_custom_bounds_only: rules.use_custom_bounds_only,
            custom_bounds_strategy: rules.custom_bounds_strategy.to_string(),
            explode_sentences: false,
            split_length: rules.split_length,
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
        let strategy = self.custom_bounds_strategy.parse();
        let strategy = strategy
            .map_err(|e: hearth_text::Error| at.refuse("custom_bounds_strategy", e.to_string()))?;
        let rule_set = self.rules.parse();
        let rule_set =
            rule_set.map_err(|e: hearth_text::Error| at.refuse("rules", e.to_string()))?;
        let rules = Rules::new(SentenceRules {
            rule_set,
            custom_bounds: self.custom_bounds,
            use_custom_bounds_only: self.use_custom_bounds_only,
            custom_bounds_strategy: strategy,
            split_length: self.split_length,
            detect_lists: self.detect_lists,
            use_abbreviations: self.use_abbreviations,
            // The limits are kept here, where what they drop is counted.
            ..SentenceRules::default()
        })
        .map_err(|e| at.refuse("custom_bounds", e.to_string()))?;
        let lengths = self.min_length..=self.max_length.unwrap_or(i32::MAX);
        let stage = format!("SentenceDetector_{output_col}");
        Ok(AnyStage::Plain(Arc::new(Detector {
            stage,
            input_cols,
            output_col,
            explode: self.explode_sentences,
            rules: Arc::new(rules),
            lengths,
        })))
    }
}

#[derive(Debug, Clone)]
struct Detector {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    explode: bool,
    rules: Arc<Rules>,
    /// UTF-16 lengths of sentences that are kept.
    lengths: RangeInclusive<i32>,
}

impl Stage for Detector {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let kind = AnnotatorType::Document;
        Ok(Bound {
            explodes: self.explode,
            ..Bound::following(input, reads[0], &self.output_col, kind)
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let documents = Annotations::of(batch, at.reads[0])?;
        let mut out = AnnotationBuilder::following(&documents);
        let mut source_rows = Vec::new();
        let mut scratch = Scratch::default();
        let mut found = Vec::new();
        for row in 0..documents.rows() {
            found.clear();
            for document in documents.row(row) {
                let whole = documents.span(document);
                let text = documents.result(document);
                let emit = |s: Sentence<'_>| {
                    if self.lengths.contains(&(s.end - s.begin)) {
                        found.push(Found::new(document, whole, &s));
                    } else {
                        seen.sentences_dropped.add(1);
                    }
                };
                self.rules
                    .detect(text, &mut scratch, emit)
                    .map_err(|error| Error::Row {
                        row: row as u64,
                        stage: self.stage.clone(),
                        message: error.to_string(),
                    })?;
            }
            // Spark sorts by begin and numbers afterwards; failed searches (-1) come first.
            found.sort_by_key(|s| s.span.begin);
            for (number, sentence) in (0..).zip(&found) {
                let span = Span {
                    sentence: number,
                    ..sentence.span
                };
                match &sentence.result {
                    Ok((start, len)) => out.push_slice(span, sentence.document, *start, *len),
                    Err(rewritten) => out.push_owned(span, rewritten)?,
                }
                if self.explode {
                    out.end_row()?;
                    source_rows.push(u32::try_from(row).map_err(|_| Error::TooLarge {
                        what: "rows",
                        found: row,
                    })?);
                }
            }
            if !self.explode {
                out.end_row()?;
            }
        }
        seen.sentences.add(out.len());
        Ok(Output {
            columns: vec![out.finish()?],
            source_row: self.explode.then(|| UInt32Array::from(source_rows)),
        })
    }

    fn light(&self) -> Light {
        if !self.explode {
            return Light::Same;
        }
        Light::Instead(Arc::new(Detector {
            explode: false,
            ..self.clone()
        }))
    }
}

struct Found {
    document: usize,
    span: Span,
    /// Start and length in the document, or the text where it is no slice of it.
    result: Result<(usize, usize), String>,
}

impl Found {
    fn new(document: usize, whole: Span, s: &Sentence<'_>) -> Self {
        let at =
            s.at.and_then(|at| i32::try_from(at).ok())
                .filter(|_| whole.at >= 0)
                .map_or(-1, |at| whole.at + at);
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
                document: whole.document,
            },
            result,
        }
    }
}
