//! What the two finishers share: names of columns, their checks, and which columns go.

use arrow::datatypes::{FieldRef, Schema};

use crate::annotation::{AnnotatorType, is_lean};
use crate::config::Loading;
use crate::stage::Bound;
use crate::{Error, Result};

/// Input columns, and the output columns by position.
pub(super) fn names(
    at: &Loading<'_>,
    input_cols: Option<Vec<String>>,
    output_cols: Vec<String>,
) -> Result<Vec<(String, String)>> {
    let input_cols = input_cols.ok_or_else(|| {
        at.refuse(
            "input_cols",
            "Failed to find a default value for inputCols: set input_cols to annotation columns",
        )
    })?;
    let output_cols = match output_cols.is_empty() {
        true => input_cols
            .iter()
            .map(|name| format!("finished_{name}"))
            .collect(),
        false => output_cols,
    };
    if input_cols.len() != output_cols.len() {
        return Err(at.refuse(
            "output_cols",
            "requirement failed: inputCols and outputCols length must match",
        ));
    }
    Ok(input_cols.into_iter().zip(output_cols).collect())
}

/// The index of annotation column `name`; the texts are those of Spark NLP 5.5.3, `FinisherUtil`.
pub(super) fn annotation_column(
    input: &Schema,
    stage: &str,
    wanted: &[(String, String)],
    name: &str,
) -> Result<usize> {
    let refuse = |message| Error::Parameter {
        place: stage.to_owned(),
        message,
    };
    let listed = |fields: &mut dyn Iterator<Item = &FieldRef>| {
        fields
            .map(|field| field.name().as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let Some((index, field)) = input.column_with_name(name) else {
        let expected: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
        return Err(refuse(format!(
            "requirement failed: pipeline annotator stages incomplete. expected: {}, found: {}, among available: {}",
            expected.join(", "),
            listed(&mut input.fields().iter().filter(|f| is_lean(f.data_type()))),
            listed(&mut input.fields().iter()),
        )));
    };
    if !is_lean(field.data_type()) || AnnotatorType::of(field).is_none() {
        return Err(refuse(format!(
            "requirement failed: column [{name}] must be an NLP Annotation column"
        )));
    }
    Ok(index)
}

/// What becomes of the schema: all annotation columns go if `clean`.
pub(super) fn bound(input: &Schema, reads: Vec<usize>, adds: Vec<FieldRef>, clean: bool) -> Bound {
    let annotations = |&index: &usize| {
        let field = input.field(index);
        is_lean(field.data_type()) || AnnotatorType::of(field).is_some()
    };
    let all = 0..input.fields().len();
    Bound {
        reads,
        adds,
        drops: all.filter(|index| clean && annotations(index)).collect(),
        explodes: false,
    }
}
