//! The annotators, named and parametrised as in Spark NLP.
//!
//! In pipeline files a stage's `type` is its name in snake_case, and so are its parameters:
//!
//! | `type` | reads | makes |
//! |---|---|---|
//! | `document_assembler` | a column of texts, or of lists of texts | `document` |
//! | `sentence_detector` | `document` | `document`; rows, with `explode_sentences` |
//! | `tokenizer` | `document` | `token` |
//! | `regex_tokenizer` | `document` | `token` |
//! | `normalizer`, `stop_words_cleaner` | `token` | `token` |
//! | `bert_embeddings` | `document`, `token` | `word_embeddings`; `sentence_embeddings`, with `level` |
//! | `sentence_embeddings` | `document`, `word_embeddings` | `sentence_embeddings` |
//! | `doc2_chunk` | `document`, a column of texts to find | `chunk` |
//! | `chunk_embeddings` | `chunk`, `word_embeddings` | `word_embeddings` |
//! | `finisher` | annotations | lists of strings, or strings |
//! | `embeddings_finisher` | embeddings | lists of vectors |
//!
//! ```
//! use hearth::{Pipeline, stages::{Finisher, SentenceEmbeddings}};
//!
//! let pipeline = Pipeline::embed("text", "models/bert_base_cased")
//!     .then(SentenceEmbeddings {
//!         input_cols: vec!["sentence".into(), "embeddings".into()],
//!         ..Default::default()
//!     })
//!     .then(Finisher {
//!         input_cols: Some(vec!["sentence".into()]),
//!         clean_annotations: false,
//!         ..Default::default()
//!     });
//! assert!(pipeline.to_toml().contains("type = \"finisher\""));
//! ```

mod bert_embeddings;
mod chunk_embeddings;
mod cleaner;
mod cutter;
mod doc2_chunk;
mod document_assembler;
mod embeddings_finisher;
mod finisher;
mod finishing;
mod normalizer;
mod pooling;
mod regex_tokenizer;
mod sentence_detector;
mod sentence_embeddings;
mod stop_words_cleaner;
mod tokenizer;
mod word_vectors;

pub use bert_embeddings::{BertEmbeddings, Compat, Level, OnOverflow, Pieces, Pooling};
pub use chunk_embeddings::ChunkEmbeddings;
pub use doc2_chunk::Doc2Chunk;
pub use document_assembler::DocumentAssembler;
pub use embeddings_finisher::EmbeddingsFinisher;
pub use finisher::Finisher;
pub use normalizer::Normalizer;
pub use pooling::PoolingStrategy;
pub use regex_tokenizer::RegexTokenizer;
pub use sentence_detector::SentenceDetector;
pub use sentence_embeddings::SentenceEmbeddings;
pub use stop_words_cleaner::StopWordsCleaner;
pub use tokenizer::Tokenizer;

use crate::annotation::AnnotatorType;
use crate::config::{Loading, Registry};
use crate::{Error, Result};

/// Makes all of them known.
pub(crate) fn register_all(registry: &mut Registry) {
    registry.add::<BertEmbeddings>();
    registry.add::<ChunkEmbeddings>();
    registry.add::<Doc2Chunk>();
    registry.add::<DocumentAssembler>();
    registry.add::<EmbeddingsFinisher>();
    registry.add::<Finisher>();
    registry.add::<Normalizer>();
    registry.add::<RegexTokenizer>();
    registry.add::<SentenceDetector>();
    registry.add::<SentenceEmbeddings>();
    registry.add::<StopWordsCleaner>();
    registry.add::<Tokenizer>();
}

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
