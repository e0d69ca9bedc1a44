//! What Spark NLP answered, through `hearth run --layout spark -o -`.

use hearth_testkit::{Case, Tolerance, case_names, data};

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
            .map(|row| serde_json::Value::Object(row).to_string() + "\n");
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
            .map(|row| serde_json::Value::Object(row).to_string() + "\n");
        place.write("in.jsonl", lines.collect::<String>());
        let output = place.run(["run", "p.json", "in.jsonl", "-o", "out.parquet"]);
        assert_eq!(output.status.code(), Some(2));
        case.compare_error(&text(&output.stderr))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!place.path("out.parquet").exists());
    }
}
