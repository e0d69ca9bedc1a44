//! The stage of both cleaners of tokens.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::normal::Normalizer;
use hearth_text::stop_words::StopWords;
use hearth_text::utf16;

use crate::annotation::{AnnotationBuilder, Annotations, AnnotatorType, Span};
use crate::counts::Counts;
use crate::stage::{Bound, Output, Stage, input_columns};
use crate::{Error, Result};

/// What a cleaner reads.
pub(super) const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Token];

/// Whose rules say what becomes of a token.
#[derive(Debug)]
pub(super) enum Rules {
    Normalizer(Normalizer),
    StopWords(StopWords),
}

/// Rewrites or drops the tokens of a column.
#[derive(Debug)]
pub(super) struct Cleaner {
    pub(super) stage: String,
    pub(super) input_cols: Vec<String>,
    pub(super) output_col: String,
    pub(super) rules: Rules,
}

impl Stage for Cleaner {
    fn bind(&self, input: &Schema) -> Result<Bound> {
        let reads = input_columns(input, &self.stage, &self.input_cols, &REQUIRED)?;
        let kind = AnnotatorType::Token;
        Ok(Bound::following(input, reads[0], &self.output_col, kind))
    }

    fn apply(&self, batch: &RecordBatch, at: &Bound, seen: &Counts) -> Result<Output> {
        let tokens = Annotations::of(batch, at.reads[0])?;
        let mut out = AnnotationBuilder::following(&tokens);
        for row in 0..tokens.rows() {
            for index in tokens.row(row) {
                let dropped = match &self.rules {
                    Rules::Normalizer(rules) => {
                        let refuse = |error: hearth_text::Error| Error::Row {
                            row: row as u64,
                            stage: self.stage.clone(),
                            message: error.to_string(),
                        };
                        let mut pushed = Ok(());
                        let dropped = rules.normalize(tokens.result(index), |normal| {
                            if pushed.is_ok() {
                                pushed = push(&mut out, &tokens, index, normal);
                            }
                        });
                        pushed?;
                        dropped.map_err(refuse)?
                    }
                    Rules::StopWords(words) if words.contains(tokens.result(index)) => 1,
                    Rules::StopWords(_) => {
                        out.push(tokens.span(index), index);
                        0
                    }
                };
                seen.tokens_removed.add(dropped);
            }
            out.end_row()?;
        }
        Ok(out.finish()?.into())
    }
}

/// Appends what became of token `index`.
fn push(
    out: &mut AnnotationBuilder<'_>,
    tokens: &Annotations<'_>,
    index: usize,
    normal: &str,
) -> Result<()> {
    let span = tokens.span(index);
    let length = utf16::len(normal);
    let length = i32::try_from(length).map_err(|_| Error::TooLarge {
        what: "a token",
        found: length,
    })?;
    // It stands in the document where it is one piece of the token.
    let place = tokens.result(index).find(normal);
    let at = place
        .filter(|_| span.at >= 0)
        .and_then(|place| i32::try_from(place).ok());
    let span = Span {
        end: span.begin + length,
        at: at.map_or(-1, |place| span.at + place),
        ..span
    };
    match place {
        Some(place) => {
            out.push_slice(span, index, place, normal.len());
            Ok(())
        }
        None => out.push_owned(span, normal),
    }
}
