//! Models that are on this machine already.

use std::fs;
use std::path::Path;

use hearth_models::cache::{Cache, Place};
use hearth_models::names::Reference;
use hearth_models::resolve::{Release, Version};
use tempfile::TempDir;

use crate::folder::Folder;

fn cache(dir: &TempDir) -> Cache {
    Cache {
        hearth: dir.path().join("hearth"),
        spark_nlp: Some(dir.path().join("cache_pretrained")),
        hugging_face: Some(dir.path().join("hub")),
    }
}

/// A model's folder at a path; what is in it does not matter to a cache.
fn put(path: &Path) {
    let model = Folder::new();
    fs::create_dir_all(path).unwrap();
    for file in fs::read_dir(model.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), path.join(file.file_name())).unwrap();
    }
}

fn find(cache: &Cache, name: &str, spark_nlp: &str) -> Option<String> {
    let release = Release {
        spark_nlp: Version::parse(spark_nlp),
        ..Release::default()
    };
    let found = cache
        .find(&Reference::parse(name).unwrap(), "en", &release)
        .unwrap();
    found.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
}

#[test]
fn of_several_archives_the_one_that_spark_nlp_would_take_is_found() {
    let dir = TempDir::new().unwrap();
    let cache = cache(&dir);
    assert_eq!(find(&cache, "bert_base_cased", "5.5.3"), None);
    assert!(cache.entries().unwrap().is_empty());
    let old = "bert_base_cased_en_2.6.0_2.4_1598340336670";
    let new = "bert_base_cased_en_5.2.2_3.0_1703070000000";
    put(&cache.models().join(old));
    put(&dir.path().join("cache_pretrained").join(new));
    put(&dir
        .path()
        .join("cache_pretrained/bert_base_cased_de_5.3.0_3.0_1803070000000"));
    // Interrupted while it was unpacked.
    fs::create_dir(
        cache
            .models()
            .join("bert_base_cased_en_5.4.0_3.0_1803070000000"),
    )
    .unwrap();
    fs::create_dir(cache.models().join("something")).unwrap();
    assert_eq!(
        find(&cache, "bert_base_cased", "5.5.3").as_deref(),
        Some(new)
    );
    assert_eq!(
        find(&cache, "en.embed.bert.base_cased", "2.6.2").as_deref(),
        Some(old)
    );
    assert_eq!(find(&cache, "bert_large_cased", "5.5.3"), None);
    assert!(cache.find_archive(&format!("{old}.zip")).is_some());
    assert!(cache.find_archive(new).is_some());
    assert_eq!(cache.find_archive("bert_base_cased"), None);
    let entries = cache.entries().unwrap();
    let places: Vec<_> = entries.iter().map(|entry| entry.place).collect();
    assert_eq!(places, [Place::Hearth, Place::SparkNlp, Place::SparkNlp]);
    assert_eq!(entries[0].name, "bert_base_cased");
}

#[test]
fn what_python_downloaded_from_the_hub_is_found_under_each_of_its_names() {
    let dir = TempDir::new().unwrap();
    let cache = cache(&dir);
    let repository = dir.path().join("hub/models--bert-base-cased");
    put(&repository.join("snapshots/abc123"));
    fs::create_dir_all(repository.join("refs")).unwrap();
    fs::write(repository.join("refs/main"), "abc123").unwrap();
    for name in [
        "google-bert/bert-base-cased",
        "bert-base-cased",
        "bert-base-cased@abc123",
    ] {
        assert_eq!(
            find(&cache, name, "5.5.3").as_deref(),
            Some("abc123"),
            "{name}"
        );
    }
    assert_eq!(find(&cache, "bert-base-cased@v2", "5.5.3"), None);
    assert_eq!(find(&cache, "google-bert/bert-large-cased", "5.5.3"), None);
    let entries = cache.entries().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].name.as_str(), entries[0].place),
        ("bert-base-cased", Place::HuggingFace)
    );
}

#[test]
fn what_is_not_here_is_said_with_where_to_put_it() {
    let dir = TempDir::new().unwrap();
    let cache = cache(&dir);
    let absent = |name: &str| {
        cache
            .absent(&Reference::parse(name).unwrap(), "the network is off")
            .to_string()
    };
    let said = absent("bert_large_cased");
    assert!(
        said.contains("bert_large_cased_en_2.6.0_2.4_1598340717429.zip"),
        "{said}"
    );
    assert!(said.contains(cache.models().to_str().unwrap()), "{said}");
    let said = absent("bert_large_casd");
    assert!(said.contains("close to it: bert_large_cased"), "{said}");
    assert!(absent("google-bert/bert-base-cased").contains("config.json"));
}
