//! `try_bert_embeddings`: `bert_embeddings`, with the error of a row beside its value.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "try_bert_embeddings",
    kind: Kind::BertEmbeddings,
    places: Places {
        text: 0,
        what: Some(1),
        options: Some(2),
        least: 1,
    },
    tries: true,
    about: "As bert_embeddings, but a row that fails does not fail the query: a struct of value, error, n_tokens (tokens of the text) and n_cut (tokens past max_sentence_length, which have no vector).",
    syntax: "try_bert_embeddings(text [, model [, options]])",
    example: "select id, r['n_cut'] from (select id, try_bert_embeddings(note, 'm') r from notes)",
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
pub fn try_bert_embeddings_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `try_bert_embeddings(text, model)`.
#[must_use]
pub fn try_bert_embeddings(session: &Session, text: Expr, model: &str) -> Expr {
    try_bert_embeddings_udf(session).call(vec![text, datafusion::logical_expr::lit(model)])
}
