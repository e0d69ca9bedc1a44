//! The stage of both tokenizers.

use std::fmt::Debug;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::token::Token;

use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, Span, lean_field,
};
use crate::counts::Counts;
use crate::stage::{Bound, Output, Stage, input_columns};
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Document];

/// What finds the tokens of one text.
pub(super) trait Tokenize: Debug + Send + Sync {
    /// Gives each token to `emit` and returns how many were dropped.
    fn tokenize(
        &self,
        text: &str,
        emit: impl FnMut(Token<'_>),
    ) -> Result<usize, hearth_text::Error>;
}

/// Cuts the texts of a column into tokens.
#[derive(Debug)]
pub(super) struct Cutter<T> {
    pub(super) stage: String,
    pub(super) input_cols: Vec<String>,
    pub(super) output_col: String,
    pub(super) rules: T,
}

impl<T: Tokenize> Stage for Cutter<T> {
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
        let sentences = Annotations::open(batch.column(at.reads[0]), &self.input_cols[0])?;
        let mut out =
            AnnotationBuilder::over(sentences.results()).with_documents(sentences.has_documents());
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
                        Some(at) => {
                            out.push_slice(span, sentences.results(), index, at, token.text);
                        }
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
