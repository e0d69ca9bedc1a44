//! Pipelines saved by Spark NLP 5.5.3, turned into pipelines. What they then do is compared with Spark NLP's answers in
//! the command's tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::fs;
use std::path::{Path, PathBuf};

use hearth::{Error, FromSpark, Pipeline, Session, UnknownStages};
use hearth_testkit::data;
use serde_json::{Value, json};

fn archive(name: &str) -> PathBuf {
    data().join("archives").join(name)
}

fn read(path: impl AsRef<Path>) -> FromSpark {
    let made = Pipeline::from_spark(path, UnknownStages::Refuse).unwrap();
    Session::builder()
        .jobs(1)
        .build()
        .unwrap()
        .load(&made.pipeline)
        .unwrap();
    made
}

fn stages(made: &FromSpark) -> Value {
    let json: Value = serde_json::from_str(&made.pipeline.to_json()).unwrap();
    json["stage"].clone()
}

/// A single stage with this metadata, made up.
fn stage(class: &str, set: &Value, defaults: &Value) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let line = json!({
        "class": class, "timestamp": 1, "sparkVersion": "3.5.5", "uid": "Stage_1",
        "paramMap": set, "defaultParamMap": defaults,
    });
    fs::create_dir(place.path().join("metadata")).unwrap();
    fs::write(place.path().join("metadata/part-00000"), line.to_string()).unwrap();
    place
}

#[test]
fn parameters_that_differ_from_the_defaults_are_taken_over() {
    let made = read(archive("slang"));
    assert_eq!(made.notes, [""; 0]);
    assert_eq!(
        stages(&made),
        json!([
            {"type": "document_assembler", "input_col": "text", "cleanup_mode": "shrink"},
            {
                "type": "sentence_detector", "input_cols": ["document"], "output_col": "sentence",
                "detect_lists": false, "custom_bounds": ["\n\n", ";"], "custom_bounds_strategy": "append",
                "split_length": 90, "min_length": 2, "max_length": 400
            },
            {
                "type": "tokenizer", "input_cols": ["sentence"],
                "infix_patterns": ["([0-9]+)([a-z%]+)", "([A-Za-z]+)(-)([A-Za-z]+)"],
                "split_chars": ["-", "/"], "exceptions": ["New York", "e-mail", "\\d+ mg"],
                "case_sensitive_exceptions": false, "min_length": 1, "max_length": 30
            },
            {
                "type": "normalizer", "output_col": "normal", "cleanup_patterns": ["[^\\pL\\d&+]"],
                "lowercase": true, "min_length": 1, "max_length": 20,
                "slang_dictionary": {
                    "and": "&", "b.i.d": "twice a day", "lol": "laughing out loud", "pt": "patient", "é": "e acute"
                }
            },
            {
                "type": "stop_words_cleaner", "input_cols": ["normal"], "output_col": "clean",
                "stop_words": ["the", "a", "laughing", "And"], "case_sensitive": true
            },
            {
                "type": "finisher", "input_cols": ["clean", "sentence"],
                "output_cols": ["out_tokens", "out_sentences"], "include_metadata": true
            }
        ])
    );
}

#[test]
fn default_rules_are_seen_to_be_the_default_ones() {
    let tokenizer = json!({"type": "tokenizer", "input_cols": ["sentence"]});
    for name in ["pipeline_model_tokens", "pipeline_unfitted", "nested"] {
        assert_eq!(stages(&read(archive(name)))[2], tokenizer, "{name}");
    }
}

#[test]
fn rules_of_other_characters_and_patterns_are_read_back() {
    let made = read(archive("context"));
    let tokenizer = &stages(&made)[2];
    assert_eq!(
        tokenizer["context_chars"],
        json!([".", ",", "[", "]", "^", "“"])
    );
    assert_eq!(tokenizer["split_pattern"], "[#-]");
    assert_eq!(tokenizer["infix_patterns"], Value::Null);
    // Prefix, infix and suffix are one pattern each when they are stored.
    let made = read(archive("affixes"));
    assert_eq!(
        stages(&made)[2],
        json!({
            "type": "tokenizer", "input_cols": ["sentence"], "target_pattern": "[^\\s/]+",
            "prefix_pattern": "\\A", "suffix_pattern": "\\z",
            "infix_patterns": [
                "([^\\s\\w\\d\\$\\.#]*)((?:\\w\\.)+)([^\\s\\w]?)([^\\s\\w]*)",
                "([^\\s\\w\\d\\$\\.#]*)([\\$#]?\\d+(?:[^\\s\\d]{1}\\d+)*)([^\\s\\w]?)([^\\s\\w]*)",
                "([^\\s\\w\\d\\$\\.#]*)([\\p{L}\\w]+)([^\\s\\w]?)([^\\s\\w]*)"
            ]
        })
    );
}

#[test]
fn a_single_stage_is_a_pipeline_of_one() {
    let made = read(archive("tokenizer_model_infix"));
    assert_eq!(
        stages(&made),
        json!([{
            "type": "tokenizer", "input_cols": ["sentence"], "target_pattern": "[^\\s]+", "split_pattern": "#",
            "infix_patterns": ["([0-9]+)([a-z%]+)", "([A-Za-z]+)(-)([A-Za-z]+)"]
        }])
    );
}

#[test]
fn what_a_default_means_is_known_by_stage() {
    // Saved on the JVM side, where tokens have no limit and annotations are dropped.
    let none = json!({});
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.Tokenizer",
        &none,
        &json!({"minLength": 0, "outputCol": "token", "lazyAnnotator": false}),
    );
    assert_eq!(stages(&read(saved.path()))[0]["max_length"], i32::MAX);
    let columns = json!({"inputCols": ["embeddings"]});
    let saved = stage("com.johnsnowlabs.nlp.EmbeddingsFinisher", &columns, &none);
    assert_eq!(stages(&read(saved.path()))[0]["clean_annotations"], true);
    let python = json!({"cleanAnnotations": false, "outputCols": [], "outputAsVector": false});
    let saved = stage("com.johnsnowlabs.nlp.EmbeddingsFinisher", &columns, &python);
    assert_eq!(
        stages(&read(saved.path())),
        json!([{"type": "embeddings_finisher", "input_cols": ["embeddings"]}])
    );
    // Of Doc2Chunk's lowerCase only what was set has an effect in Spark NLP.
    let chunk = |lower: &Value| {
        let mut set = json!({"inputCols": ["document"], "outputCol": "chunk", "chunkCol": "find"});
        set.as_object_mut()
            .unwrap()
            .extend(lower.as_object().unwrap().clone());
        let saved = stage(
            "com.johnsnowlabs.nlp.Doc2Chunk",
            &set,
            &json!({"lowerCase": true}),
        );
        stages(&read(saved.path()))[0]["lower_case"].clone()
    };
    assert_eq!(chunk(&none), Value::Null);
    assert_eq!(chunk(&json!({"lowerCase": true})), true);
    // So it is with SentenceDetector's maxLength.
    let lengths = json!({"minLength": 0, "maxLength": 99999});
    let columns = json!({"inputCols": ["document"], "outputCol": "sentence"});
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.sbd.pragmatic.SentenceDetector",
        &columns,
        &lengths,
    );
    assert_eq!(stages(&read(saved.path()))[0]["max_length"], Value::Null);
    // SentenceEmbeddings' own storageRef is its uid, and the column's that of the vectors.
    let saved = stage(
        "com.johnsnowlabs.nlp.embeddings.SentenceEmbeddings",
        &json!({"poolingStrategy": "SUM"}),
        &json!({"storageRef": "Stage_1", "poolingStrategy": "AVERAGE", "dimension": 100}),
    );
    assert_eq!(
        stages(&read(saved.path())),
        json!([{"type": "sentence_embeddings", "pooling_strategy": "SUM"}])
    );
}

#[test]
fn files_that_are_read_at_fit_are_left_to_the_reader_of_files() {
    let path = json!({"path": "file:/data/exceptions.txt", "readAs": "TEXT", "options": {"format": "text"}});
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.Tokenizer",
        &json!({"exceptionsPath": path}),
        &json!({"maxLength": 99999}),
    );
    let made = Pipeline::from_spark(saved.path(), UnknownStages::Refuse).unwrap();
    assert_eq!(
        stages(&made),
        json!([{"type": "tokenizer", "exceptions_path": "/data/exceptions.txt"}])
    );
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.Normalizer",
        &json!({"outputCol": "normal", "slangDictionary": path}),
        &json!({}),
    );
    let error = Pipeline::from_spark(saved.path(), UnknownStages::Refuse).unwrap_err();
    assert!(
        error.to_string().contains("save the fitted PipelineModel"),
        "{error}"
    );
}

#[test]
fn a_bert_stage_names_its_own_folder() {
    let saved = stage(
        "com.johnsnowlabs.nlp.embeddings.BertEmbeddings",
        &json!({"inputCols": ["sentence", "token"], "outputCol": "e", "engine": "onnx", "caseSensitive": true}),
        &json!({"batchSize": 8, "lazyAnnotator": false}),
    );
    let made = Pipeline::from_spark(saved.path(), UnknownStages::Refuse).unwrap();
    assert_eq!(
        stages(&made),
        json!([{
            "type": "bert_embeddings", "input_cols": ["sentence", "token"], "output_col": "e",
            "model": saved.path().to_str().unwrap()
        }])
    );
    assert_eq!(made.notes, [""; 0]);
}

#[test]
fn parameters_that_are_not_read_are_noted() {
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.StopWordsCleaner",
        &json!({"outputCol": "clean", "newOption": 3, "lazyAnnotator": true}),
        &json!({"otherOption": 1, "locale": "tr"}),
    );
    assert_eq!(
        read(saved.path()).notes,
        [
            "Stage_1: parameters that are not read, and may change results in Spark NLP: newOption, locale"
        ]
    );
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.StopWordsCleaner",
        &json!({"outputCol": "clean", "locale": "en_US"}),
        &json!({}),
    );
    assert_eq!(read(saved.path()).notes, [""; 0]);
}

#[test]
fn an_unknown_stage_is_named_or_skipped() {
    // Spark ML has classes of the same names.
    for class in [
        "org.apache.spark.ml.feature.Tokenizer",
        "com.johnsnowlabs.nlp.annotators.ner.dl.NerDLModel",
    ] {
        let saved = stage(class, &json!({}), &json!({}));
        let error = Pipeline::from_spark(saved.path(), UnknownStages::Refuse).unwrap_err();
        assert!(matches!(error, Error::UnknownStage { .. }));
        let text = error.to_string();
        assert!(text.contains("Stage_1") && text.contains(class), "{text}");
        let made = Pipeline::from_spark(saved.path(), UnknownStages::Skip).unwrap();
        assert_eq!(made.pipeline.stages.len(), 0);
        assert!(made.notes[0].contains("Stage_1") && made.notes[0].contains("SKIPPED"));
    }
}

#[test]
fn a_wrong_value_is_an_error_with_the_stage() {
    let saved = stage(
        "com.johnsnowlabs.nlp.DocumentAssembler",
        &json!({"inputCol": 7}),
        &json!({}),
    );
    let error = Pipeline::from_spark(saved.path(), UnknownStages::Refuse).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("Stage_1") && text.contains("input_col"),
        "{text}"
    );

    // Rules are missing from this model.
    let saved = stage(
        "com.johnsnowlabs.nlp.annotators.TokenizerModel",
        &json!({}),
        &json!({}),
    );
    let error = Pipeline::from_spark(saved.path(), UnknownStages::Refuse).unwrap_err();
    assert!(
        error.to_string().contains("its rules are missing"),
        "{error}"
    );
}
