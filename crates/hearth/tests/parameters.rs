//! What Spark NLP said to odd parameters: `errors.jsonl.gz` of the goldens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use hearth::{Pipeline, Session};
use hearth_testkit::{data, mask_names};
use serde_json::{Value, json};

fn recorded() -> BTreeMap<String, Value> {
    let path = data().join("golden/spark-nlp-5.5.3/errors.jsonl.gz");
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let cases = text.lines().map(|line| {
        let case: Value = serde_json::from_str(line).unwrap();
        (case["case"].as_str().unwrap().to_owned(), case)
    });
    cases.collect()
}

/// `[[begin, end, result]]` of the last stage, `end` inclusive, or what it failed with.
fn answer(last: &Value, text: &str) -> Result<Value, String> {
    let document = json!({ "type": "document_assembler", "input_col": "text" });
    let mut stages = vec![document];
    if *last != Value::Null {
        stages.push(last.clone());
    }
    let pipeline = json!({ "stage": stages }).to_string();
    let pipeline = Pipeline::from_json(&pipeline, "p.json").unwrap();
    let session = Session::builder().jobs(1).build().unwrap();
    let model = session.load(&pipeline).map_err(|e| e.to_string())?;
    let found = model.annotate(text).map_err(|e| e.to_string())?;
    let name = last.get("output_col").and_then(Value::as_str);
    let found = &found[name.unwrap_or("token")];
    let short = found.iter().map(|a| json!([a.begin, a.end - 1, a.result]));
    Ok(Value::Array(vec![short.collect()]))
}

fn sentence(key: &str, value: Value) -> Value {
    json!({ "type": "sentence_detector", "input_cols": ["document"], "output_col": "sentence", key: value })
}

fn token(key: &str, value: Value) -> Value {
    json!({ "type": "tokenizer", "input_cols": ["document"], "output_col": "token", key: value })
}

fn both(mut stage: Value, key: &str, value: Value) -> Value {
    stage[key] = value;
    stage
}

#[test]
fn answers_are_sparks() {
    let recorded = recorded();
    let bounds = |strategy: &str| {
        both(
            sentence("custom_bounds", json!([","])),
            "custom_bounds_strategy",
            json!(strategy),
        )
    };
    let cases = [
        ("param.strategy_none", bounds("none"), "x y."),
        ("param.strategy_bogus", bounds("bogus"), "x y."),
        (
            "param.bounds_badregex",
            sentence("custom_bounds", json!(["("])),
            "x y.",
        ),
        (
            "param.sd_minlength",
            sentence("min_length", json!(-1)),
            "x y.",
        ),
        (
            "param.sd_maxlength",
            both(sentence("min_length", json!(10)), "max_length", json!(5)),
            "x y.",
        ),
        (
            "param.sentence_two_inputs_jvm",
            sentence("input_cols", json!(["document", "document"])),
            "x y.",
        ),
        ("param.no_inputcols", json!({ "type": "tokenizer" }), "x y."),
        (
            "param.no_inputcols_bert",
            json!({ "type": "sentence_detector", "output_col": "sentence" }),
            "x y.",
        ),
        (
            "param.no_outputcol_sentence",
            json!({ "type": "sentence_detector", "input_cols": ["document"] }),
            "x y.",
        ),
        (
            "param.tk_prefix",
            token("prefix_pattern", json!("x")),
            "x y.",
        ),
        (
            "param.tk_suffix",
            token("suffix_pattern", json!("x")),
            "x y.",
        ),
        (
            "param.tk_infix",
            token("infix_patterns", json!(["x"])),
            "x y.",
        ),
        (
            "param.tk_ctx_long",
            token("context_chars", json!(["ab"])),
            "x y.",
        ),
        (
            "param.tk_ctx_empty",
            token("context_chars", json!([])),
            "x y.",
        ),
        (
            "param.tk_split_long",
            token("split_chars", json!(["ab"])),
            "x y.",
        ),
        ("param.tk_minlength", token("min_length", json!(-1)), "x y."),
        (
            "param.tk_maxlength",
            both(token("min_length", json!(10)), "max_length", json!(5)),
            "x y.",
        ),
        (
            "param.exc_backslash",
            token("exceptions", json!(["c:\\\\dir x"])),
            "x c:\\dir x y",
        ),
    ];
    for (name, stage, text) in cases {
        let expected = &recorded[name];
        match (answer(&stage, text), expected.get("error")) {
            (Ok(found), None) => assert_eq!(found, expected["value"], "{name}"),
            (Err(found), Some(error)) => {
                let found = mask_names(&found);
                for line in error["lines"].as_array().unwrap() {
                    let line = line
                        .as_str()
                        .unwrap()
                        .trim_start_matches("java.lang.Exception: ");
                    let line = line.trim_start_matches("java.util.NoSuchElementException: ");
                    assert!(found.contains(line), "{name}: {line:?} is not in {found:?}");
                }
            }
            (found, _) => panic!("{name}: {found:?} where Spark NLP said {expected}"),
        }
    }
}

#[test]
fn what_fails_in_sparks_jobs_fails_here() {
    let recorded = recorded();
    for (name, stage, text, expected) in [
        (
            "param.tk_target_bad",
            token("target_pattern", json!("[")),
            "x y.",
            "p.json:1 (tokenizer): Unclosed character class near index 8",
        ),
        (
            "param.exc_dollar",
            token("exceptions", json!(["US\\$1 bill"])),
            "A US$1 bill here",
            "row 0: REGEX_TOKENIZER_token: No group 1",
        ),
        (
            "param.tk_null_group",
            token("infix_patterns", json!(["(a)|(b)"])),
            "b a",
            "row 0: REGEX_TOKENIZER_token: ",
        ),
    ] {
        assert!(recorded[name].get("error").is_some(), "{name}");
        let error = answer(&stage, text).unwrap_err();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

#[test]
fn files_of_exceptions_are_refused_by_name() {
    let error = answer(&token("exceptions_path", json!("words.txt")), "x").unwrap_err();
    assert_eq!(
        error,
        "p.json:1: exceptions_path: no files are read here; put the lines of the file into exceptions"
    );
}
