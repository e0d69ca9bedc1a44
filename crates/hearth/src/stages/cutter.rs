//! The stage of both tokenizers.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::token::{RegexTokenizer, Token, Tokenizer};

use crate::annotation::{AnnotationBuilder, Annotations, AnnotatorType, Span};
use crate::counts::Counts;
use crate::stage::{Bound, Output, Stage, input_columns};
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Document];

/// Most texts have more.
const BYTES_PER_TOKEN: usize = 4;

/// Whose rules find the tokens.
#[derive(Debug)]
pub(super) enum Rules {
    Tokenizer(Tokenizer),
    RegexTokenizer(Box<RegexTokenizer>),
}

impl Rules {
    /// Gives each token of a text to `emit` and returns how many were dropped.
    fn tokenize(
        &self,
        text: &str,
        emit: impl FnMut(Token<'_>),
    ) -> Result<usize, hearth_text::Error> {
        match self {
            Rules::Tokenizer(rules) => rules.tokenize(text, emit),
            Rules::RegexTokenizer(rules) => rules.tokenize(text, emit),
        }
    }
}

/// Cuts the texts of a column into tokens.
#[derive(Debug)]
pub(super) struct Cutter {
    pub(super) stage: String,
    pub(super) input_cols: Vec<String>,
    pub(super) output_col: String,
    pub(super) rules: Rules,
}

impl Stage for Cutter {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let kind = AnnotatorType::Token;
        Ok(Bound::following(input, reads[0], &self.output_col, kind))
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let sentences = Annotations::of(batch, at.reads[0])?;
        let bytes: usize = sentences.results().lengths().map(|n| n as usize).sum();
        let mut out = AnnotationBuilder::following(&sentences).expecting(bytes / BYTES_PER_TOKEN);
        for row in 0..sentences.rows() {
            for index in sentences.row(row) {
                let sentence = sentences.span(index);
                let mut pushed = Ok(());
                let dropped = self.rules.tokenize(sentences.result(index), |token| {
                    let at = token.at.and_then(|at| i32::try_from(at).ok());
                    let span = Span {
                        begin: sentence.begin + token.begin,
                        end: sentence.begin + token.end,
                        at: at
                            .filter(|_| sentence.at >= 0)
                            .map_or(-1, |at| sentence.at + at),
                        ..sentence
                    };
                    match token.at {
                        Some(at) => out.push_slice(span, index, at, token.text.len()),
                        None if pushed.is_ok() => pushed = out.push_owned(span, token.text),
                        None => {}
                    }
                });
                pushed?;
                let dropped = dropped.map_err(|error| Error::Row {
                    row: row as u64,
                    stage: self.stage.clone(),
                    message: error.to_string(),
                })?;
                seen.tokens_dropped.add(dropped);
            }
            out.end_row()?;
        }
        seen.tokens.add(out.len());
        Ok(out.finish()?.into())
    }
}
