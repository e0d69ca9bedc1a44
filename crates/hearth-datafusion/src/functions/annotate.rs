//! `annotate`: any pipeline as a struct of its columns.

use datafusion::logical_expr::{Expr, ScalarUDF};
use hearth::Session;

use crate::arguments::Places;
use crate::door::{Door, Kind};
use crate::udf::{Spec, udf};

pub(crate) const SPEC: Spec = Spec {
    name: "annotate",
    kind: Kind::Annotate,
    places: Places {
        text: 0,
        what: Some(1),
        options: None,
        least: 2,
    },
    tries: false,
    about: "A struct of all columns that a pipeline adds. NULL for a NULL text.",
    syntax: "annotate(text, pipeline)",
    example: "select annotate(note, 'clinical')['token'] from notes",
    arguments: &[
        (
            "text",
            "A column or constant of type Utf8, LargeUtf8, Utf8View, or a dictionary of these",
        ),
        (
            "pipeline",
            "The name of a pipeline that was registered, or a pipeline written out as TOML or JSON; its DocumentAssembler reads the text",
        ),
    ],
};

/// The function, for a session's models and workers.
#[must_use]
pub fn annotate_udf(session: &Session) -> ScalarUDF {
    udf(&SPEC, Door::new(session))
}

/// `annotate(text, pipeline)`, of the pipeline as it is.
#[must_use]
pub fn annotate(session: &Session, text: Expr, pipeline: &hearth::Pipeline) -> Expr {
    annotate_udf(session).call(vec![
        text,
        datafusion::logical_expr::lit(pipeline.clone().rooted().to_json()),
    ])
}
