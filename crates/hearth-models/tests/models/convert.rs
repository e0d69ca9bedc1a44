use std::fs;
use std::path::{Path, PathBuf};

use hearth_models::{Error, Settings, convert, describe, open};

use crate::folder::tiny;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data")
        .join(name)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Of archives of each kind: the bits and settings that the conversion has are the source's.
#[test]
fn the_folder_is_the_model() {
    let place = tempfile::tempdir().unwrap();
    for (n, from) in [
        "models/tiny_uncased",
        "archives/tiny_cased_tf1_legacy.zip",
        "archives/tiny_uncased_tf.zip",
        "models/tensorflow/hub_v2.zip",
        "models/tensorflow/float16",
    ]
    .iter()
    .enumerate()
    {
        let to = place.path().join(n.to_string()).join("model");
        let converted = convert(data(from), &to, false).unwrap();
        let (source, copy) = (open(data(from)).unwrap(), open(&to).unwrap());
        assert_eq!(copy.config, source.config, "{from}");
        assert_eq!(copy.vocabulary, source.vocabulary, "{from}");
        assert_eq!(
            copy.fingerprint().unwrap(),
            source.fingerprint().unwrap(),
            "{from}"
        );
        let storage_ref = source.settings.storage_ref.clone();
        let expected = Settings {
            storage_ref: Some(storage_ref.unwrap_or(source.name)),
            ..source.settings
        };
        assert_eq!(copy.settings, expected, "{from}");
        assert_eq!(converted.description, describe(&to).unwrap());
        let bytes: u64 = names(&to)
            .iter()
            .map(|name| to.join(name).metadata().unwrap().len())
            .sum();
        assert_eq!(converted.bytes, bytes);
        assert_eq!(names(to.parent().unwrap()), ["model"]);
    }
}

#[test]
fn what_an_archive_says_is_kept_where_transformers_does_not_look() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("m");
    convert(data("archives/tiny_cased_tf1_legacy.zip"), &to, false).unwrap();
    assert_eq!(
        names(&to),
        [
            "config.json",
            "model.safetensors",
            "tokenizer_config.json",
            "vocab.txt"
        ]
    );
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(to.join(name)).unwrap()).unwrap()
    };
    let config = json("config.json");
    assert_eq!(config["model_type"], "bert");
    assert_eq!(config["hidden_act"], "gelu_new");
    assert_eq!(
        config["hearth"],
        serde_json::json!({ "dimension": 32, "max_sentence_length": 128, "storage_ref": "tiny_cased" })
    );
    assert_eq!(json("tokenizer_config.json")["do_lower_case"], false);
}

/// Tokenizer files of the source are taken over byte by byte, and so is its pooler.
#[test]
fn a_hugging_face_folder_keeps_its_tokenizer_and_pooler() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("m");
    convert(tiny("tiny_cased"), &to, false).unwrap();
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.txt",
    ] {
        let [before, after] = [&tiny("tiny_cased"), &to].map(|at| fs::read(at.join(name)).unwrap());
        assert_eq!(before, after, "{name}");
    }
    let pooler = |at: &Path| {
        let model = open(at).unwrap();
        model.weights.get("pooler.dense.weight", &[32, 32]).ok()
    };
    assert_eq!(pooler(&to), pooler(&tiny("tiny_cased")));
}

#[test]
fn nothing_is_replaced_unasked_and_nothing_that_is_no_conversion() {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("m");
    let again = |overwrite| convert(tiny("tiny_cased"), &to, overwrite).map(|_| ());
    fs::create_dir(&to).unwrap();
    again(false).unwrap();
    let refused = again(false).unwrap_err();
    assert!(refused.to_string().contains("--overwrite"), "{refused}");
    fs::write(to.join("vocab.txt"), "broken").unwrap();
    again(true).unwrap();
    open(&to).unwrap();

    fs::write(to.join("thesis.txt"), "").unwrap();
    let refused = again(true).unwrap_err();
    assert!(refused.to_string().contains("`thesis.txt`"), "{refused}");
    let file = place.path().join("f");
    fs::write(&file, "").unwrap();
    for to in [&file, Path::new("/"), Path::new("..")] {
        let refused = convert(tiny("tiny_cased"), to, true).unwrap_err();
        assert!(matches!(refused, Error::Output { .. }), "{refused}");
    }
    assert_eq!(names(place.path()), ["f", "m"]);
}

/// A damaged source leaves nothing, and a conversion that was there before.
#[test]
fn a_source_that_cannot_be_read_to_its_end_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let from = place.path().join("from");
    fs::create_dir(&from).unwrap();
    let checkpoint = data("models/tensorflow/bare_checkpoint");
    for name in names(&checkpoint) {
        fs::copy(checkpoint.join(&name), from.join(&name)).unwrap();
    }
    let weights = from.join("biobert_model.ckpt.data-00000-of-00001");
    let mut bytes = fs::read(&weights).unwrap();
    let to = place.path().join("to");
    convert(&from, &to, false).unwrap();
    let before = fs::read(to.join("model.safetensors")).unwrap();
    // In the bundle's order the word embeddings are neither first nor last.
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&weights, bytes).unwrap();
    let refused = convert(&from, &to, true).unwrap_err();
    assert!(refused.to_string().contains("checksum"), "{refused}");
    assert_eq!(fs::read(to.join("model.safetensors")).unwrap(), before);
    let refused = convert(&from, place.path().join("new"), false);
    assert!(refused.is_err());
    assert_eq!(names(place.path()), ["from", "to"]);
}
