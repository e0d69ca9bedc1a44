//! `bert_embeddings`: the tokens of each text with their vectors.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "bert_embeddings",
    kind: Kind::BertEmbeddings,
    places: Places {
        text: 0,
        what: Some(1),
        options: Some(2),
        least: 1,
    },
    tries: false,
    about: "The tokens of each text with their vectors, a list of structs: begin and end (exclusive) in characters, sentence, result, piece_id, vector. NULL for a NULL text, an empty list for one without tokens.",
    syntax: "bert_embeddings(text [, model [, options]])",
    example: "select id, unnest(bert_embeddings(note, 'models/bert_base_cased')) from notes",
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
            "A JSON object with parameters of bert_embeddings: precision, compat, pieces, case_sensitive, max_sentence_length, on_overflow, normalize, dim",
        ),
    ],
};

/// The function, for a session's models and workers.
#[must_use]
pub fn bert_embeddings_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `bert_embeddings(text, model)`.
#[must_use]
pub fn bert_embeddings(session: &Session, text: Expr, model: &str) -> Expr {
    bert_embeddings_udf(session).call(vec![text, datafusion::logical_expr::lit(model)])
}
