//! What the real Spark NLP was asked, through Polars: the same bits as through the Rust door, which `crates/hearth`
//! compares with Spark NLP's answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use arrow::array::{ArrayRef, RecordBatch};
use common::{ENGINES, arrow, collect, frame, same};
use hearth_polars::HearthFrame;
use hearth_polars::hearth::border::{Border, Layout, Offsets};
use hearth_polars::hearth::{Pipeline, Session};
use hearth_polars::polars::prelude::*;
use hearth_testkit::{Case, case_names, data};

fn goldens() -> std::path::PathBuf {
    data().join("golden/spark-nlp-5.5.3")
}

/// The archive, or where it is not among the data the folder of the weights it was made from.
fn model(archive: &str) -> String {
    let zip = data().join("archives").join(format!("{archive}.zip"));
    if zip.exists() {
        return zip.display().to_string();
    }
    let name = archive.split('_').take(2).collect::<Vec<_>>().join("_");
    data().join("models").join(name).display().to_string()
}

/// A case and what the Rust door says to it.
struct Asked {
    name: String,
    pipeline: Pipeline,
    input: RecordBatch,
}

fn cases() -> Vec<Asked> {
    let folder = goldens();
    let names = case_names(&folder).into_iter();
    let asked = names.map(|name| {
        let case = Case::load(&folder, &name);
        let pipeline = Pipeline::from_json(&case.pipeline(model), "golden.json").unwrap();
        let input = case.input(&folder);
        Asked {
            name,
            pipeline,
            input,
        }
    });
    asked.collect()
}

impl Asked {
    fn rust(&self, session: &Session, layout: Layout) -> Result<RecordBatch, String> {
        let border = Border {
            layout,
            columns: None,
        };
        let answer = || {
            let model = session.load(&self.pipeline)?;
            let bound = model.bind(self.input.schema_ref())?;
            bound.with_border(&border)?.transform(&self.input)
        };
        answer().map_err(|error| error.to_string())
    }

    /// Polars' answer against that of the Rust door, whose error must be in its.
    fn compare(
        &self,
        rust: &Result<RecordBatch, String>,
        found: PolarsResult<DataFrame>,
    ) -> Result<(), String> {
        match (rust, found) {
            (Ok(expected), Ok(found)) => {
                let schema = expected.schema();
                let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                if found.get_column_names() != names {
                    return Err(format!(
                        "{:?} instead of {names:?}",
                        found.get_column_names()
                    ));
                }
                let columns = names.iter().zip(expected.columns());
                columns.into_iter().try_for_each(|(name, expected)| {
                    let found: ArrayRef = arrow(&found, name);
                    same(&found, expected).map_err(|e| format!("{name}: {e}"))
                })
            }
            (Err(text), Err(error)) if error.to_string().contains(text) => Ok(()),
            (Err(text), Err(error)) => Err(format!("said {error}, not {text}")),
            (Err(text), Ok(_)) => Err(format!("worked, where the Rust door said {text}")),
            (Ok(_), Err(error)) => Err(error.to_string()),
        }
    }
}

fn assert_none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn frames_are_as_through_the_rust_door() {
    let session = common::session();
    let (mut equal, mut failed, mut wrong) = (0, 0, Vec::new());
    for asked in cases() {
        let input = frame(&asked.input);
        for layout in [Layout::Nested(Offsets::Char), Layout::Spark] {
            let rust = asked.rust(&session, layout);
            let mut check =
                |door: &str, found: PolarsResult<DataFrame>| match asked.compare(&rust, found) {
                    Ok(()) if rust.is_ok() => equal += 1,
                    Ok(()) => failed += 1,
                    Err(difference) => {
                        wrong.push(format!("{} {door} {layout:?}: {difference}", asked.name));
                    }
                };
            let annotated = |frame: DataFrame| frame.hearth_in(&session, &asked.pipeline, layout);
            check("eager", annotated(input.clone()));
            for engine in ENGINES {
                let lazy = input
                    .clone()
                    .lazy()
                    .hearth_in(&session, &asked.pipeline, layout);
                check(
                    &format!("{engine:?}"),
                    lazy.and_then(|lazy| collect(&lazy, engine)),
                );
            }
        }
    }
    assert_none(&wrong);
    println!("{equal} answers equal, {failed} errors equal");
    assert!(
        equal >= 6 * 120 && failed >= 6 * 8,
        "{equal} answers, {failed} errors"
    );
}

/// Cases that are no function of one text column, and why.
fn no_expression(asked: &Asked, error: &str) -> Option<&'static str> {
    let reasons = [
        ("it explodes rows", "explodes rows"),
        (
            "no document_assembler with an input_col",
            "begins with annotations",
        ),
        ("it adds no column", "makes no columns"),
    ];
    let reason = reasons.iter().find(|(text, _)| error.contains(text));
    let others = asked.input.num_columns() > 2;
    match reason {
        Some((_, reason)) => Some(reason),
        None if others && error.contains("does not have any") => Some("reads several columns"),
        None => None,
    }
}

#[test]
fn expressions_are_as_through_the_rust_door() {
    let session = common::session();
    let (mut equal, mut failed, mut others, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for asked in cases() {
        let rust = asked.rust(&session, Layout::Nested(Offsets::Char));
        let reads = asked
            .pipeline
            .stages
            .iter()
            .find_map(|stage| Some(stage.parameters.get("input_col")?.as_str()?.to_owned()));
        let reads = reads.unwrap_or_else(|| "text".to_owned());
        let input = frame(&asked.input).lazy();
        let expr = hearth_polars::hearth(col(reads.as_str()), &session, &asked.pipeline);
        if let (Err(error), Ok(_)) = (&expr, &rust) {
            match no_expression(&asked, &error.to_string()) {
                Some(reason) => others.push(format!("{} {reason}", asked.name)),
                None => wrong.push(format!("{}: {error}", asked.name)),
            }
            continue;
        }
        for engine in ENGINES {
            let found = expr.clone().and_then(|expr| {
                let annotated = input.clone().select([expr.alias("all")]);
                collect(&annotated.unnest(cols(["all"]), None), engine)
            });
            let made = rust.clone().map(|batch| {
                let kept = (0..batch.num_columns()).filter(|&i| {
                    asked
                        .input
                        .schema()
                        .index_of(batch.schema().field(i).name())
                        .is_err()
                });
                batch.project(&kept.collect::<Vec<_>>()).unwrap()
            });
            match asked.compare(&made, found) {
                Ok(()) if rust.is_ok() => equal += 1,
                Ok(()) => failed += 1,
                Err(difference) => wrong.push(format!("{} {engine:?}: {difference}", asked.name)),
            }
        }
    }
    println!("{equal} answers equal, {failed} errors equal, no expression: {others:#?}");
    assert_none(&wrong);
    assert!(equal >= 2 * 100, "{equal} answers");
}
