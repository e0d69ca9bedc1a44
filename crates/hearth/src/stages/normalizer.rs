//! Tokens to cleaned tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use hearth_text::normal::{NormalRules, Normalizer as Rules};
use hearth_text::utf16;
use serde::{Deserialize, Serialize};

use crate::annotation::{
    AnnotationBuilder, Annotations, AnnotatorType, Origin, Shape, Span, lean_field,
};
use crate::config::{Loading, StageConfig};
use crate::counts::Counts;
use crate::stage::{AnyStage, Bound, Output, Stage, input_columns};
use crate::{Error, Result};

const REQUIRED: [AnnotatorType; 1] = [AnnotatorType::Token];

/// Takes out of tokens what patterns match, and drops those of which nothing is left (Spark NLP 5.5.3, `Normalizer`).
///
/// As in Spark NLP, a token keeps its `begin`, and its new length says its `end`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Normalizer {
    /// One column of type `token`.
    pub input_cols: Vec<String>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// Java regular expressions, taken out one after the other.
    pub cleanup_patterns: Vec<String>,
    /// Whether tokens are put into lower case at last.
    pub lowercase: bool,
    /// Words and what is put in their place; spaces part it into several tokens.
    pub slang_dictionary: BTreeMap<String, String>,
    /// Whether the letter case counts in looking for slang.
    pub slang_match_case: bool,
    /// Tokens shorter than this many UTF-16 units are dropped, and counted; empty ones always are.
    pub min_length: i32,
    /// Tokens longer than this many UTF-16 units are dropped, and counted.
    pub max_length: Option<i32>,
}

impl Default for Normalizer {
    fn default() -> Self {
        let rules = NormalRules::default();
        Normalizer {
            input_cols: vec!["token".to_owned()],
            output_col: None,
            cleanup_patterns: rules.cleanup_patterns,
            lowercase: rules.lowercase,
            slang_dictionary: rules.slang_dictionary.into_iter().collect(),
            slang_match_case: rules.slang_match_case,
            min_length: rules.min_length,
            max_length: rules.max_length,
        }
    }
}

impl StageConfig for Normalizer {
    const TYPE: &'static str = "normalizer";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) =
            super::columns(at, Some(self.input_cols), self.output_col, &REQUIRED)?;
        let rules = Rules::new(NormalRules {
            cleanup_patterns: self.cleanup_patterns,
            lowercase: self.lowercase,
            slang_dictionary: self.slang_dictionary.into_iter().collect(),
            slang_match_case: self.slang_match_case,
            min_length: self.min_length,
            max_length: self.max_length,
        });
        Ok(AnyStage::Plain(Arc::new(Cleaner {
            stage: format!("NORMALIZER_{output_col}"),
            input_cols,
            output_col,
            rules: rules.map_err(|error| at.refuse("cleanup_patterns", error.to_string()))?,
        })))
    }
}

#[derive(Debug)]
struct Cleaner {
    stage: String,
    input_cols: Vec<String>,
    output_col: String,
    rules: Rules,
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
        for row in 0..tokens.rows() {
            for index in tokens.row(row) {
                let (span, token) = (tokens.span(index), tokens.result(index));
                let mut pushed = Ok(());
                let dropped = self.rules.normalize(token, |normal| {
                    if pushed.is_ok() {
                        pushed = push(&mut out, &tokens, index, span, normal);
                    }
                });
                pushed?;
                let dropped = dropped.map_err(|error| Error::Row {
                    row: row as u64,
                    stage: self.stage.clone(),
                    message: error.to_string(),
                })?;
                seen.tokens_removed.add(dropped);
            }
            out.end_row()?;
        }
        Ok(out.finish()?.into())
    }
}

/// Appends what became of token `index`.
fn push(
    out: &mut AnnotationBuilder,
    tokens: &Annotations<'_>,
    index: usize,
    span: Span,
    normal: &str,
) -> Result<()> {
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
            out.push_slice(span, tokens.results(), index, place, normal);
            Ok(())
        }
        None => out.push_owned(span, normal),
    }
}
