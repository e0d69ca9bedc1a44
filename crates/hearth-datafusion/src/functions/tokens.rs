//! `tokens`: the tokens of each text.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "tokens",
    kind: Kind::Tokens,
    places: Places {
        text: 0,
        what: None,
        options: None,
        least: 1,
    },
    tries: false,
    about: "The tokens of each text by the rules of Spark NLP, a list of structs: begin and end (exclusive) in characters, sentence, result. NULL for a NULL text.",
    syntax: "tokens(text)",
    example: "select id, cardinality(tokens(note)) from notes",
    arguments: &[(
        "text",
        "A column or constant of type Utf8, LargeUtf8, Utf8View, or a dictionary of these",
    )],
};

/// The function, for a session's models and workers.
#[must_use]
pub fn tokens_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `tokens(text)`.
#[must_use]
pub fn tokens(session: &Session, text: Expr) -> Expr {
    tokens_udf(session).call(vec![text])
}
