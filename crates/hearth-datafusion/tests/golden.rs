//! Every golden case through SQL and through the step of a DataFrame: the same bits as through the Rust door, which
//! `crates/hearth/tests/golden.rs` compares with what Spark NLP answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::concat_batches;
use datafusion::datasource::MemTable;
use datafusion::prelude::*;
use hearth::border::{Border, Layout, Offsets};
use hearth::{Pipeline, Session};
use hearth_datafusion::{HearthDataFrame, expr_fn};
use hearth_testkit::{Case, case_names, data};

/// The archive, or where it is not among the data the folder of the weights it was made from.
fn model(archive: &str) -> String {
    let zip = data().join("archives").join(format!("{archive}.zip"));
    if zip.exists() {
        return zip.display().to_string();
    }
    let name = archive.split('_').take(2).collect::<Vec<_>>().join("_");
    data().join("models").join(name).display().to_string()
}

/// A table of the rows in batches of three.
fn frame(input: &RecordBatch) -> DataFrame {
    let starts = (0..input.num_rows()).step_by(3);
    let batches = starts.map(|start| input.slice(start, 3.min(input.num_rows() - start)));
    let table = MemTable::try_new(input.schema(), vec![batches.collect()]).unwrap();
    let context = SessionContext::new_with_config(
        SessionConfig::new()
            .with_batch_size(5)
            .with_target_partitions(1),
    );
    context.read_table(Arc::new(table)).unwrap()
}

/// What the Rust door gives; an error where it fails.
fn rust(
    session: &Session,
    pipeline: &Pipeline,
    input: &RecordBatch,
    layout: Layout,
) -> Result<RecordBatch, String> {
    let run = || {
        let border = Border {
            layout,
            columns: None,
        };
        let bound = session.load(pipeline)?.bind(&input.schema())?;
        bound.with_border(&border)?.transform(input)
    };
    run().map_err(|error| error.to_string())
}

fn joined(batches: &[RecordBatch], empty: &RecordBatch) -> RecordBatch {
    match batches {
        [] => empty.slice(0, 0),
        [first, ..] => concat_batches(&first.schema(), batches).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_is_the_same_through_the_step_of_a_data_frame() {
    let session = Session::builder().jobs(2).build().unwrap();
    let folder = data().join("golden/spark-nlp-5.5.3");
    let (mut equal, mut failed) = (0, 0);
    for name in case_names(&folder) {
        let case = Case::load(&folder, &name);
        let pipeline = Pipeline::from_json(&case.pipeline(model), "golden.json").unwrap();
        let input = case.input(&folder);
        for layout in [Layout::Spark, Layout::Nested(Offsets::Char)] {
            let expected = rust(&session, &pipeline, &input, layout);
            let border = Border {
                layout,
                columns: None,
            };
            let found = match frame(&input).hearth_as(&session, &pipeline, &border) {
                Ok(frame) => frame.collect().await,
                Err(error) => Err(error),
            };
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    let found = joined(&found, &expected);
                    assert_eq!(found.columns(), expected.columns(), "{name}");
                    equal += 1;
                }
                (Err(found), Err(expected)) => {
                    assert!(
                        found.to_string().contains(&expected),
                        "{name}: {found} instead of {expected}"
                    );
                    failed += 1;
                }
                (Ok(_), Err(expected)) => panic!("{name} works, instead of {expected}"),
                (Err(found), Ok(_)) => panic!("{name}: {found}"),
            }
        }
    }
    assert!(
        equal >= 240 && failed >= 1,
        "{equal} equal, {failed} failed"
    );
}

/// Why a case cannot be a function of one text column.
fn not_a_function(error: &str) -> bool {
    [
        // It reads other columns too.
        "Dataset does not have any",
        // It reads lists of texts.
        "argument 1 is text",
        "explodes rows",
    ]
    .iter()
    .any(|reason| error.contains(reason))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_one_text_column_is_the_same_through_sql() {
    let session = Session::builder().jobs(2).build().unwrap();
    let folder = data().join("golden/spark-nlp-5.5.3");
    let (mut equal, mut other, mut wrong) = (0, 0, Vec::new());
    for name in case_names(&folder) {
        let case = Case::load(&folder, &name);
        let pipeline = Pipeline::from_json(&case.pipeline(model), "golden.json").unwrap();
        let input = case.input(&folder);
        let text = pipeline.stages[0]
            .parameters
            .get("input_col")
            .and_then(|name| name.as_str());
        let expected = rust(&session, &pipeline, &input, Layout::Nested(Offsets::Char));
        let (Some(text), Ok(expected)) = (text, expected) else {
            other += 1;
            continue;
        };
        let call = expr_fn::annotate(&session, col(text), &pipeline).alias("found");
        let found = match frame(&input).select(vec![call]) {
            Ok(frame) => frame.collect().await,
            Err(error) => Err(error),
        };
        let found = match found {
            Ok(found) => found,
            Err(error) if not_a_function(&error.to_string()) => {
                other += 1;
                continue;
            }
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let found: Vec<ArrayRef> = found.iter().map(|batch| batch.column(0).clone()).collect();
        let found: Vec<&dyn Array> = found.iter().map(|part| &**part).collect();
        let found = arrow::compute::concat(&found).unwrap();
        let found = found.as_struct();
        for (field, column) in found.fields().iter().zip(found.columns()) {
            let expected = expected.column_by_name(field.name()).unwrap();
            // The values of a row that is null as a whole are not looked at.
            let rows = (0..found.len()).filter(|&row| found.is_valid(row));
            let rows: UInt32Array = rows.map(|row| u32::try_from(row).ok()).collect();
            let of = |column: &ArrayRef| arrow::compute::take(column, &rows, None).unwrap();
            assert_eq!(&of(column), &of(expected), "{name}: {}", field.name());
        }
        equal += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(equal >= 80, "{equal} equal, {other} are no functions");
}
