//! `hearth run` with pipelines that Spark NLP 5.5.3 saved, against what it answered itself.

use std::fs;

use hearth_testkit::{Case, Tolerance, case_names, data};

use crate::{Workplace, arg, json_rows, text};

/// Runs the saved pipeline of this name over the input of a case, and compares.
fn compare(place: &Workplace, saved: &str, case: &Case) {
    let lines = case
        .input_rows(&data().join("golden/spark-nlp-5.5.3"))
        .into_iter()
        .map(|row| serde_json::Value::Object(row).to_string() + "\n");
    place.write("in.jsonl", lines.collect::<String>());
    let saved = data().join("archives").join(saved);
    let output = place.ok([
        "run",
        arg(&saved),
        "in.jsonl",
        "--layout",
        "spark",
        "-o",
        "-",
        "-q",
    ]);
    case.compare(&json_rows(&output.stdout), Tolerance::default())
        .unwrap_or_else(|e| panic!("{}: {e}", saved.display()));
}

#[test]
fn saved_pipelines_give_sparks_answers() {
    let place = Workplace::new();
    let goldens = data().join("archives/golden");
    let names = case_names(&goldens);
    assert_eq!(names.len(), 7);
    for name in &names {
        compare(&place, name, &Case::load(&goldens, name));
    }
    let goldens = data().join("golden/spark-nlp-5.5.3");
    let case = Case::load(&goldens, "token.default");
    compare(&place, "pipeline_model_tokens", &case);
    compare(&place, "pipeline_unfitted", &case);
    // Its model is read where it lies, inside the zip.
    let case = Case::load(&goldens, "bert.cased.onnx.max128.batch8");
    compare(&place, "pipeline_model_onnx.zip", &case);
}

#[test]
fn an_unknown_stage_ends_the_command_or_is_skipped_with_a_warning() {
    let place = Workplace::new();
    let line = r#"{"class":"a.b.NerDLModel","uid":"NerDLModel_1","paramMap":{}}"#;
    place.write("p/metadata/part-00000", line);
    place.write("in.jsonl", "{\"text\":\"A b.\"}\n");
    let said = place.fails(2, ["run", "p", "in.jsonl", "-o", "-"]);
    assert!(
        said.contains("a.b.NerDLModel") && said.contains("--ignore-unknown-stages"),
        "{said}"
    );
    let output = place.ok(["run", "p", "in.jsonl", "-o", "-", "--ignore-unknown-stages"]);
    assert!(text(&output.stderr).contains("NerDLModel_1"));
    assert_eq!(text(&output.stdout), "{\"text\":\"A b.\"}\n");
}

#[test]
fn what_is_no_pipeline_is_named() {
    let place = Workplace::new();
    fs::create_dir(place.path("empty")).unwrap();
    place.write("in.jsonl", "{\"text\":\"A b.\"}\n");
    let said = place.fails(2, ["run", "empty", "in.jsonl", "-o", "-"]);
    assert!(said.contains("metadata/part-00000"), "{said}");
    place.write("p.yaml", "");
    let said = place.fails(2, ["run", "p.yaml", "in.jsonl", "-o", "-"]);
    assert!(said.contains("neither .toml nor .json"), "{said}");
}
