//! The annotators, named and parametrised as in Spark NLP.

mod bert_embeddings;
mod document_assembler;
mod sentence_detector;
mod tokenizer;

pub use bert_embeddings::{BertEmbeddings, Compat, OnOverflow, Precision};
pub use document_assembler::DocumentAssembler;
pub use sentence_detector::SentenceDetector;
pub use tokenizer::Tokenizer;

use crate::annotation::AnnotatorType;
use crate::config::Loading;
use crate::{Error, Result};

/// `input_cols` and `output_col` of a stage that has no default for them, with Spark's errors.
fn columns(
    at: &Loading<'_>,
    input_cols: Option<Vec<String>>,
    output_col: Option<String>,
    required: &[AnnotatorType],
) -> Result<(Vec<String>, String)> {
    let input_cols = input_cols.ok_or_else(|| Error::NoInputs {
        place: at.place(),
        required: required.iter().map(|kind| kind.name()).collect(),
    })?;
    let output_col = output_col.ok_or_else(|| Error::NoOutput { place: at.place() })?;
    Ok((input_cols, output_col))
}
