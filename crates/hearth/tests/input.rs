//! Inputs beside one text per row: lists of texts, ids, metadata; and rows that sentences are exploded to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int32Array, ListArray, MapBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use hearth::border::{Border, Layout, Offsets};
use hearth::stages::{BertEmbeddings, DocumentAssembler, SentenceDetector, Tokenizer};
use hearth::{Error, Pipeline, Session};
use hearth_testkit::{data, rows};
use serde_json::{Map, Value, json};

/// Lists of texts; `None` for a null list.
fn lists(values: &[Option<&[Option<&str>]>]) -> ArrayRef {
    let items = values.iter().flat_map(|list| list.unwrap_or_default());
    let items: StringArray = items.copied().collect();
    let lengths = values.iter().map(|list| list.map_or(0, <[_]>::len));
    let nulls = NullBuffer::from_iter(values.iter().map(Option::is_some));
    Arc::new(ListArray::new(
        Arc::new(Field::new("item", DataType::Utf8, true)),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(items),
        Some(nulls),
    ))
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = columns
        .iter()
        .map(|(name, array)| (*name, array.clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn pipeline(document: DocumentAssembler, sentence: SentenceDetector) -> Pipeline {
    Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".into()),
            ..document
        })
        .then(SentenceDetector {
            input_cols: Some(vec!["document".into()]),
            output_col: Some("sentence".into()),
            ..sentence
        })
        .then(Tokenizer {
            input_cols: vec!["sentence".into()],
            ..Default::default()
        })
}

fn run(pipeline: &Pipeline, layout: Layout, input: &RecordBatch) -> Result<RecordBatch, Error> {
    let session = Session::builder().jobs(2).build()?;
    let bound = session.load(pipeline)?.bind(input.schema_ref())?;
    let border = Border {
        layout,
        columns: None,
    };
    bound.with_border(&border)?.transform(input)
}

fn leave(pipeline: &Pipeline, layout: Layout, input: &RecordBatch) -> Vec<Map<String, Value>> {
    rows(&run(pipeline, layout, input).unwrap())
}

#[test]
fn offsets_of_lists_count_in_the_document_of_each_annotation() {
    let input = batch(&[(
        "text",
        lists(&[
            Some(&[Some("Größe 😀 ok. Ja"), Some("Ä. é b.")]),
            Some(&[]),
            Some(&[Some("x")]),
        ]),
    )]);
    let plain = pipeline(DocumentAssembler::default(), SentenceDetector::default());
    for (offsets, expected) in [
        // Spark's order: by begin over all documents, which numbers the sentences.
        (
            Offsets::Char,
            [
                ("Größe", 0, 0, 5),
                ("Ä", 1, 0, 1),
                ("é", 1, 3, 4),
                ("Ja", 0, 12, 14),
            ],
        ),
        (
            Offsets::Byte,
            [
                ("Größe", 0, 0, 7),
                ("Ä", 1, 0, 2),
                ("é", 1, 4, 6),
                ("Ja", 0, 17, 19),
            ],
        ),
    ] {
        let found = leave(&plain, Layout::Nested(offsets), &input);
        let tokens = found[0]["token"].as_array().unwrap();
        for (result, document, begin, end) in expected {
            let token = tokens
                .iter()
                .find(|token| token["result"] == result)
                .unwrap();
            assert_eq!(
                [&token["document"], &token["begin"], &token["end"]],
                [&json!(document), &json!(begin), &json!(end)],
                "{result}"
            );
        }
        assert_eq!(found[1]["token"], json!([]));
        assert_eq!(found[2]["token"][0]["end"], 1);
    }
}

#[test]
fn lists_keep_their_offsets_after_the_document_column_is_gone() {
    let input = batch(&[("text", lists(&[Some(&[Some("Äh. No."), Some("b. Ö")])]))]);
    let mut plain = pipeline(DocumentAssembler::default(), SentenceDetector::default());
    plain.stages[0]
        .parameters
        .insert("output_col".into(), "sentence".into());
    plain.stages[1]
        .parameters
        .insert("input_cols".into(), json!(["sentence"]));
    let found = leave(&plain, Layout::Nested(Offsets::Byte), &input);
    let tokens = found[0]["token"].as_array().unwrap();
    let of = |result: &str| {
        tokens
            .iter()
            .find(|token| token["result"] == result)
            .unwrap()
    };
    assert_eq!(
        [&of("No")["begin"], &of("No")["end"]],
        [&json!(5), &json!(7)]
    );
    assert_eq!([&of("Ö")["begin"], &of("Ö")["end"]], [&json!(3), &json!(5)]);
}

#[test]
fn sliced_and_large_lists_are_read_too() {
    let plain = pipeline(DocumentAssembler::default(), SentenceDetector::default());
    let array = lists(&[
        Some(&[Some("First row.")]),
        Some(&[Some("A b."), Some("C.")]),
    ]);
    let large = DataType::LargeList(Arc::new(Field::new("item", DataType::LargeUtf8, true)));
    let large = arrow::compute::cast(&array, &large).unwrap();
    for array in [array, large] {
        let found = leave(
            &plain,
            Layout::Spark,
            &batch(&[("text", array.slice(1, 1))]),
        );
        let documents = found[0]["document"].as_array().unwrap().iter();
        assert!(documents.map(|d| &d["result"]).eq(["A b.", "C."]));
        assert_eq!(
            found[0]["document"][1]["metadata"],
            json!({ "sentence": "1" })
        );
    }
}

#[test]
fn nulls_in_lists_are_errors_that_name_the_row() {
    let plain = pipeline(DocumentAssembler::default(), SentenceDetector::default());
    let error = |array| {
        let error = run(&plain, Layout::Spark, &batch(&[("text", array)])).unwrap_err();
        assert!(matches!(error, Error::Row { row: 1, .. }), "{error}");
        error.to_string()
    };
    assert_eq!(
        error(lists(&[Some(&[]), Some(&[Some("a"), None])])),
        "row 1: DocumentAssembler_document: text 1 of the list in column 'text' is null; put an empty text there, or leave it out"
    );
    assert_eq!(
        error(lists(&[Some(&[]), None])),
        "row 1: DocumentAssembler_document: the list in column 'text' is null; put an empty list there"
    );
}

type Entries<'a> = &'a [(&'a str, Option<&'a str>)];

/// A column of maps; `None` for a null map.
fn maps(values: &[Option<Entries<'_>>]) -> ArrayRef {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for map in values {
        for (key, value) in map.unwrap_or_default() {
            builder.keys().append_value(key);
            builder.values().append_option(*value);
        }
        builder.append(map.is_some()).unwrap();
    }
    Arc::new(builder.finish())
}

fn with_metadata() -> Pipeline {
    let document = DocumentAssembler {
        id_col: Some("id".into()),
        metadata_col: Some("m".into()),
        ..Default::default()
    };
    pipeline(document, SentenceDetector::default())
}

#[test]
fn metadata_is_carried_to_both_borders() {
    let input = batch(&[
        ("text", texts(&[Some("A b."), None])),
        ("id", Arc::new(Int32Array::from(vec![7, 8]))),
        (
            "m",
            maps(&[
                Some(&[("k", None), ("id", Some("no")), ("sentence", Some("9"))]),
                Some(&[]),
            ]),
        ),
    ]);
    let spark = leave(&with_metadata(), Layout::Spark, &input);
    assert_eq!(
        spark[0]["document"][0]["metadata"],
        json!({ "k": null, "id": "7", "sentence": "0" })
    );
    assert_eq!(
        spark[1]["document"][0]["metadata"],
        json!({ "id": "8", "sentence": "0" })
    );
    assert_eq!(spark[0]["token"][0]["metadata"], json!({ "sentence": "0" }));
    let nested = leave(&with_metadata(), Layout::Nested(Offsets::Char), &input);
    assert_eq!(
        nested[0]["document"][0]["metadata"],
        json!({ "k": null, "id": "7" })
    );
    assert!(nested[0]["token"][0].get("metadata").is_none());
    let table = leave(&with_metadata(), Layout::Rows(Offsets::Char), &input);
    assert!(!table[0].contains_key("metadata"));
}

#[test]
fn a_null_map_and_wrong_columns_are_refused_by_name() {
    let text = ("text", texts(&[Some("a"), Some("b")]));
    let id = ("id", texts(&[None, None]));
    let error = |columns: &[(&str, ArrayRef)]| {
        run(&with_metadata(), Layout::Spark, &batch(columns))
            .unwrap_err()
            .to_string()
    };
    let map = maps(&[Some(&[]), None]);
    assert_eq!(
        error(&[text.clone(), id.clone(), ("m", map.clone())]),
        "row 1: DocumentAssembler_document: the map in column 'm' is null; put an empty map there"
    );
    assert!(error(&[text.clone(), id.clone()]).starts_with("Dataset does not have any 'm' column"));
    assert_eq!(
        error(&[text.clone(), ("id", map.clone()), ("m", map)]),
        format!(
            "column 'id' has type {}, and DocumentAssembler_document reads text, numbers or booleans there",
            maps(&[]).data_type()
        )
    );
    // Of lists of texts neither column is looked at, as in Spark NLP.
    let list = lists(&[Some(&[Some("a")])]);
    let found = leave(&with_metadata(), Layout::Spark, &batch(&[("text", list)]));
    assert_eq!(
        found[0]["document"][0]["metadata"],
        json!({ "sentence": "0" })
    );
}

fn exploded() -> Pipeline {
    let sentence = SentenceDetector {
        explode_sentences: true,
        ..Default::default()
    };
    pipeline(DocumentAssembler::default(), sentence)
}

#[test]
fn exploded_rows_name_the_row_they_came_from() {
    let input = batch(&[
        (
            "text",
            texts(&[Some("A b. Ö d."), None, Some(" "), Some("E.")]),
        ),
        ("id", Arc::new(Int32Array::from(vec![10, 11, 12, 13]))),
    ]);
    let found = leave(&exploded(), Layout::Rows(Offsets::Char), &input);
    let found: Vec<_> = found
        .iter()
        .map(|row| {
            [
                &row["row"],
                &row["id"],
                &row["sentence"],
                &row["begin"],
                &row["result"],
            ]
            .map(Value::clone)
        })
        .collect();
    let row = |row, id, sentence, begin, result: &str| {
        [
            json!(row),
            json!(id),
            json!(sentence),
            json!(begin),
            json!(result),
        ]
    };
    assert_eq!(
        found,
        [
            row(0, 10, 0, 0, "A"),
            row(0, 10, 0, 2, "b"),
            row(0, 10, 0, 3, "."),
            row(0, 10, 1, 5, "Ö"),
            row(0, 10, 1, 7, "d"),
            row(0, 10, 1, 8, "."),
            row(3, 13, 0, 0, "E"),
            row(3, 13, 0, 1, "."),
        ]
    );
}

#[test]
fn errors_after_exploding_name_the_row_of_the_input() {
    let long = "word ".repeat(200) + ".";
    let input = batch(&[("text", texts(&[Some("A. B. C."), None, Some(&long)]))]);
    let embed = exploded().then(BertEmbeddings {
        input_cols: Some(vec!["sentence".into(), "token".into()]),
        output_col: Some("embeddings".into()),
        model: Some(data().join("models/tiny_cased")),
        on_overflow: hearth::stages::OnOverflow::Error,
        ..Default::default()
    });
    let error = run(&embed, Layout::Spark, &input).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Overflow {
                row: 2,
                sentence: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn all_rows_may_disappear() {
    let input = batch(&[("text", texts(&[None, Some("")]))]);
    let offsets = Offsets::Char;
    for layout in [
        Layout::Spark,
        Layout::Nested(offsets),
        Layout::Rows(offsets),
    ] {
        assert_eq!(run(&exploded(), layout, &input).unwrap().num_rows(), 0);
    }
}
