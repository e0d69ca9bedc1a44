//! What leaves the process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Fields};
use hearth::annotation::key;
use hearth::border::{Border, Layout, Offsets};
use hearth::stages::{DocumentAssembler, SentenceDetector, Tokenizer};
use hearth::{InputRows, Pipeline, Session};
use hearth_testkit::{data, rows};
use serde_json::{Value, json};

fn tokens(output: &str) -> Pipeline {
    Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            output_col: output.into(),
            ..Default::default()
        })
        .then(SentenceDetector {
            input_cols: Some(vec![output.into()]),
            output_col: Some("sentence".into()),
            ..Default::default()
        })
        .then(Tokenizer {
            input_cols: vec!["sentence".into()],
            ..Default::default()
        })
}

fn leave(
    pipeline: &Pipeline,
    layout: Layout,
    columns: Option<&[&str]>,
    texts: &[Option<&str>],
) -> RecordBatch {
    let session = Session::builder().jobs(1).build().unwrap();
    let input =
        RecordBatch::try_from_iter([("text", Arc::new(StringArray::from(texts.to_vec())) as _)])
            .unwrap();
    let columns = columns.map(|names| names.iter().map(ToString::to_string).collect());
    let bound = session
        .load(pipeline)
        .unwrap()
        .bind(input.schema_ref())
        .unwrap();
    bound
        .with_border(&Border { layout, columns })
        .unwrap()
        .transform(&input)
        .unwrap()
}

const TEXTS: [Option<&str>; 4] = [Some("Größe 😀 ok. Ja"), None, Some(""), Some("x")];

#[test]
fn nested_counts_in_the_unit_asked_for_and_keeps_nulls() {
    let begins = |offsets| {
        let out = leave(
            &tokens("document"),
            Layout::Nested(offsets),
            Some(&["token"]),
            &TEXTS,
        );
        let rows = rows(&out);
        assert_eq!(rows[1]["token"], Value::Null);
        assert_eq!(rows[2]["token"], json!([]));
        let spans = rows[0]["token"].as_array().unwrap().iter();
        spans
            .map(|t| (t["begin"].as_i64().unwrap(), t["end"].as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        begins(Offsets::Char),
        [(0, 5), (6, 7), (8, 10), (10, 11), (12, 14)]
    );
    assert_eq!(
        begins(Offsets::Byte),
        [(0, 7), (8, 12), (13, 15), (15, 16), (17, 19)]
    );
    assert_eq!(
        begins(Offsets::Utf16),
        [(0, 5), (6, 8), (9, 11), (11, 12), (13, 15)]
    );
}

#[test]
fn nested_fields_say_what_they_are() {
    let out = leave(
        &tokens("document"),
        Layout::Nested(Offsets::Byte),
        None,
        &TEXTS,
    );
    let field = out.schema().field_with_name("token").unwrap().clone();
    assert_eq!(field.metadata()[key::ANNOTATOR_TYPE], "token");
    assert_eq!(field.metadata()[key::OFFSETS], "byte");
    assert_eq!(
        rows(&out)[3]["token"],
        json!([{ "begin": 0, "end": 1, "sentence": 0, "result": "x" }])
    );
}

#[test]
fn offsets_are_found_when_sentences_overwrite_the_document() {
    // The document column is gone then; the text column says the same.
    let mut pipeline = tokens("sentence");
    pipeline.stages[1]
        .parameters
        .insert("input_cols".into(), json!(["sentence"]));
    let out = leave(
        &pipeline,
        Layout::Nested(Offsets::Char),
        Some(&["token"]),
        &[Some("Größe. Ja")],
    );
    assert_eq!(
        rows(&out)[0]["token"][2],
        json!({ "begin": 7, "end": 9, "sentence": 1, "result": "Ja" })
    );
}

#[test]
fn a_batch_without_rows_leaves_as_one() {
    for layout in [
        Layout::Nested(Offsets::Char),
        Layout::Rows(Offsets::Char),
        Layout::Spark,
    ] {
        let session = Session::builder().jobs(1).build().unwrap();
        let input =
            RecordBatch::try_from_iter([("text", Arc::new(StringArray::from(vec!["x"])) as _)])
                .unwrap();
        let lean = session
            .load(&tokens("document"))
            .unwrap()
            .transform(&input)
            .unwrap();
        let border = Border {
            layout,
            columns: None,
        }
        .bind(lean.schema_ref())
        .unwrap();
        assert_eq!(
            border
                .apply(&lean.slice(0, 0), &InputRows::starting_at(0))
                .unwrap()
                .num_rows(),
            0
        );
    }
}

#[test]
fn a_users_column_that_looks_like_annotations_passes() {
    let fields: Fields = vec![
        Field::new("at", DataType::Int32, true),
        Field::new("x", DataType::Int32, true),
    ]
    .into();
    let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
    let events = arrow::array::new_null_array(&DataType::List(item), 1);
    let texts = StringArray::from(vec!["x"]);
    let input =
        RecordBatch::try_from_iter([("text", Arc::new(texts) as _), ("events", events)]).unwrap();
    let session = Session::builder().jobs(1).build().unwrap();
    let bound = session
        .load(&tokens("document"))
        .unwrap()
        .bind(input.schema_ref())
        .unwrap();
    for layout in [
        Layout::Nested(Offsets::Char),
        Layout::Rows(Offsets::Char),
        Layout::Spark,
    ] {
        let out = bound
            .with_border(&Border {
                layout,
                columns: None,
            })
            .unwrap()
            .transform(&input)
            .unwrap();
        assert_eq!(
            out.column_by_name("events").unwrap().null_count(),
            1,
            "{layout:?}"
        );
    }
}

#[test]
fn offsets_are_null_when_the_cleaned_text_is_gone() {
    let mut pipeline = tokens("sentence");
    pipeline.stages[0]
        .parameters
        .insert("cleanup_mode".into(), "shrink".into());
    pipeline.stages[1]
        .parameters
        .insert("input_cols".into(), json!(["sentence"]));
    let token = |offsets| {
        let out = leave(
            &pipeline,
            Layout::Nested(offsets),
            Some(&["token"]),
            &[Some("  A   b. Ja")],
        );
        rows(&out)[0]["token"][1].clone()
    };
    assert_eq!(
        token(Offsets::Char),
        json!({ "begin": null, "end": null, "sentence": 0, "result": "b" })
    );
    assert_eq!(
        token(Offsets::Utf16),
        json!({ "begin": 2, "end": 3, "sentence": 0, "result": "b" })
    );
}

#[test]
fn rows_have_one_row_per_token_and_one_for_none() {
    let out = leave(
        &tokens("document"),
        Layout::Rows(Offsets::Char),
        None,
        &TEXTS,
    );
    let rows = rows(&out);
    let results: Vec<_> = rows
        .iter()
        .map(|row| (row["row"].as_i64().unwrap(), row["result"].as_str()))
        .collect();
    let first = ["Größe", "😀", "ok", ".", "Ja"].map(|word| (0, Some(word)));
    assert_eq!(
        results,
        [first.as_slice(), &[(1, None), (2, None), (3, Some("x"))]].concat()
    );
    assert_eq!(
        rows[4],
        *json!({ "text": TEXTS[0], "row": 0, "sentence": 1, "begin": 12, "end": 14, "result": "Ja" }).as_object().unwrap()
    );
    assert_eq!(
        rows[5],
        *json!({ "text": null, "row": 1, "sentence": null, "begin": null, "end": null, "result": null }).as_object().unwrap()
    );
}

#[test]
fn rows_of_embeddings_carry_piece_and_vector() {
    let pipeline = Pipeline::embed("text", data().join("models/tiny_uncased"));
    let columns = ["row", "begin", "end", "result", "piece_id", "vector"];
    let out = leave(
        &pipeline,
        Layout::Rows(Offsets::Char),
        Some(&columns),
        &[None, Some("É Hello")],
    );
    let rows = rows(&out);
    assert_eq!(rows[0]["vector"], Value::Null);
    // Lower-cased results keep the place of their token.
    assert_eq!(
        (&rows[2]["begin"], &rows[2]["end"], &rows[2]["result"]),
        (&json!(2), &json!(7), &json!("hello"))
    );
    assert_eq!(rows[2]["vector"].as_array().unwrap().len(), 32);
}

#[test]
fn spark_has_inclusive_ends_and_empty_annotations_for_null() {
    let out = leave(&tokens("document"), Layout::Spark, None, &TEXTS);
    assert_eq!(out.column_by_name("document").unwrap().null_count(), 0);
    let rows = rows(&out);
    let annotation = |kind, begin, end, result| {
        json!([{ "annotatorType": kind, "begin": begin, "end": end, "result": result, "metadata": { "sentence": "0" },
            "embeddings": [] }])
    };
    assert_eq!(rows[1]["document"], annotation("document", 0, -1, ""));
    assert_eq!(rows[1]["token"], json!([]));
    assert_eq!(rows[3]["token"], annotation("token", 0, 0, "x"));
    assert_eq!(rows[0]["document"][0]["end"], 14);
}
