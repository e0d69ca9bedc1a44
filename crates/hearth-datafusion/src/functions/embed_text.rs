//! `embed_text`: one vector for each text.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "embed_text",
    kind: Kind::EmbedText,
    places: Places {
        text: 0,
        what: Some(1),
        options: Some(2),
        least: 1,
    },
    tries: false,
    about: "One vector for each text, pooled over all its sentences: FixedSizeList(Float32, dimension). NULL for a NULL text, and for one in which no token has a vector, such as an empty one.",
    syntax: "embed_text(text [, model [, options]])",
    example: "select id, embed_text(note, 'models/bert_base_cased', '{\"pooling\": \"mean\"}') from notes",
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
pub fn embed_text_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `embed_text(text, model)`.
#[must_use]
pub fn embed_text(session: &Session, text: Expr, model: &str) -> Expr {
    embed_text_udf(session).call(vec![text, datafusion::logical_expr::lit(model)])
}
