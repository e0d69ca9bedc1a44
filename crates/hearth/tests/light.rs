//! Single texts: what Spark NLP's LightPipeline answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use hearth::{Annotation, Pipeline, PipelineModel, Session};
use hearth_testkit::data;
use serde_json::{Map, Value, json};

fn lines(name: &str) -> Vec<Value> {
    let path = data().join(format!("golden/spark-nlp-5.5.3/{name}.jsonl.gz"));
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let lines = text.lines().skip(1);
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn load(pipeline: &Pipeline) -> PipelineModel {
    let session = Session::builder().jobs(2).build().unwrap();
    session.load(pipeline).unwrap()
}

fn embed() -> Pipeline {
    Pipeline::embed("text", data().join("models/tiny_cased"))
}

/// As the goldens write `fullAnnotate`: `[begin, end, result, metadata]`, `end` inclusive.
fn full(found: &BTreeMap<String, Vec<Annotation>>) -> Value {
    let one = |a: &Annotation| json!([a.begin, a.end - 1, a.result, a.metadata]);
    let column = |(name, all): (&String, &Vec<Annotation>)| {
        (name.clone(), all.iter().map(one).collect::<Value>())
    };
    Value::Object(found.iter().map(column).collect::<Map<_, _>>())
}

/// As `annotate`: the results alone.
fn results(found: &BTreeMap<String, Vec<Annotation>>) -> Value {
    let column = |(name, all): (&String, &Vec<Annotation>)| {
        let results = all.iter().map(|a| json!(a.result));
        (name.clone(), results.collect::<Value>())
    };
    Value::Object(found.iter().map(column).collect::<Map<_, _>>())
}

#[test]
fn texts_one_by_one_and_together_are_equal_to_spark() {
    let texts = std::fs::read_to_string(data().join("golden/spark-nlp-5.5.3/texts.jsonl")).unwrap();
    let texts: BTreeMap<String, String> = texts
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|row| Some((row["id"].as_str()?.into(), row["text"].as_str()?.into())))
        .collect();
    let golden = lines("light.default");
    assert!(golden.len() > 100, "{}", golden.len());
    let of = |row: &Value| texts[row["id"].as_str().unwrap()].as_str();
    let model = load(&embed());
    let together = model
        .annotate_all(&golden.iter().map(of).collect::<Vec<_>>())
        .unwrap();
    for (row, found) in golden.iter().zip(&together) {
        assert_eq!(full(found), row["fullAnnotate"], "{}", row["id"]);
        assert_eq!(results(found), row["annotate"], "{}", row["id"]);
    }
    for (row, found) in golden.iter().zip(&together).step_by(10) {
        assert_eq!(&model.annotate(of(row)).unwrap(), found, "{}", row["id"]);
    }
}

#[test]
fn calls_are_equal_to_spark() {
    let calls = lines("light.calls");
    let call = |name: &str| &calls.iter().find(|line| line["call"] == name).unwrap()["value"];
    let model = load(&embed());
    let list = model.annotate_all(&["One. Two.", "", "Three"]).unwrap();
    assert_eq!(&list.iter().map(results).collect::<Value>(), call("list"));
    assert_eq!(&results(&model.annotate("One. Two.").unwrap()), call("one"));
    let list = model.annotate_all(&["One. Two.", ""]).unwrap();
    assert_eq!(&list.iter().map(full).collect::<Value>(), call("full_list"));
    let one = model.annotate("Only this.").unwrap();
    assert_eq!(&full(&one), call("full_with_document"));
    assert!(model.annotate_all(&[]).unwrap().is_empty());
}

#[test]
fn vectors_are_those_of_transform() {
    let model = load(&embed());
    let text = "One. Two.";
    let column = arrow::array::StringArray::from(vec![text]);
    let batch =
        arrow::array::RecordBatch::try_from_iter([("text", std::sync::Arc::new(column) as _)]);
    let rows = hearth_testkit::rows(&model.transform(&batch.unwrap()).unwrap());
    for (n, token) in model.annotate(text).unwrap()["embeddings"]
        .iter()
        .enumerate()
    {
        let expected = rows[0]["embeddings"][n]["vector"].as_array().unwrap();
        let vector = token
            .vector
            .iter()
            .map(|x| json!(x.to_string().parse::<f64>().unwrap()));
        assert!(vector.eq(expected.iter().cloned()), "token {n}");
        assert_eq!(token.vector.len(), 32);
    }
}

#[test]
fn id_and_metadata_are_left_aside_and_rows_not_exploded() {
    // Recorded: LightPipeline gives the two sentences in one result, and documents without metadata.
    let mut pipeline = embed();
    pipeline.stages.truncate(3);
    let document = &mut pipeline.stages[0].parameters;
    document.insert("id_col".into(), "id".into());
    document.insert("metadata_col".into(), "m".into());
    let sentence = &mut pipeline.stages[1].parameters;
    sentence.insert("explode_sentences".into(), true.into());
    let found = load(&pipeline).annotate("One. Two.").unwrap();
    assert_eq!(full(&found)["document"], json!([[0, 8, "One. Two.", {}]]));
    assert_eq!(
        full(&found)["sentence"],
        json!([[0, 3, "One.", { "sentence": "0" }], [5, 8, "Two.", { "sentence": "1" }]])
    );
}

#[test]
fn a_finisher_leaves_the_columns_it_reads_under_their_names() {
    let mut pipeline = embed();
    pipeline.stages.truncate(3);
    let finished = pipeline.then(hearth::stages::Finisher {
        input_cols: Some(vec!["token".into()]),
        output_cols: vec!["t".into()],
        ..Default::default()
    });
    let found = load(&finished).annotate("One. Two.").unwrap();
    assert_eq!(
        results(&found),
        json!({ "token": ["One", ".", "Two", "."] })
    );
}

#[test]
fn a_stage_that_reads_other_columns_says_so() {
    let mut pipeline = embed();
    pipeline.stages.truncate(1);
    let chunks = pipeline.then(hearth::stages::Doc2Chunk {
        input_cols: Some(vec!["document".into()]),
        output_col: Some("chunk".into()),
        chunk_col: Some("names".into()),
        ..Default::default()
    });
    let error = load(&chunks).annotate("One.").unwrap_err().to_string();
    assert!(
        error.contains("'names'") && error.contains("Doc2Chunk_chunk"),
        "{error}"
    );
}
