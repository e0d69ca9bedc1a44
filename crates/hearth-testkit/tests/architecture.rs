//! The arrows between crates, and where `unsafe` may stand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom. A crate that is not here may use nothing of ours.
const ARROWS: [(&str, &[&str]); 5] = [
    ("hearth-encoder", &["hearth-kernels"]),
    (
        "hearth",
        &["hearth-encoder", "hearth-text", "hearth-models"],
    ),
    ("hearth-datafusion", &["hearth"]),
    ("hearth-polars", &["hearth"]),
    (
        "hearth-cli",
        &["hearth", "hearth-datafusion", "hearth-io", "hearth-models"],
    ),
];

/// Crates that one crate alone may use.
const ALONE: [(&str, &str); 4] = [
    ("burn-", "hearth-encoder"),
    ("datafusion", "hearth-datafusion"),
    ("parquet", "hearth-io"),
    ("polars", "hearth-polars"),
];

/// Crates without Arrow.
const WITHOUT_ARROW: [&str; 4] = [
    "hearth-kernels",
    "hearth-encoder",
    "hearth-text",
    "hearth-models",
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Packages that each crate uses outside its tests, whatever they are renamed to.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let manifests = fs::read_dir(crates())
        .unwrap()
        .map(|entry| entry.unwrap().path().join("Cargo.toml"));
    manifests
        .map(|manifest| {
            let table: toml::Table = fs::read_to_string(&manifest).unwrap().parse().unwrap();
            let name = table["package"]["name"].as_str().unwrap().to_owned();
            let targets = table
                .get("target")
                .and_then(|t| t.as_table())
                .into_iter()
                .flatten();
            let tables = targets.filter_map(|(_, t)| t.as_table()).chain([&table]);
            let sections =
                tables.flat_map(|t| ["dependencies", "build-dependencies"].map(|s| t.get(s)));
            let entries = sections.flatten().filter_map(|s| s.as_table()).flatten();
            let package = |(key, value): (&String, &toml::Value)| {
                value
                    .get("package")
                    .and_then(|p| p.as_str())
                    .unwrap_or(key)
                    .to_owned()
            };
            (name, entries.map(package).collect())
        })
        .collect()
}

#[test]
fn crates_use_only_what_they_may() {
    let all = dependencies();
    assert!(all.len() >= 8, "{all:?}");
    for (name, uses) in &all {
        let allowed = ARROWS
            .iter()
            .find(|(from, _)| from == name)
            .map_or(&[] as &[&str], |(_, to)| to);
        for used in uses.iter().filter(|used| used.starts_with("hearth")) {
            assert!(
                allowed.contains(&used.as_str()),
                "{name} uses {used}: the arrow is not in ARCHITECTURE.md"
            );
        }
        for (prefix, owner) in ALONE {
            let used = uses.iter().find(|used| used.starts_with(prefix));
            assert!(
                used.is_none() || name == owner,
                "{name} uses {used:?}, which {owner} alone may"
            );
        }
        let arrow = uses.iter().any(|used| used.starts_with("arrow"));
        assert!(
            !arrow || !WITHOUT_ARROW.contains(&name.as_str()),
            "{name} knows no Arrow"
        );
    }
}

/// Files that have `unsafe` blocks, and how many: Arrow takes views without a second look by an unsafe function only, and
/// Polars its arrays over the C data interface.
const UNSAFE: [(&str, usize); 2] = [
    ("hearth/src/annotation/results.rs", 1),
    ("hearth-polars/src/ffi.rs", 4),
];

#[test]
fn unsafe_stands_only_where_it_may() {
    for name in dependencies()
        .keys()
        .filter(|name| *name != "hearth-kernels")
    {
        for file in sources(&crates().join(name).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            let blocks = UNSAFE.iter().find(|(allowed, _)| file.ends_with(allowed));
            let blocks = blocks.map_or(0, |(_, blocks)| *blocks);
            for (word, allowed) in [
                ("unsafe_code", blocks.min(1)),
                ("unsafe {", blocks),
                ("unsafe fn", 0),
                ("unsafe impl", 0),
            ] {
                let found = text.matches(word).count();
                assert_eq!(found, allowed, "{}: {word}", file.display());
            }
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_dir() {
            files.append(&mut sources(&path));
        } else {
            files.push(path);
        }
    }
    files
}
