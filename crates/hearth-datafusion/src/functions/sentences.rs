//! `sentences`: the sentences of each text.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "sentences",
    kind: Kind::Sentences,
    places: Places {
        text: 0,
        what: None,
        options: None,
        least: 1,
    },
    tries: false,
    about: "The sentences of each text by the rules of Spark NLP, a list of structs: begin and end (exclusive) in characters, sentence, result. NULL for a NULL text.",
    syntax: "sentences(text)",
    example: "select id, unnest(sentences(note)) from notes",
    arguments: &[(
        "text",
        "A column or constant of type Utf8, LargeUtf8, Utf8View, or a dictionary of these",
    )],
};

/// The function, for a session's models and workers.
#[must_use]
pub fn sentences_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `sentences(text)`.
#[must_use]
pub fn sentences(session: &Session, text: Expr) -> Expr {
    sentences_udf(session).call(vec![text])
}
