//! What Spark NLP said to odd parameters: `errors.jsonl.gz` of the goldens.
//!
//! Cases that are errors of Spark NLP's Python wrapper alone, and those of models and their import, are not here.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::{data, mask_names};

/// A stage with an odd parameter behind a DocumentAssembler, and a text for it.
#[derive(Debug)]
pub struct OddParameter {
    /// The case's name in the goldens.
    pub name: &'static str,
    /// The text that was annotated.
    pub text: &'static str,
    stage: Value,
    recorded: Value,
}

/// Cases in which values and messages are Spark NLP's.
#[must_use]
pub fn odd_parameters() -> Vec<OddParameter> {
    let bounds = |strategy: &str| {
        both(
            sentence("custom_bounds", json!([","])),
            "custom_bounds_strategy",
            json!(strategy),
        )
    };
    let mut recorded = recorded();
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
    let cases = cases.into_iter();
    cases
        .map(|(name, stage, text)| OddParameter::new(name, stage, text, &mut recorded))
        .collect()
}

/// Cases that fail inside Spark's jobs, whose traces say little, and how the message here begins. The pipeline is in a
/// file `p.json`.
#[must_use]
pub fn failing_jobs() -> Vec<(OddParameter, &'static str)> {
    let mut recorded = recorded();
    let cases = [
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
    ];
    let cases = cases.into_iter();
    cases
        .map(|(name, stage, text, message)| {
            let case = OddParameter::new(name, stage, text, &mut recorded);
            assert!(case.fails(), "{name} does not fail in Spark");
            (case, message)
        })
        .collect()
}

impl OddParameter {
    fn new(
        name: &'static str,
        stage: Value,
        text: &'static str,
        recorded: &mut BTreeMap<String, Value>,
    ) -> Self {
        let recorded = recorded.remove(name).expect("a case of the goldens");
        Self {
            name,
            text,
            stage,
            recorded,
        }
    }

    /// The pipeline as JSON.
    #[must_use]
    pub fn pipeline(&self) -> String {
        let document = json!({ "type": "document_assembler", "input_col": "text" });
        json!({ "stage": [document, self.stage] }).to_string()
    }

    /// The column of the stage.
    #[must_use]
    pub fn output_col(&self) -> &str {
        let given = self.stage.get("output_col").and_then(Value::as_str);
        given.unwrap_or("token")
    }

    /// Whether Spark NLP failed.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.recorded.get("error").is_some()
    }

    /// Compares the annotations `[begin, end, result]` of the text, `end` inclusive, or the message of a failure.
    ///
    /// # Errors
    /// What differs.
    pub fn compare(&self, found: Result<&[Value], &str>) -> Result<(), String> {
        match (found, self.recorded.get("error")) {
            (Ok(found), None) if json!([found]) == self.recorded["value"] => Ok(()),
            (Err(found), Some(error)) => {
                let found = mask_names(found);
                let lines = error["lines"].as_array().into_iter().flatten();
                for line in lines.filter_map(Value::as_str) {
                    let line = line.trim_start_matches("java.lang.Exception: ");
                    let line = line.trim_start_matches("java.util.NoSuchElementException: ");
                    if !found.contains(line) {
                        return Err(format!("{}: {line:?} is not in {found:?}", self.name));
                    }
                }
                Ok(())
            }
            (found, _) => Err(format!(
                "{}: {found:?} where Spark NLP said {}",
                self.name, self.recorded
            )),
        }
    }
}

fn recorded() -> BTreeMap<String, Value> {
    let path = data().join("golden/spark-nlp-5.5.3/errors.jsonl.gz");
    let file = std::fs::File::open(&path).expect("the goldens");
    let mut text = String::new();
    GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("a gzip file of text");
    let cases = text.lines().map(|line| {
        let case: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = case["case"].as_str().expect("a case's name").to_owned();
        (name, case)
    });
    cases.collect()
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
