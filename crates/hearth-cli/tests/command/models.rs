//! `hearth models`, and models by name. None of these touches the network.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use crate::{Workplace, arg, model, text};

const STEM: &str = "bert_base_cased_en_2.6.0_2.4_1598340336670";

/// The command with a cache and a home of its own.
fn hearth(place: &Workplace, args: &[&str]) -> Output {
    place
        .hearth()
        .env("HEARTH_CACHE", place.path("cache"))
        .env("HOME", place.path("home"))
        .args(args)
        .output()
        .unwrap()
}

/// Standard output of a success.
fn ok(place: &Workplace, args: &[&str]) -> String {
    let output = hearth(place, args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What is said when the request is wrong.
fn refused(place: &Workplace, args: &[&str]) -> String {
    let output = hearth(place, args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

/// Puts a model where it would be, had it been downloaded.
fn put(to: &PathBuf) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(model("tiny_cased")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn the_known_models_are_listed_with_what_is_here() {
    let place = Workplace::new();
    let listed = ok(&place, &["models", "list"]);
    assert!(
        listed.contains("biobert_pubmed_large_cased   1024"),
        "{listed}"
    );
    assert!(listed.contains("No models on this machine"), "{listed}");
    put(&place.path("cache/models").join(STEM));
    let listed = ok(&place, &["models", "list"]);
    assert!(
        listed.contains(arg(&place.path("cache/models").join(STEM))),
        "{listed}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&ok(&place, &["models", "list", "--json"])).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["models"].as_array().unwrap().len(), 5);
    assert_eq!(json["models"][0]["name"], "bert_base_cased");
    assert_eq!(
        json["models"][0]["path"],
        arg(&place.path("cache/models").join(STEM))
    );
    assert_eq!(json["models"][1]["path"], serde_json::Value::Null);
    assert_eq!(json["cache"][0]["archive"], format!("{STEM}.zip"));
}

#[test]
fn a_model_is_shown_by_name_and_by_path() {
    let place = Workplace::new();
    let shown = ok(
        &place,
        &["models", "show", "emilyalsentzer/Bio_ClinicalBERT"],
    );
    assert!(
        shown.contains("biobert_clinical_base_cased_en_2.6.0_2.4_1598343387227.zip"),
        "{shown}"
    );
    assert!(shown.contains("hearth models pull"), "{shown}");
    let shown = ok(&place, &["models", "show", arg(&model("tiny_cased"))]);
    assert!(
        shown.contains("32 dimensions") && shown.contains("29000"),
        "{shown}"
    );
    put(&place.path("cache/models").join(STEM));
    let shown = ok(&place, &["models", "show", "en.embed.bert.base_cased"]);
    assert!(
        shown.contains("google-bert/bert-base-cased") && shown.contains("32 dimensions"),
        "{shown}"
    );
    let said = refused(&place, &["models", "show", "bert_base_case"]);
    assert!(said.contains("close to it: bert_base_cased"), "{said}");
}

#[test]
fn a_model_in_a_cache_is_used_by_its_names_and_offline() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\":\"I love NLP\"}\n");
    let embed = |model: &str| {
        ok(
            &place,
            &[
                "embed",
                "in.jsonl",
                "-o",
                "-",
                "--layout",
                "spark",
                "--offline",
                "-q",
                "--model",
                model,
            ],
        )
    };
    let by_path = embed(arg(&model("tiny_cased")));
    put(&place.path("cache/models").join(STEM));
    let vectors = |printed: &str| {
        let row: serde_json::Value = serde_json::from_str(printed).unwrap();
        row["embeddings"][0]["embeddings"].clone()
    };
    assert!(vectors(&by_path).as_array().unwrap().len() == 32);
    for name in [
        "bert_base_cased",
        "en.embed.bert.base_cased",
        "embed.bert_base_cased",
    ] {
        assert_eq!(vectors(&embed(name)), vectors(&by_path), "{name}");
    }
    // In a pipeline file as well; a path that is there comes first, from the file's folder.
    put(&place.path("pipelines/bert_large_cased"));
    for name in ["bert_base_cased", "bert_large_cased"] {
        let pipeline = format!(
            "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n[[stage]]\ntype = \"tokenizer\"\n\
             input_cols = [\"document\"]\n[[stage]]\ntype = \"bert_embeddings\"\ninput_cols = [\"document\", \"token\"]\n\
             output_col = \"embeddings\"\nmodel = \"{name}\"\n"
        );
        place.write("pipelines/p.toml", pipeline);
        let printed = ok(
            &place,
            &[
                "run",
                "pipelines/p.toml",
                "in.jsonl",
                "-o",
                "-",
                "--layout",
                "spark",
                "--offline",
                "-q",
            ],
        );
        assert_eq!(vectors(&printed), vectors(&by_path), "{name}");
    }
}

#[test]
fn pulling_what_is_here_prints_its_folder() {
    let place = Workplace::new();
    put(&place.path("home/cache_pretrained").join(STEM));
    let folder = place.path("home/cache_pretrained").join(STEM);
    for args in [
        &["models", "pull", "bert_base_cased", "--offline"][..],
        &["models", "pull", "bert_base_cased", "--offline", "--exact"],
        &[
            "models",
            "pull",
            "--offline",
            "--exact",
            "bert_base_cased_en_2.6.0_2.4_1598340336670.zip",
        ],
    ] {
        assert_eq!(ok(&place, args).trim_end(), arg(&folder), "{args:?}");
    }
    let said = refused(
        &place,
        &[
            "models",
            "pull",
            "bert_large_cased",
            "--exact",
            &format!("{STEM}.zip"),
        ],
    );
    assert!(said.contains("no archive of bert_large_cased"), "{said}");
}

#[test]
fn without_the_network_it_is_said_what_to_put_where() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\":\"a\"}\n");
    let put_it = place.path("cache/models/bert_large_cased_en_2.6.0_2.4_1598340717429");
    for args in [
        &["models", "pull", "bert_large_cased", "--offline"][..],
        &["models", "pull", "bert_large_cased", "--offline", "--exact"],
        &[
            "embed",
            "in.jsonl",
            "-o",
            "-",
            "--offline",
            "--model",
            "bert_large_cased",
        ],
    ] {
        let said = refused(&place, args);
        assert!(
            said.contains("--offline") && said.contains(arg(&put_it)),
            "{said}"
        );
    }
    let output = place
        .hearth()
        .env("HF_HUB_OFFLINE", "1")
        .args([
            "embed",
            "in.jsonl",
            "-o",
            "-",
            "--model",
            "google-bert/bert-base-cased",
        ])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(
        said.contains("HF_HUB_OFFLINE") && said.contains("config.json"),
        "{said}"
    );
}

#[test]
fn what_looks_like_a_path_is_never_looked_for_elsewhere() {
    let place = Workplace::new();
    place.write("in.jsonl", "{\"text\":\"a\"}\n");
    fs::create_dir(place.path("models")).unwrap();
    put(&place.path("cache/models").join(STEM));
    for path in [
        "./bert_base_cased",
        "/bert_base_cased",
        "bert_base_cased.zip",
        "models/bert-base-cased",
        "a/b/c",
    ] {
        let output = hearth(&place, &["embed", "in.jsonl", "-o", "-", "--model", path]);
        let said = text(&output.stderr);
        assert!(
            !output.status.success() && said.contains("found nothing there"),
            "{path}: {said}"
        );
        assert!(!said.contains("fetching"), "{said}");
    }
}

#[test]
#[cfg(not(feature = "download"))]
fn a_command_without_download_says_how_to_get_it() {
    let place = Workplace::new();
    let said = refused(&place, &["models", "pull", "bert_base_cased"]);
    assert!(said.contains("--features download"), "{said}");
}
