//! The way back to the text as it was before cleanup: `keep_original_offsets`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, MapBuilder, RecordBatch, StringArray, StringBuilder};
use hearth::border::{Border, Layout, Offsets};
use hearth::stages::{Doc2Chunk, Finisher, Normalizer, SentenceEmbeddings, StopWordsCleaner};
use hearth::{InputRows, Pipeline, Session};
use hearth_testkit::{data, rows};
use hearth_text::cleanup::CleanupMode;
use serde_json::{Map, Value, json};

const OFFSETS: [Offsets; 3] = [Offsets::Char, Offsets::Byte, Offsets::Utf16];

/// Document, sentence, token and embeddings.
fn embed(mode: &str) -> Pipeline {
    let mut pipeline = Pipeline::embed("text", data().join("models/tiny_uncased"));
    let document = &mut pipeline.stages[0].parameters;
    document.insert("cleanup_mode".into(), mode.into());
    document.insert("keep_original_offsets".into(), true.into());
    pipeline
}

/// The first `stages` of them.
fn some(mode: &str, stages: usize) -> Pipeline {
    let mut pipeline = embed(mode);
    pipeline.stages.truncate(stages);
    pipeline
}

fn set(pipeline: &mut Pipeline, stage: usize, key: &str, value: Value) {
    pipeline.stages[stage].parameters.insert(key.into(), value);
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let columns = columns.iter();
    let columns = columns.map(|(name, array)| (*name, array.clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn leave(pipeline: &Pipeline, layout: Layout, input: &RecordBatch) -> Vec<Map<String, Value>> {
    let session = Session::builder().jobs(2).build().unwrap();
    let bound = session.load(pipeline).unwrap();
    let bound = bound.bind(input.schema_ref()).unwrap();
    let columns = None;
    let bound = bound.with_border(&Border { layout, columns }).unwrap();
    rows(&bound.transform(input).unwrap())
}

/// The part of `text` from `begin` to `end`, `None` if they are null.
fn part(text: &str, [begin, end]: [&Value; 2], offsets: Offsets) -> Option<String> {
    let [begin, end] = [begin, end].map(|v| v.as_u64().map(|n| usize::try_from(n).unwrap()));
    let (begin, end) = (begin?, end?);
    Some(match offsets {
        Offsets::Byte => text[begin..end].to_owned(),
        Offsets::Char => text.chars().skip(begin).take(end - begin).collect(),
        Offsets::Utf16 => {
            let units: Vec<u16> = text.encode_utf16().collect();
            String::from_utf16(&units[begin..end]).unwrap()
        }
    })
}

/// What the annotations of a nested column stand for in `text`.
fn parts(annotations: &Value, text: &str, offsets: Offsets) -> Vec<Option<String>> {
    let annotations = annotations.as_array().unwrap().iter();
    annotations
        .map(|a| part(text, [&a["original_begin"], &a["original_end"]], offsets))
        .collect()
}

fn owned(expected: &[&str]) -> Vec<Option<String>> {
    expected.iter().map(|s| Some((*s).to_owned())).collect()
}

const TEXT: &str = " \n Größe  \t 😀  ist\n\nviel. Und\n\n\nÉs ";

#[test]
fn every_column_leads_back_in_every_unit() {
    let input = batch(&[("text", texts(&[Some("x  y"), Some(TEXT), None, Some(" ")]))]);
    let pipeline = embed("shrink").then(SentenceEmbeddings {
        input_cols: vec!["sentence".into(), "embeddings".into()],
        ..Default::default()
    });
    for offsets in OFFSETS {
        let found = leave(&pipeline, Layout::Nested(offsets), &input);
        let of = |row: usize, column: &str, text| parts(&found[row][column], text, offsets);
        let sentences = owned(&["Größe  \t 😀  ist\n\nviel.", "Und\n\n\nÉs"]);
        assert_eq!(of(1, "document", TEXT), owned(&[TEXT.trim()]));
        assert_eq!(of(1, "sentence", TEXT), sentences);
        assert_eq!(of(1, "sentence_embeddings", TEXT), sentences);
        let tokens = ["Größe", "😀", "ist", "viel", ".", "Und", "És"];
        assert_eq!(of(1, "token", TEXT), owned(&tokens));
        // Results are lower-cased; a word that the model does not know has a vector too.
        assert_eq!(of(1, "embeddings", TEXT), owned(&tokens));
        assert_eq!(of(0, "token", "x  y"), owned(&["x", "y"]));
        assert_eq!(found[2]["token"], Value::Null);
        assert_eq!(of(3, "document", " "), owned(&[""]));
    }
    let found = leave(&pipeline, Layout::Nested(Offsets::Utf16), &input);
    assert_eq!(
        found[1]["token"][1],
        json!({ "begin": 6, "end": 8, "original_begin": 12, "original_end": 14, "sentence": 0, "result": "😀" })
    );
}

#[test]
fn without_cleanup_they_are_begin_and_end() {
    let text = "Größe 😀 ist. Ja";
    let input = batch(&[("text", texts(&[Some(text)]))]);
    for offsets in OFFSETS {
        for row in leave(&some("disabled", 3), Layout::Nested(offsets), &input) {
            let tokens = row["token"].as_array().unwrap();
            assert_eq!(tokens.len(), 5);
            for token in tokens {
                assert_eq!(token["original_begin"], token["begin"]);
                assert_eq!(token["original_end"], token["end"]);
                assert!(token["begin"].is_number());
            }
        }
    }
}

#[test]
fn tokens_of_random_texts_are_found_again() {
    let parts = [
        " ", "  ", "\n", "\t ", r"\n", r"\t", r"\r\n", "\\", "é", "Größe", "😀", "a.", "U.S. ",
        "(b) ", "1. ",
    ];
    let mut state = 1u64;
    let mut below = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut text = || -> String {
        let n = below(40);
        let part = |_| parts[usize::try_from(below(parts.len() as u64)).unwrap()];
        (0..n).map(part).collect()
    };
    let own: Vec<String> = (0..100).map(|_| text()).collect();
    let column: Vec<Option<&str>> = own.iter().map(|s| Some(s.as_str())).collect();
    let input = batch(&[("text", texts(&column))]);
    let (mut same, mut shorter) = (0, 0);
    for mode in CleanupMode::ALL {
        for offsets in OFFSETS {
            let found = leave(&some(mode.as_str(), 3), Layout::Nested(offsets), &input);
            for (row, text) in found.iter().zip(&own) {
                for token in row["token"].as_array().unwrap() {
                    let places = [&token["original_begin"], &token["original_end"]];
                    let Some(found) = part(text, places, offsets) else {
                        continue;
                    };
                    let result = token["result"].as_str().unwrap();
                    if found == result {
                        same += 1;
                    } else {
                        // What was deleted inside a word is inside its original.
                        assert_eq!(mode, CleanupMode::DeleteFull, "{result:?} of {text:?}");
                        let deleted = [r"\r\n", r"\n", r"\t"].iter();
                        let found = deleted.fold(found, |text, part| text.replace(part, ""));
                        assert_eq!(found, result, "{text:?}");
                        shorter += 1;
                    }
                }
            }
        }
    }
    assert!(same > 20_000 && shorter > 100, "{same} {shorter}");
}

#[test]
fn each_row_of_the_rows_layout_leads_back() {
    let mut pipeline = some("delete_full", 3);
    set(&mut pipeline, 1, "explode_sentences", true.into());
    let text = r"\n Eins.\n  Zwei\t\ndrei. ";
    let input = batch(&[("text", texts(&[None, Some(text)]))]);
    for offsets in OFFSETS {
        let found = leave(&pipeline, Layout::Rows(offsets), &input);
        let found: Vec<_> = found
            .iter()
            .map(|row| {
                part(
                    text,
                    [&row["original_begin"], &row["original_end"]],
                    offsets,
                )
            })
            .collect();
        assert_eq!(found, owned(&["Eins", ".", r"Zwei\t\ndrei", "."]));
    }
}

#[test]
fn texts_of_a_list_lead_back_to_their_own() {
    let mut lists = ListBuilder::new(StringBuilder::new());
    let own = ["  é  b", "c \n d"];
    lists.append_value([Some("unused"), None].into_iter().take(1));
    lists.append_value(own.map(Some));
    let input = batch(&[("text", Arc::new(lists.finish()) as _)]);
    for offsets in OFFSETS {
        let found = leave(&some("shrink", 3), Layout::Nested(offsets), &input);
        for token in found[1]["token"].as_array().unwrap() {
            let text = own[usize::try_from(token["document"].as_u64().unwrap()).unwrap()];
            let found = part(
                text,
                [&token["original_begin"], &token["original_end"]],
                offsets,
            );
            assert_eq!(found.as_deref(), token["result"].as_str());
        }
        assert_eq!(found[1]["token"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn they_survive_stages_that_overwrite_the_document() {
    let mut pipeline = some("shrink", 3);
    set(&mut pipeline, 1, "output_col", "document".into());
    set(&mut pipeline, 2, "input_cols", json!(["document"]));
    let pipeline = pipeline.then(StopWordsCleaner {
        output_col: Some("token".into()),
        stop_words: Some(vec!["und".into()]),
        ..Default::default()
    });
    let input = batch(&[("text", texts(&[Some(TEXT)]))]);
    for offsets in OFFSETS {
        let found = leave(&pipeline, Layout::Nested(offsets), &input);
        let tokens = owned(&["Größe", "😀", "ist", "viel", ".", "És"]);
        assert_eq!(parts(&found[0]["token"], TEXT, offsets), tokens);
    }
}

#[test]
fn chunks_lead_back() {
    let pipeline = some("inplace_full", 1).then(Doc2Chunk {
        input_cols: Some(vec!["document".into()]),
        output_col: Some("chunk".into()),
        chunk_col: Some("name".into()),
        ..Default::default()
    });
    let text = r"Ä\r\nAda Lovelace\tschrieb";
    let columns = [
        ("text", texts(&[Some(text)])),
        ("name", texts(&[Some("Lovelace schrieb")])),
    ];
    let found = leave(&pipeline, Layout::Nested(Offsets::Char), &batch(&columns));
    let expected = owned(&[r"Lovelace\tschrieb"]);
    assert_eq!(parts(&found[0]["chunk"], text, Offsets::Char), expected);
}

#[test]
fn text_that_does_not_stand_in_the_document_has_no_place() {
    let mut pipeline = some("shrink", 3).then(Normalizer {
        output_col: Some("normal".into()),
        ..Default::default()
    });
    let text = "  O'Neill \t left2";
    let input = batch(&[("text", texts(&[Some(text)]))]);
    let found = leave(&pipeline, Layout::Nested(Offsets::Char), &input);
    let normal = &found[0]["normal"];
    assert_eq!(
        [&normal[0]["result"], &normal[1]["result"]],
        ["ONeill", "left"]
    );
    let expected = [None, Some("left".to_owned())];
    assert_eq!(parts(normal, text, Offsets::Char), expected);
    let found = leave(&pipeline, Layout::Spark, &input);
    let metadata = |n: usize| found[0]["normal"][n]["metadata"].clone();
    assert_eq!(metadata(0), json!({ "sentence": "0" }));
    let places = json!({ "sentence": "0", "original_begin": "12", "original_end": "15" });
    assert_eq!(metadata(1), places);
    let session = Session::builder().jobs(1).build().unwrap();
    set(&mut pipeline, 0, "input_col", "other".into());
    let light = session.load(&pipeline).unwrap().annotate(text).unwrap();
    let light = light["normal"].iter();
    let light: Vec<_> = light.map(|a| (a.original_begin, a.original_end)).collect();
    assert_eq!(light, [(None, None), (Some(12), Some(16))]);
}

#[test]
fn carried_metadata_of_their_names_is_not_mixed_with_them() {
    let mut pipeline = some("shrink", 1);
    set(&mut pipeline, 0, "metadata_col", "m".into());
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for (key, value) in [("original_begin", "mine"), ("k", "v")] {
        maps.keys().append_value(key);
        maps.values().append_value(value);
    }
    maps.append(true).unwrap();
    let input = batch(&[
        ("text", texts(&[Some(" x")])),
        ("m", Arc::new(maps.finish())),
    ]);
    let found = leave(&pipeline, Layout::Spark, &input);
    assert_eq!(
        found[0]["document"][0]["metadata"],
        json!({ "k": "v", "sentence": "0", "original_begin": "1", "original_end": "1" })
    );
    // The nested layout keeps both apart.
    let found = leave(&pipeline, Layout::Nested(Offsets::Char), &input);
    assert_eq!(
        found[0]["document"][0]["metadata"]["original_begin"],
        "mine"
    );
    assert_eq!(found[0]["document"][0]["original_begin"], 1);
}

#[test]
fn spark_has_them_in_the_metadata() {
    let input = batch(&[("text", texts(&[Some(TEXT), None]))]);
    let found = leave(&some("shrink", 3), Layout::Spark, &input);
    assert_eq!(
        found[0]["token"][1],
        json!({ "annotatorType": "token", "begin": 6, "end": 7, "result": "😀", "embeddings": [],
            "metadata": { "sentence": "0", "original_begin": "12", "original_end": "13" } })
    );
    assert_eq!(
        found[1]["document"][0]["metadata"],
        json!({ "sentence": "0", "original_begin": "0", "original_end": "-1" })
    );
}

#[test]
fn single_texts_have_them_as_options() {
    let session = Session::builder().jobs(1).build().unwrap();
    let annotate = |pipeline: &Pipeline, column: &str| {
        let model = session.load(pipeline).unwrap();
        let found = model.annotate(TEXT).unwrap().remove(column).unwrap();
        let places = found.iter().map(|a| (a.original_begin, a.original_end));
        places.collect::<Vec<_>>()
    };
    let pipeline = some("shrink", 3);
    let expected = [
        (3, 8),
        (12, 14),
        (16, 19),
        (21, 25),
        (25, 26),
        (27, 30),
        (33, 35),
    ];
    let expected = expected.map(|(begin, end)| (Some(begin), Some(end)));
    assert_eq!(annotate(&pipeline, "token"), expected);
    let finished = pipeline.then(Finisher {
        input_cols: Some(vec!["token".into()]),
        ..Default::default()
    });
    assert_eq!(annotate(&finished, "token"), expected);
    let mut without = some("shrink", 2);
    set(&mut without, 0, "keep_original_offsets", false.into());
    assert_eq!(annotate(&without, "sentence"), [(None, None); 2]);
}

#[test]
fn slices_of_a_batch_leave_as_they_would_alone() {
    let session = Session::builder().jobs(1).build().unwrap();
    let model = session.load(&some("shrink", 3)).unwrap();
    let own = ["one  two", " é  f", "  g"];
    let lean = model
        .transform(&batch(&[("text", texts(&own.map(Some)))]))
        .unwrap();
    for offsets in OFFSETS {
        let layout = Layout::Nested(offsets);
        let columns = None;
        let border = Border { layout, columns }.bind(lean.schema_ref()).unwrap();
        let rows = InputRows::starting_at(1);
        let out = border.apply(&lean.slice(1, 1), &rows).unwrap();
        let tokens = &hearth_testkit::rows(&out)[0]["token"];
        assert_eq!(parts(tokens, own[1], offsets), owned(&["é", "f"]));
    }
}

#[test]
fn without_the_text_there_is_no_way_back() {
    let session = Session::builder().jobs(1).build().unwrap();
    let model = session.load(&some("shrink", 1)).unwrap();
    let lean = model.transform(&batch(&[("text", texts(&[Some(" x")]))]));
    let lean = lean.unwrap().project(&[1]).unwrap();
    let expected = [
        (Layout::Nested(Offsets::Byte), json!(null)),
        (Layout::Spark, json!({ "sentence": "0" })),
    ];
    for (layout, expected) in expected {
        let columns = None;
        let border = Border { layout, columns }.bind(lean.schema_ref()).unwrap();
        let out = border.apply(&lean, &InputRows::starting_at(0)).unwrap();
        let document = &rows(&out)[0]["document"][0];
        let found = match layout {
            Layout::Spark => &document["metadata"],
            _ => &document["original_begin"],
        };
        assert_eq!(found, &expected);
    }
}

#[test]
fn a_stage_that_replaces_the_text_is_refused() {
    let input = batch(&[("text", texts(&[Some("x")]))]);
    let session = Session::builder().jobs(1).build().unwrap();
    let refused = |pipeline: &Pipeline| {
        let model = session.load(pipeline).unwrap();
        model.bind(input.schema_ref()).unwrap_err().to_string()
    };
    for stage in [0, 1] {
        let mut pipeline = some("shrink", 2);
        set(&mut pipeline, stage, "output_col", "text".into());
        if stage == 0 {
            set(&mut pipeline, 1, "input_cols", json!(["text"]));
        }
        let error = refused(&pipeline);
        assert!(
            error.contains("keep_original_offsets leads back to the text in column 'text', and the stage that makes 'text'"),
            "{error}"
        );
    }
}

#[test]
fn nothing_is_said_of_them_unless_asked_for() {
    let mut pipeline = some("shrink", 3);
    set(&mut pipeline, 0, "keep_original_offsets", false.into());
    let input = batch(&[("text", texts(&[Some("  x")]))]);
    for (layout, expected) in [
        (
            Layout::Nested(Offsets::Char),
            json!({ "begin": 0, "end": 1, "sentence": 0, "result": "x" }),
        ),
        (
            Layout::Spark,
            json!({ "annotatorType": "token", "begin": 0, "end": 0, "result": "x",
                "metadata": { "sentence": "0" }, "embeddings": [] }),
        ),
    ] {
        assert_eq!(leave(&pipeline, layout, &input)[0]["token"][0], expected);
    }
}
