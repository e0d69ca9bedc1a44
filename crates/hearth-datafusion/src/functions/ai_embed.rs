//! `ai_embed`: `embed_text` with the model first, as other engines have it.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "ai_embed",
    kind: Kind::EmbedText,
    places: Places {
        text: 1,
        what: Some(0),
        options: Some(2),
        least: 2,
    },
    tries: false,
    about: "As embed_text, with the model first.",
    syntax: "ai_embed(model, text [, options])",
    example: "select ai_embed('models/bert_base_cased', note) from notes",
    arguments: &[
        (
            "model",
            "The model's path, or its name where models are found by name; by default that of `SET hearth.model`",
        ),
        (
            "text",
            "A column or constant of type Utf8, LargeUtf8, Utf8View, or a dictionary of these",
        ),
        (
            "options",
            "A JSON object with parameters of bert_embeddings: pooling, normalize, dim, precision, compat, pieces, case_sensitive, max_sentence_length, on_overflow",
        ),
    ],
};

/// The function, for a session's models and workers.
#[must_use]
pub fn ai_embed_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `ai_embed(model, text)`.
#[must_use]
pub fn ai_embed(session: &Session, model: &str, text: Expr) -> Expr {
    ai_embed_udf(session).call(vec![datafusion::logical_expr::lit(model), text])
}
