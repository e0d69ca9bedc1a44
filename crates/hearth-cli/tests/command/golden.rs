//! What Spark NLP answered, through `hearth run --layout spark -o -`.

use hearth_testkit::{Case, Tolerance, data};

use crate::{Workplace, arg, json_rows, model, text};

/// The cases of the main job; all others go through the Rust door.
const CASES: [&str; 12] = [
    "doc.default",
    "doc.disabled",
    "doc.shrink",
    "sentence.default",
    "token.default",
    "bert.cased.onnx.max128.batch8",
    "bert.cased.onnx.max512.batch8",
    "bert.uncased.onnx.max128.batch1",
    "bert.edge.batch8",
    "bert.edge.max512",
    "bert.max1",
    "input.int",
];

#[test]
fn main_cases_are_equal() {
    let folder = data().join("golden/spark-nlp-5.5.3");
    let place = Workplace::new();
    for name in CASES {
        let case = Case::load(&folder, name);
        let archive = |archive: &str| arg(&model(&archive.replace("_onnx", ""))).to_owned();
        place.write("p.json", case.pipeline(archive));
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
    }
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
