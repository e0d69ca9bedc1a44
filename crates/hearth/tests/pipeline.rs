//! Pipelines as data: files, places in errors, what is refused before any data.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use hearth::annotation::Annotations;
use hearth::border::{Border, Layout, Offsets};
use hearth::{Pipeline, Precision, Session};
use hearth_testkit::data;

fn session() -> Session {
    Session::builder().jobs(1).build().unwrap()
}

const TOKENS: &str = r#"
[[stage]]
type = "document_assembler"
input_col = "text"

[[stage]]
type = "sentence_detector"
input_cols = ["document"]
output_col = "sentence"
detect_lists = false

[[stage]]
type = "tokenizer"
input_cols = ["sentence"]
"#;

#[test]
fn toml_and_json_are_the_same_value() {
    let toml = Pipeline::from_toml(TOKENS, "p.toml").unwrap();
    let json = Pipeline::from_json(&toml.to_json(), "p.json").unwrap();
    assert_eq!(toml, json);
    assert_eq!(
        toml,
        Pipeline::from_toml(&json.to_toml(), "q.toml").unwrap()
    );
    assert!(session().load(&toml).unwrap().notes().is_empty());
}

fn load_error(toml: &str) -> String {
    Pipeline::from_toml(toml, "p.toml")
        .and_then(|p| session().load(&p))
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

#[test]
fn errors_name_file_and_line() {
    let check = |from: &str, to: &str, expected: &str| {
        let error = load_error(&TOKENS.replace(from, to));
        assert!(error.starts_with(expected), "{error}");
    };
    check(
        "detect_lists = false",
        "detectLists = false",
        "p.toml:10: unknown key 'detectLists' in sentence_detector; possible: custom_bounds, custom_bounds_strategy, detect_lists,",
    );
    check(
        "detect_lists = false",
        "detect_lists = \"no\"",
        "p.toml:10: detect_lists: invalid type: string \"no\", expected a boolean",
    );
    check(
        "\"tokenizer\"",
        "\"tokeniser\"",
        "p.toml:13: unknown stage type 'tokeniser'; known: bert_embeddings, chunk_embeddings, doc2_chunk, document_assembler,",
    );
    check(
        "detect_lists = false",
        "custom_bounds = [\"(\"]",
        "p.toml:10: Unclosed group near index 1\n(",
    );
    check(
        "detect_lists = false",
        "custom_bounds_strategy = \"bogus\"",
        "p.toml:10: requirement failed: bogus is not a valid strategy for custom bounds. Possible Values: (none, prepend, append).",
    );
    check("[\"sentence\"]", "[\"sentence\"", "p.toml:14: ");
    check(
        "type = \"tokenizer\"\n",
        "",
        "p.toml:12: a stage needs a 'type'",
    );
    check(
        "input_col = \"text\"",
        "cleanup_mode = \"tidy\"",
        "p.toml:4: Special Character Cleanup supports only: disabled, inplace,",
    );
    check(
        "output_col = \"sentence\"\n",
        "",
        "Failed to find a default value for outputCol (p.toml:6 (sentence_detector))",
    );
    check(
        "input_cols = [\"document\"]\n",
        "",
        "inputCols not provided. Requires columns for document annotators (p.toml:6",
    );
    assert!(load_error("stages = 1").starts_with("p.toml:1: unknown key 'stages'"));
}

#[test]
fn json_errors_name_the_line_too() {
    let text = "{\"stage\": [\n  {\"type\": \"tokenizer\",\n   \"min_length\": \"x\"}]}";
    let pipeline = Pipeline::from_json(text, "p.json").unwrap();
    let error = session().load(&pipeline).unwrap_err().to_string();
    assert!(
        error.starts_with("p.json:3: min_length: invalid type"),
        "{error}"
    );
    assert!(
        Pipeline::from_json("{\"stage\": 5}", "p.json")
            .unwrap_err()
            .to_string()
            .starts_with("p.json:1: ")
    );
}

#[test]
fn parameters_without_effect_are_accepted_with_a_note() {
    let toml = TOKENS.replace("detect_lists = false", "lazy_annotator = false");
    let model = session()
        .load(&Pipeline::from_toml(&toml, "p.toml").unwrap())
        .unwrap();
    assert_eq!(
        model.notes(),
        ["p.toml:6 (sentence_detector): lazy_annotator has no effect: every stage runs"]
    );
}

fn embed_error(key: &str, value: impl Into<serde_json::Value>) -> String {
    let mut pipeline = Pipeline::embed("text", data().join("models/tiny_cased"));
    pipeline.stages[3]
        .parameters
        .insert(key.into(), value.into());
    session().load(&pipeline).unwrap_err().to_string()
}

#[test]
fn bert_parameters_are_checked_with_sparks_texts() {
    assert!(embed_error("max_sentence_length", 513).ends_with("BERT models do not support sequences longer than 512 because of trainable positional embeddings."));
    assert!(
        embed_error("max_sentence_length", 0).ends_with("The maxSentenceLength must be at least 1")
    );
    assert!(embed_error("batch_size", 0).ends_with("batchSize must be greater than 0"));
    assert!(
        embed_error("precision", "f16")
            .contains("unknown precision `f16`: use f32, bf16, int8-mixed or int8")
    );
}

#[test]
fn values_that_only_one_of_the_two_languages_has_are_refused() {
    let toml = |value: &str| {
        let file = format!("[[stage]]\ntype = \"finisher\"\nx = {value}\n");
        Pipeline::from_toml(&file, "p.toml")
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        toml("1979-05-27"),
        "p.toml:3: no parameter is a date or a time; write it in quotes"
    );
    assert_eq!(toml("[1.5, inf]"), "p.toml:3: a number must be finite");
    let json = |value: &str| {
        let file = format!("{{\"stage\": [{{\"type\": \"finisher\",\n\"x\": {value}}}]}}");
        Pipeline::from_json(&file, "p.json")
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        json("[null]"),
        "p.json:2: 'x': null is no value here; leave the key out"
    );
    assert_eq!(
        json("18446744073709551615"),
        "p.json:2: 'x': an integer must be below 2^63"
    );
}

#[test]
fn a_relative_model_path_starts_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = Pipeline::embed("text", PathBuf::from("nowhere/model")).to_toml();
    let file = folder.path().join("p.toml").display().to_string();
    let error = session()
        .load(&Pipeline::from_toml(&pipeline, &file).unwrap())
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.contains(&folder.path().join("nowhere/model").display().to_string()),
        "{cause}"
    );
}

#[test]
fn binding_refuses_before_any_data() {
    let model = session()
        .load(&Pipeline::from_toml(TOKENS, "p.toml").unwrap())
        .unwrap();
    let bind = |field: Field| {
        model
            .bind(&Schema::new(vec![field]))
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        bind(Field::new("body", DataType::Utf8, true)),
        "Dataset does not have any 'text' column (stage DocumentAssembler_document; the columns are: body)"
    );
    let fields = vec![Field::new("a", DataType::Int32, true)];
    assert!(
        bind(Field::new("text", DataType::Struct(fields.into()), true))
            .starts_with("column 'text' has type Struct(")
    );
    assert!(
        bind(Field::new("text", DataType::Binary, true))
            .starts_with("column 'text' has type Binary, and ")
    );
}

#[test]
fn a_border_refuses_columns_that_are_not_there_or_twice() {
    let model = session()
        .load(&Pipeline::from_toml(TOKENS, "p.toml").unwrap())
        .unwrap();
    let schema = |extra: &str| {
        Schema::new(vec![
            Field::new("text", DataType::Utf8, true),
            Field::new(extra, DataType::Utf8, true),
        ])
    };
    let error = |extra: &str, border: Border| {
        model
            .bind(&schema(extra))
            .unwrap()
            .with_border(&border)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let nested = Border {
        layout: Layout::Nested(Offsets::Char),
        columns: Some(vec!["tokens".into()]),
    };
    assert_eq!(
        error("x", nested),
        "columns: no column 'tokens'; there are text, x, document, sentence, token"
    );
    let rows = Border {
        layout: Layout::Rows(Offsets::Char),
        columns: None,
    };
    assert!(error("result", rows).contains("the input has a column 'result'"));
}

#[test]
fn a_copy_of_a_model_keeps_its_own_name_and_settings() {
    use std::fs;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("lower");
    fs::create_dir(&copy).unwrap();
    for file in ["config.json", "model.safetensors", "vocab.txt"] {
        fs::copy(data().join("models/tiny_cased").join(file), copy.join(file)).unwrap();
    }
    fs::write(
        copy.join("tokenizer_config.json"),
        "{\"do_lower_case\": true}",
    )
    .unwrap();
    let session = session();
    let one = session
        .bert(&data().join("models/tiny_cased"), Precision::F32, "a")
        .unwrap();
    let two = session.bert(&copy, Precision::F32, "b").unwrap();
    assert!(
        Arc::ptr_eq(&one.bert, &two.bert),
        "the weights are the same"
    );
    let result = |model: PathBuf| {
        let input = StringArray::from(vec!["Hello"]);
        let input = RecordBatch::try_from_iter([("text", Arc::new(input) as _)]).unwrap();
        let out = session
            .load(&Pipeline::embed("text", model))
            .unwrap()
            .transform(&input)
            .unwrap();
        let field = out
            .schema()
            .field_with_name("embeddings")
            .unwrap()
            .metadata()["ref"]
            .clone();
        let annotations =
            Annotations::open(out.column_by_name("embeddings").unwrap(), "embeddings").unwrap();
        (annotations.result(0).to_owned(), field)
    };
    assert_eq!(
        result(data().join("models/tiny_cased")),
        ("Hello".to_owned(), "tiny_cased".to_owned())
    );
    assert_eq!(result(copy), ("hello".to_owned(), "lower".to_owned()));
}

#[test]
fn annotations_as_they_stand_in_a_file_are_refused_before_any_data() {
    let model = session()
        .load(&Pipeline::from_toml(TOKENS, "p.toml").unwrap())
        .unwrap();
    let text = Schema::new(vec![Field::new("text", DataType::Utf8, true)]);
    let at_rest = model
        .bind(&text)
        .unwrap()
        .with_border(&Border {
            layout: Layout::Spark,
            columns: None,
        })
        .unwrap();
    let tokens =
        "[[stage]]\ntype = \"tokenizer\"\ninput_cols = [\"sentence\"]\noutput_col = \"again\"\n";
    let again = session()
        .load(&Pipeline::from_toml(tokens, "p.toml").unwrap())
        .unwrap();
    let error = again.bind(at_rest.schema()).unwrap_err().to_string();
    assert!(
        error.starts_with("column 'sentence'") && error.contains("stand in a file"),
        "{error}"
    );
}

#[test]
fn models_are_opened_once() {
    let session = session();
    let one = session
        .bert(&data().join("models/tiny_cased"), Precision::F32, "a")
        .unwrap();
    let two = session
        .bert(
            &data().join("models/../models/tiny_cased"),
            Precision::F32,
            "b",
        )
        .unwrap();
    assert!(Arc::ptr_eq(&one.bert, &two.bert));
}
