//! What the real Spark NLP was asked, through Polars: the same bits as through the Rust door, which `crates/hearth`
//! compares with Spark NLP's answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;

use ::arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use ::arrow::compute::take;
use ::arrow::datatypes::Schema as ArrowSchema;
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
            (Err(text), Err(error)) if plain(&error.to_string()).contains(&plain(text)) => Ok(()),
            (Err(text), Err(error)) => Err(format!("said {error}, not {text}")),
            (Err(text), Ok(_)) => Err(format!("worked, where the Rust door said {text}")),
            (Ok(_), Err(error)) => Err(error.to_string()),
        }
    }
}

/// Without numbers of rows, which the streaming engine counts in a morsel, and with the one name Polars has for strings.
fn plain(text: &str) -> String {
    let text = text.replace("Utf8View", "Utf8");
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
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
            // The layouts part where the columns are made, which is before any engine.
            let engines: &[Engine] = match layout {
                Layout::Spark => &[],
                _ => &ENGINES,
            };
            for &engine in engines {
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
        equal >= 4 * 126 && failed >= 4 * 12,
        "{equal} answers, {failed} errors"
    );
}

/// Cases that are no function of one text column, and how the expression refuses them.
const NO_EXPRESSION: [(&str, &str); 19] = [
    ("bert.explode", "explodes rows"),
    ("chunkembeddings.average", "does not have any"),
    ("chunkembeddings.sum", "does not have any"),
    ("doc2chunk.exact", "does not have any"),
    ("doc2chunk.lower", "does not have any"),
    ("input.array", "reads text (String"),
    ("input.array_bert", "reads text (String"),
    ("input.array_null_row", "reads text (String"),
    ("input.array_nullable", "reads text (String"),
    ("input.array_shrink", "reads text (String"),
    ("input.array_tokens_ondocument", "reads text (String"),
    ("input.idcol", "does not have any"),
    ("input.int", "reads text (String"),
    ("input.metadatacol", "does not have any"),
    ("input.metadatacol_idcol", "does not have any"),
    ("input.metadatacol_null", "does not have any"),
    ("sentence.explode", "explodes rows"),
    ("token.after_explode", "explodes rows"),
    ("two.bert", "does not have any"),
];

impl Asked {
    /// The column the pipeline reads.
    fn text(&self) -> &str {
        let stages = self.pipeline.stages.iter();
        let mut inputs = stages.filter_map(|stage| stage.parameters.get("input_col")?.as_str());
        inputs.next().unwrap_or("text")
    }

    /// The case with that column alone; `None` where the case is that it is not there.
    fn alone(&self) -> Option<Asked> {
        let at = self.input.schema().index_of(self.text()).ok()?;
        Some(Asked {
            name: self.name.clone(),
            pipeline: self.pipeline.clone(),
            input: self.input.project(&[at]).unwrap(),
        })
    }

    /// The fields of the expression as columns.
    fn expression(&self, session: &Session, engine: Engine) -> PolarsResult<DataFrame> {
        let expr = hearth_polars::hearth(col(self.text()), session, &self.pipeline)?;
        let struct_of_all = frame(&self.input).lazy().select([expr.alias("all")]);
        collect(&struct_of_all.unnest(cols(["all"]), None), engine)
    }

    /// What the Rust door makes of the text, null where the text is null: that is what a function of it gives.
    fn made(&self, rust: RecordBatch) -> RecordBatch {
        let schema = rust.schema();
        // A pipeline may replace the text by what it makes of it.
        let input = self.input.schema();
        let made = (0..schema.fields().len()).filter(|&i| {
            let (field, text) = (schema.field(i), input.field(0));
            field.name() != text.name() || field.data_type() != text.data_type()
        });
        let made = rust.project(&made.collect::<Vec<_>>()).unwrap();
        let texts = self.input.column(0).logical_nulls();
        let rows = (0u32..).take(rust.num_rows()).map(|row| {
            texts
                .as_ref()
                .is_none_or(|nulls| nulls.is_valid(row as usize))
                .then_some(row)
        });
        let rows: UInt32Array = rows.collect();
        let columns = made
            .columns()
            .iter()
            .map(|column| take(column, &rows, None).unwrap());
        let fields = made
            .schema()
            .fields()
            .iter()
            .map(|f| f.as_ref().clone().with_nullable(true))
            .collect::<Vec<_>>();
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns.collect()).unwrap()
    }
}

#[test]
fn expressions_are_as_through_the_rust_door() {
    let session = common::session();
    let (mut equal, mut failed, mut refused, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for asked in cases() {
        for engine in ENGINES {
            let Some(alone) = asked.alone() else {
                asked.expression(&session, engine).unwrap_err();
                failed += 1;
                continue;
            };
            let found = asked.expression(&session, engine);
            let rust = alone.rust(&session, Layout::Nested(Offsets::Char));
            if let (Some((name, text)), Err(error)) = (no_expression(&asked), &found) {
                assert!(error.to_string().contains(text), "{name}: {error}");
                refused.push(name);
                continue;
            }
            match asked.compare(&rust.clone().map(|batch| alone.made(batch)), found) {
                Ok(()) if rust.is_ok() => equal += 1,
                Ok(()) => failed += 1,
                Err(difference) => wrong.push(format!("{} {engine:?}: {difference}", asked.name)),
            }
        }
    }
    println!(
        "{equal} answers equal, {failed} errors equal, {} refused",
        refused.len()
    );
    assert_none(&wrong);
    assert_eq!(refused.len(), 2 * NO_EXPRESSION.len(), "{refused:?}");
    assert!(equal == 2 * 110 && failed == 2 * 9, "{equal} answers");
}

fn no_expression(asked: &Asked) -> Option<(&'static str, &'static str)> {
    NO_EXPRESSION
        .into_iter()
        .find(|(name, _)| *name == asked.name)
}
