//! The same rows give the same bytes out, whatever the jobs and the order.

use std::collections::HashMap;

use serde_json::Value;

use crate::{Workplace, arg, json_rows, model};

#[test]
fn jobs_and_order_change_no_byte_of_a_row() {
    let place = Workplace::new();
    let sample = hearth_testkit::data().join("corpora/sample.jsonl");
    let lines = std::fs::read_to_string(sample).unwrap();
    let lines: Vec<&str> = lines.lines().take(120).collect();
    place.write("a.jsonl", lines.join("\n"));
    let reversed: Vec<&str> = lines.iter().rev().copied().collect();
    place.write("b.jsonl", reversed.join("\n"));
    let model = model("tiny_cased");
    let embed = |input: &str, jobs: &str| {
        let out = place.ok([
            "embed",
            input,
            "-o",
            "-",
            "-m",
            arg(&model),
            "-j",
            jobs,
            "-q",
        ]);
        let rows = json_rows(&out.stdout)
            .into_iter()
            .map(|mut row| (row["id"].take().to_string(), Value::Object(row)));
        rows.collect::<HashMap<_, _>>()
    };
    let expected = embed("a.jsonl", "1");
    assert_eq!(expected.len(), 120);
    assert!(expected == embed("a.jsonl", "2"));
    assert!(expected == embed("b.jsonl", "2"));
}

#[test]
fn a_run_gives_the_same_file_twice() {
    let place = Workplace::new();
    let sample = hearth_testkit::data().join("corpora/notes/notes.jsonl");
    let model = model("tiny_cased");
    for (out, jobs) in [("a.parquet", "1"), ("b.parquet", "2")] {
        place.ok([
            "embed",
            arg(&sample),
            "-o",
            out,
            "-m",
            arg(&model),
            "-j",
            jobs,
            "-q",
        ]);
    }
    let read = |name| std::fs::read(place.path(name)).unwrap();
    assert!(read("a.parquet") == read("b.parquet"));
}
