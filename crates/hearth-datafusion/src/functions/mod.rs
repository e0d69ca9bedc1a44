//! One file for each function.

mod ai_embed;
mod annotate;
mod bert_embeddings;
mod embed_text;
mod sentences;
mod tokens;
mod try_bert_embeddings;
mod try_embed_text;

use crate::udf::Spec;

/// The functions as DataFusion takes them.
pub mod udfs {
    pub use super::ai_embed::ai_embed_udf;
    pub use super::annotate::annotate_udf;
    pub use super::bert_embeddings::bert_embeddings_udf;
    pub use super::embed_text::embed_text_udf;
    pub use super::sentences::sentences_udf;
    pub use super::tokens::tokens_udf;
    pub use super::try_bert_embeddings::try_bert_embeddings_udf;
    pub use super::try_embed_text::try_embed_text_udf;
}

/// Expressions of the functions.
pub mod expr_fn {
    pub use super::ai_embed::ai_embed;
    pub use super::annotate::annotate;
    pub use super::bert_embeddings::bert_embeddings;
    pub use super::embed_text::embed_text;
    pub use super::sentences::sentences;
    pub use super::tokens::tokens;
    pub use super::try_bert_embeddings::try_bert_embeddings;
    pub use super::try_embed_text::try_embed_text;
}

/// All of them.
pub(crate) const ALL: [&Spec; 8] = [
    &ai_embed::SPEC,
    &annotate::SPEC,
    &bert_embeddings::SPEC,
    &embed_text::SPEC,
    &sentences::SPEC,
    &tokens::SPEC,
    &try_bert_embeddings::SPEC,
    &try_embed_text::SPEC,
];
