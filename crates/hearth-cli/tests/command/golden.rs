//! What Spark NLP answered, through `hearth run --layout spark -o -`.

use hearth_testkit::{
    Case, OddParameter, Tolerance, case_names, data, failing_jobs, odd_parameters,
};
use serde_json::{Value, json};

use crate::{Workplace, arg, json_rows, model, text};

/// Cases that go through the Rust door only: failures listed in the goldens' EXCEPTIONS.md, and vectors as text, which
/// are compared as numbers there.
const RUST_DOOR: [&str; 5] = [
    "finisher.embeddings",
    "input.array_null_row",
    "input.array_nullable",
    "input.metadatacol_null",
    "regextoken.mask",
];

/// The folder of an archive's weights; those from TF1 have GELU's tanh form, and go through the Rust door.
fn weights(case: &Case) -> Option<impl Fn(&str) -> String> {
    let tanh = case
        .head
        .stages
        .iter()
        .any(|stage| stage.model.as_deref().is_some_and(|m| m.contains("tf1")));
    let folder = |archive: &str| archive.split('_').take(2).collect::<Vec<_>>().join("_");
    (!tanh).then_some(move |archive: &str| arg(&model(&folder(archive))).to_owned())
}

#[test]
fn every_case_is_equal() {
    let folder = data().join("golden/spark-nlp-5.5.3");
    let place = Workplace::new();
    let mut equal = 0;
    for name in case_names(&folder)
        .iter()
        .filter(|name| !RUST_DOOR.contains(&name.as_str()))
    {
        let case = Case::load(&folder, name);
        let Some(weights) = weights(&case).filter(|_| case.head.error.is_none()) else {
            continue;
        };
        place.write("p.json", case.pipeline(weights));
        let lines = case
            .input_rows(&folder)
            .into_iter()
            .map(|row| Value::Object(row).to_string() + "\n");
        place.write("in.jsonl", lines.collect::<String>());
        let output = place.ok([
            "run", "p.json", "in.jsonl", "--layout", "spark", "-o", "-", "-q",
        ]);
        case.compare(&json_rows(&output.stdout), Tolerance::default())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        equal += 1;
    }
    assert!(equal > 100, "{equal} cases");
}

#[test]
fn errors_have_sparks_text() {
    let folder = data().join("golden/spark-nlp-5.5.3");
    let place = Workplace::new();
    for name in [
        "input.missing",
        "wrong.bert_no_token",
        "wrong.token_absent",
        "wrong.sentence_from_text",
    ] {
        let case = Case::load(&folder, name);
        place.write(
            "p.json",
            case.pipeline(|_| arg(&model("tiny_cased")).to_owned()),
        );
        let lines = case
            .input_rows(&folder)
            .into_iter()
            .map(|row| Value::Object(row).to_string() + "\n");
        place.write("in.jsonl", lines.collect::<String>());
        let output = place.run(["run", "p.json", "in.jsonl", "-o", "out.parquet"]);
        assert_eq!(output.status.code(), Some(2));
        case.compare_error(&text(&output.stderr))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!place.path("out.parquet").exists());
    }
}

fn run_odd(place: &Workplace, case: &OddParameter) -> std::process::Output {
    place.write("p.json", case.pipeline());
    place.write("in.jsonl", json!({ "text": case.text }).to_string());
    place.run([
        "run", "p.json", "in.jsonl", "--layout", "spark", "-o", "-", "-q",
    ])
}

#[test]
fn odd_parameters_have_sparks_answer() {
    let place = Workplace::new();
    for case in odd_parameters() {
        let output = run_odd(&place, &case);
        let said = text(&output.stderr);
        if !output.status.success() {
            assert_eq!(output.status.code(), Some(2), "{}: {said}", case.name);
            assert_eq!(text(&output.stdout), "", "{}", case.name);
            case.compare(Err(&said)).unwrap();
            continue;
        }
        let rows = json_rows(&output.stdout);
        let found = rows[0][case.output_col()].as_array().unwrap();
        let short = |a: &Value| json!([a["begin"], a["end"], a["result"]]);
        let found: Vec<_> = found.iter().map(short).collect();
        case.compare(Ok(&found)).unwrap();
    }
}

#[test]
fn what_fails_in_sparks_jobs_fails_here() {
    let place = Workplace::new();
    for (case, expected) in failing_jobs() {
        let output = run_odd(&place, &case);
        let said = text(&output.stderr);
        assert!(said.contains(expected), "{}: {said}", case.name);
        // A pattern is looked at before any row is, a group when a row asks for it.
        let code = if expected.starts_with("row") { 1 } else { 2 };
        assert_eq!(output.status.code(), Some(code), "{}: {said}", case.name);
    }
}
