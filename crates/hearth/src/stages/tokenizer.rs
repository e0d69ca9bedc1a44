//! Sentences to tokens.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::token::{TokenRules, Tokenizer as Rules};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::annotation::{AnnotationBuilder, Annotations, AnnotatorType, Origin, Span, lean_field};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage, input_columns};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Document];

/// Cuts sentences (or documents) into tokens by Spark NLP's default rules (5.5.3, `Tokenizer`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokenizer {
    /// One column of type `document`.
    pub input_cols: Vec<String>,
    /// The column to make.
    pub output_col: String,
    /// Tokens shorter than this many UTF-16 units are dropped, and counted.
    pub min_length: i32,
    /// Tokens longer than this many UTF-16 units are dropped, and counted; 99999 as in Spark NLP's Python API.
    pub max_length: i32,
}

impl Default for Tokenizer {
    fn default() -> Self {
        let rules = TokenRules::default();
        Tokenizer {
            input_cols: vec!["document".to_owned()],
            output_col: "token".to_owned(),
            min_length: rules.min_length,
            max_length: rules.max_length,
        }
    }
}

impl StageConfig for Tokenizer {
    const TYPE: &'static str = "tokenizer";

    fn load(self, _: &Loading<'_>) -> Result<AnyStage> {
        let rules = Rules::new(TokenRules {
            min_length: self.min_length,
            max_length: self.max_length,
        });
        let stage = format!("REGEX_TOKENIZER_{}", self.output_col);
        let Tokenizer {
            input_cols,
            output_col,
            ..
        } = self;
        Ok(AnyStage::Plain(Arc::new(Cutter {
            stage,
            input_cols,
            output_col,
            rules,
        })))
    }
}

#[derive(Debug)]
struct Cutter {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    rules: Rules,
}

impl Stage for Cutter {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let origin = Origin::of(input.field(reads[0]));
        let field = lean_field(&self.output_col, AnnotatorType::Token, None, &origin);
        Ok(Bound {
            reads,
            adds: vec![field],
            ..Bound::default()
        })
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let sentences = Annotations::open(batch.column(at.reads[0]), &self.input_cols[0])?;
        let mut out = AnnotationBuilder::over(sentences.results());
        for row in 0..sentences.rows() {
            for index in sentences.row(row) {
                let sentence = sentences.span(index);
                let text = sentences.result(index);
                let dropped = self.rules.tokenize(text, |token| {
                    let at = i32::try_from(token.at)
                        .ok()
                        .filter(|_| sentence.at >= 0)
                        .map_or(-1, |at| sentence.at + at);
                    let span = Span {
                        begin: sentence.begin + token.begin,
                        end: sentence.begin + token.end,
                        at,
                        sentence: sentence.sentence,
                    };
                    out.push_slice(
                        span,
                        sentences.results(),
                        index,
                        token.at,
                        &text[token.at..token.at + token.len],
                    );
                });
                seen.tokens_dropped.add(dropped);
            }
            out.end_row()?;
        }
        seen.tokens.add(out.len());
        Ok(out.finish()?.into())
    }
}
