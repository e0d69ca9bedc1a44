//! `try_embed_text`: `embed_text`, with the error of a row beside its value.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "try_embed_text",
    kind: Kind::EmbedText,
    places: Places {
        text: 0,
        what: Some(1),
        options: Some(2),
        least: 1,
    },
    tries: true,
    about: "As embed_text, but a row that fails does not fail the query: a struct of value, error, n_tokens (tokens of the text) and n_cut (tokens past max_sentence_length, which have no vector).",
    syntax: "try_embed_text(text [, model [, options]])",
    example: "select id, r['error'] from (select id, try_embed_text(note, 'm', '{\"on_overflow\": \"error\"}') r from notes) where r['error'] is not null",
    arguments: &[
        (
            "text",
            "A column or constant of type Utf8, LargeUtf8, Utf8View, or a dictionary of these",
        ),
        (
            "model",
            "The model's path, or its name where models are found by name; by default that of `SET hearth.model`",
        ),
        (
            "options",
            "A JSON object with parameters of bert_embeddings: pooling, normalize, dim, precision, compat, pieces, case_sensitive, max_sentence_length, on_overflow",
        ),
    ],
};

/// The function, for a session's models and workers.
#[must_use]
pub fn try_embed_text_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `try_embed_text(text, model)`.
#[must_use]
pub fn try_embed_text(session: &Session, text: Expr, model: &str) -> Expr {
    try_embed_text_udf(session).call(vec![text, datafusion::logical_expr::lit(model)])
}
