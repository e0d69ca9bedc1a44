//! Odd parameters, through the Rust door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth::{Pipeline, Session};
use hearth_testkit::{OddParameter, failing_jobs, odd_parameters};
use serde_json::{Value, json};

/// `[begin, end, result]` of the stage's annotations, `end` inclusive, or what it failed with.
fn answer(pipeline: &str, column: &str, text: &str) -> Result<Vec<Value>, String> {
    let pipeline = Pipeline::from_json(pipeline, "p.json").unwrap();
    let session = Session::builder().jobs(1).build().unwrap();
    let model = session.load(&pipeline).map_err(|e| e.to_string())?;
    let found = model.annotate(text).map_err(|e| e.to_string())?;
    let short = found[column].iter();
    Ok(short
        .map(|a| json!([a.begin, a.end - 1, a.result]))
        .collect())
}

fn answer_to(case: &OddParameter) -> Result<Vec<Value>, String> {
    answer(&case.pipeline(), case.output_col(), case.text)
}

#[test]
fn answers_are_sparks() {
    for case in odd_parameters() {
        let found = answer_to(&case);
        case.compare(found.as_deref().map_err(String::as_str))
            .unwrap();
    }
}

#[test]
fn what_fails_in_sparks_jobs_fails_here() {
    for (case, expected) in failing_jobs() {
        let error = answer_to(&case).unwrap_err();
        assert!(error.starts_with(expected), "{}: {error}", case.name);
    }
}

#[test]
fn files_of_exceptions_are_refused_by_name() {
    let stage = json!({ "type": "tokenizer", "exceptions_path": "words.txt" });
    let document = json!({ "type": "document_assembler", "input_col": "text" });
    let pipeline = json!({ "stage": [document, stage] }).to_string();
    assert_eq!(
        answer(&pipeline, "token", "x").unwrap_err(),
        "p.json:1: exceptions_path: no files are read here; put the lines of the file into exceptions"
    );
}
