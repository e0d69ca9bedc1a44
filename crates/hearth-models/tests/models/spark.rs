//! What Spark NLP 5.5.3 saved.

use std::fs;
use std::path::{Path, PathBuf};

use hearth_models::spark::{SavedPipeline, SavedStage};
use hearth_models::{Error, HiddenAct, Settings};
use serde_json::json;

use crate::folder::tiny;
use crate::tensorflow::same_weights;

fn archive(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/archives")).join(name)
}

fn kinds(saved: &SavedPipeline) -> Vec<&str> {
    saved.stages.iter().map(SavedStage::kind).collect()
}

fn stage(saved: &SavedPipeline, kind: &str) -> SavedStage {
    let found = saved.stages.iter().find(|stage| stage.kind() == kind);
    found.unwrap_or_else(|| panic!("no {kind}")).clone()
}

/// Copies an archive to where a test may change it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn slang() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("slang");
    copy(&archive("slang"), &path);
    (place, path)
}

#[test]
fn stages_and_parameters_are_read() {
    let saved = SavedPipeline::open(archive("slang")).unwrap();
    assert_eq!(saved.class, "org.apache.spark.ml.PipelineModel");
    assert_eq!(saved.uid, "PipelineModel_30717439fa5d");
    assert_eq!(
        kinds(&saved),
        [
            "DocumentAssembler",
            "SentenceDetector",
            "TokenizerModel",
            "NormalizerModel",
            "StopWordsCleaner",
            "Finisher"
        ]
    );
    let detector = stage(&saved, "SentenceDetector");
    assert_eq!(
        detector.class(),
        "com.johnsnowlabs.nlp.annotators.sbd.pragmatic.SentenceDetector"
    );
    assert_eq!(detector.uid(), "SentenceDetector_f2c56dbc2da2");
    assert_eq!(detector.set()["maxLength"], 400);
    assert_eq!(detector.defaults()["maxLength"], 99999);
    assert_eq!(detector.param("maxLength"), Some(&json!(400)));
    assert_eq!(detector.param("useAbbreviations"), Some(&json!(true)));
    assert_eq!(detector.param("idCol"), None);
    assert_eq!(detector.rules().unwrap(), None);
    assert_eq!(
        detector.path(),
        archive("slang").join("stages/1_SentenceDetector_f2c56dbc2da2")
    );
}

#[test]
fn rules_and_slang_come_out_of_java_objects() {
    let saved = SavedPipeline::open(archive("slang")).unwrap();
    let context = r#"\A([\Q.,;:!?*-()"'\E]*)"#;
    let end = r#"([\Q.,;:!?*-()"'\E]*)\z"#;
    assert_eq!(
        stage(&saved, "TokenizerModel").rules().unwrap().unwrap(),
        [
            format!("{context}([0-9]+)([a-z%]+){end}"),
            format!("{context}([A-Za-z]+)(-)([A-Za-z]+){end}"),
        ]
    );
    let slang = stage(&saved, "NormalizerModel")
        .text_map("slangDict")
        .unwrap();
    let expected = [
        ("and", "&"),
        ("b.i.d", "twice a day"),
        ("lol", "laughing out loud"),
        ("pt", "patient"),
        ("é", "e acute"),
    ];
    assert_eq!(
        slang.unwrap().into_iter().collect::<Vec<_>>(),
        expected.map(|(word, full)| (word.to_owned(), full.to_owned()))
    );
    // Without entries there is a file with a head only.
    let saved = SavedPipeline::open(archive("regex")).unwrap();
    let slang = stage(&saved, "NormalizerModel")
        .text_map("slangDict")
        .unwrap();
    assert_eq!(slang.unwrap().len(), 0);
}

#[test]
fn newer_builds_keep_maps_as_json() {
    let (_place, path) = slang();
    let folder = path.join("stages/3_NORMALIZER_1fe38dba589e/fields/slangDict");
    fs::write(folder.join("data.json"), r#"{"u": "you"}"#).unwrap();
    let saved = SavedPipeline::open(&path).unwrap();
    let slang = stage(&saved, "NormalizerModel")
        .text_map("slangDict")
        .unwrap();
    assert_eq!(slang.unwrap()["u"], "you");
}

#[test]
fn pipelines_of_every_class_and_single_stages_are_read() {
    let saved = SavedPipeline::open(archive("nested")).unwrap();
    assert_eq!(saved.class, "pyspark.ml.pipeline.PipelineModel");
    let kinds_of_nested = ["DocumentAssembler", "SentenceDetector", "TokenizerModel"];
    assert_eq!(kinds(&saved), kinds_of_nested);
    let saved = SavedPipeline::open(archive("recursive")).unwrap();
    assert_eq!(saved.uid, "RECURSIVE_PIPELINE_16f5b6ec37fc");
    assert_eq!(kinds(&saved), kinds_of_nested);
    let saved = SavedPipeline::open(archive("pipeline_unfitted")).unwrap();
    assert_eq!(
        kinds(&saved),
        ["DocumentAssembler", "SentenceDetector", "Tokenizer"]
    );
    let path = archive("slang/stages/3_NORMALIZER_1fe38dba589e");
    let saved = SavedPipeline::open(&path).unwrap();
    assert_eq!(kinds(&saved), ["NormalizerModel"]);
    assert_eq!(saved.stages[0].path(), path);
}

#[test]
fn what_is_missing_is_named() {
    let place = tempfile::tempdir().unwrap();
    let error = SavedPipeline::open(place.path()).unwrap_err();
    assert!(matches!(error, Error::NotSaved { .. }), "{error}");

    let (_place, path) = slang();
    let detector = path.join("stages/1_SentenceDetector_f2c56dbc2da2");
    fs::remove_dir_all(&detector).unwrap();
    let error = SavedPipeline::open(&path).unwrap_err();
    assert!(
        matches!(&error, Error::MissingStage { stage, pipeline }
            if *stage == detector && pipeline == "PipelineModel_30717439fa5d"),
        "{error}"
    );
}

#[test]
fn a_stage_cannot_lie_outside_of_its_pipeline() {
    let (place, path) = slang();
    copy(&archive("recursive"), &place.path().join("outside"));
    let line = json!({
        "class": "org.apache.spark.ml.PipelineModel",
        "uid": "P",
        "paramMap": {"stageUids": ["a/../../../outside"]},
    });
    fs::create_dir_all(path.join("stages/0_a")).unwrap();
    fs::write(path.join("metadata/part-00000"), line.to_string()).unwrap();
    let error = SavedPipeline::open(&path).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn damage_is_told_with_the_file() {
    let (_place, path) = slang();
    let file = path.join("stages/2_REGEX_TOKENIZER_302ee3ce8b9d/fields/rules/part-00000");
    let whole = fs::read(&file).unwrap();
    let rules = || stage(&SavedPipeline::open(&path).unwrap(), "TokenizerModel").rules();

    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let error = rules().unwrap_err().to_string();
    assert!(error.starts_with(&file.display().to_string()), "{error}");
    assert!(error.contains("not a readable SequenceFile"), "{error}");

    // The first byte of the object stream: 90 bytes of head, three lengths.
    let start = whole
        .windows(4)
        .position(|w| w == b"\xac\xed\x00\x05")
        .unwrap();
    let mut changed = whole.clone();
    changed[start] = 0;
    fs::write(&file, &changed).unwrap();
    let error = rules().unwrap_err().to_string();
    assert!(
        error.contains("not a readable stream of Java objects"),
        "{error}"
    );

    // A map where rules should be.
    let map = path.join("stages/3_NORMALIZER_1fe38dba589e/fields/slangDict/part-00000");
    fs::copy(map, &file).unwrap();
    let error = rules().unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");

    fs::write(
        path.join("stages/0_DocumentAssembler_b6fcb91cded7/metadata/part-00000"),
        "{",
    )
    .unwrap();
    assert!(matches!(
        SavedPipeline::open(&path),
        Err(Error::Json { .. })
    ));
}

#[test]
fn a_bert_model_in_a_zip_has_the_weights_and_words_it_was_made_of() {
    let path = archive("tiny_cased_tf1_legacy.zip");
    let found = hearth_models::open(&path).unwrap();
    let source = hearth_models::open(tiny("tiny_cased")).unwrap();
    same_weights(&found, &source, [29000, 32, 64, 512]);
    assert_eq!(found.vocabulary, source.vocabulary);
    assert_eq!(found.name, "tiny_cased_tf1_legacy");
    assert_eq!(found.config.hidden_act, HiddenAct::GeluTanh);
    assert_eq!(
        found.settings,
        Settings {
            case_sensitive: Some(true),
            max_sentence_length: Some(128),
            dimension: Some(32),
            storage_ref: Some("tiny_cased".to_owned()),
        }
    );
    assert_eq!(found.warnings, []);
    let described = hearth_models::describe(&path).unwrap();
    assert_eq!(
        (described.config, described.settings),
        (found.config, found.settings)
    );
}

#[test]
fn a_pipeline_is_no_model() {
    let error = hearth_models::open(archive("slang"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("PipelineModel is saved here, which is no BERT model"),
        "{error}"
    );
    let stage = archive("slang/stages/3_NORMALIZER_1fe38dba589e");
    let error = hearth_models::open(stage).unwrap_err().to_string();
    assert!(error.contains("NormalizerModel"), "{error}");
}

#[test]
fn a_path_may_go_on_inside_a_zip() {
    let path = archive("pipeline_model_onnx.zip");
    let saved = SavedPipeline::open(&path).unwrap();
    assert_eq!(
        kinds(&saved),
        [
            "DocumentAssembler",
            "SentenceDetector",
            "TokenizerModel",
            "BertEmbeddings"
        ]
    );
    let stage = &saved.stages[2];
    assert_eq!(
        stage.path(),
        path.join("stages/2_REGEX_TOKENIZER_358d053ab43b")
    );
    let rules = stage.rules().unwrap().unwrap();
    let alone = SavedPipeline::open(stage.path()).unwrap();
    assert_eq!(alone.stages[0].rules().unwrap().unwrap(), rules);
    assert_eq!(rules.len(), 1);
    for absent in ["stages/9_X", "metadata/part-00000/x"] {
        let error = SavedPipeline::open(path.join(absent)).unwrap_err();
        assert!(matches!(error, Error::NotSaved { .. }), "{error}");
    }
}
