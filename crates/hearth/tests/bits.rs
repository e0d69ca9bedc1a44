//! The same sentence gets the same bits, whatever is around it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Float32Type;
use hearth::{Isa, Pipeline, Session, available_isas};
use hearth_testkit::data;

/// Golden texts and their doubles, each row with its number.
fn corpus() -> RecordBatch {
    let path = data().join("golden/spark-nlp-5.5.3/texts.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // One text of 100,000 letters is a single piece; leave it out, it only costs time.
    let texts: Vec<Option<&str>> = rows
        .iter()
        .map(|row| row["text"].as_str())
        .filter(|t| t.is_none_or(|t| t.len() < 20_000))
        .collect();
    let texts: StringArray = texts.iter().chain(texts.iter().take(40)).copied().collect();
    let ids: UInt32Array = (0..u32::try_from(texts.len()).unwrap()).collect();
    RecordBatch::try_from_iter([("id", Arc::new(ids) as _), ("text", Arc::new(texts) as _)])
        .unwrap()
}

/// A permutation that mixes near and far rows.
fn shuffled(batch: &RecordBatch) -> RecordBatch {
    let n = u32::try_from(batch.num_rows()).unwrap();
    let mut order: Vec<u32> = (0..n).collect();
    let mut state = 7u64;
    for i in (1..order.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, (state >> 33) as usize % (i + 1));
    }
    take_record_batch(batch, &UInt32Array::from(order)).unwrap()
}

/// Bits of each row's vectors; `rules` are parameters of the embeddings.
fn vectors(
    model: &str,
    rules: &[(&str, &str)],
    jobs: usize,
    kernels: Isa,
    input: &RecordBatch,
    batch_size: usize,
) -> HashMap<u32, Vec<u32>> {
    let session = Session::builder()
        .jobs(jobs)
        .kernels(kernels)
        .build()
        .unwrap();
    let mut pipeline = Pipeline::embed("text", data().join("models").join(model));
    for (key, value) in rules {
        let stage = pipeline.stages.last_mut().unwrap();
        stage.parameters.insert((*key).to_owned(), (*value).into());
    }
    let bound = session
        .load(&pipeline)
        .unwrap()
        .bind(input.schema_ref())
        .unwrap();
    let mut run = bound.start();
    let mut out = HashMap::new();
    let mut collect = |batch: &RecordBatch| {
        let ids = batch
            .column(0)
            .as_primitive::<arrow::datatypes::UInt32Type>();
        let embeddings = batch.column_by_name("embeddings").unwrap().as_list::<i32>();
        for row in 0..batch.num_rows() {
            let items = embeddings.value(row);
            let vectors = items
                .as_struct()
                .column_by_name("vector")
                .unwrap()
                .as_fixed_size_list()
                .clone();
            let start = vectors.value_offset(0);
            let values: &Float32Array = vectors.values().as_primitive::<Float32Type>();
            let length = vectors.len() * usize::try_from(vectors.value_length()).unwrap();
            let values = values.slice(usize::try_from(start).unwrap(), length);
            out.insert(
                ids.value(row),
                values.values().iter().map(|x| x.to_bits()).collect(),
            );
        }
    };
    let mut start = 0;
    while start < input.num_rows() {
        let length = batch_size.min(input.num_rows() - start);
        run.push(input.slice(start, length)).unwrap();
        start += length;
        while let Some(part) = run.pull().unwrap() {
            collect(&part.batch);
        }
    }
    run.finish();
    while let Some(part) = run.pull().unwrap() {
        collect(&part.batch);
    }
    out
}

const SPARK: &[(&str, &str)] = &[];
const FULL: &[(&str, &str)] = &[("compat", "full")];

#[test]
fn jobs_batches_and_order_change_no_bit() {
    let input = corpus();
    let best = available_isas()[0];
    for (model, rules) in [
        ("tiny_cased", SPARK),
        ("tiny_uncased", SPARK),
        ("tiny_uncased", FULL),
    ] {
        let vectors =
            |jobs, input, batch_size| vectors(model, rules, jobs, best, input, batch_size);
        let expected = vectors(1, &input, 1000);
        assert_eq!(expected.len(), input.num_rows());
        assert!(expected.values().map(Vec::len).sum::<usize>() > 32 * 3000);
        let mixed = shuffled(&input);
        for (what, found) in [
            ("2 jobs", vectors(2, &input, 1000)),
            ("batches of 1", vectors(2, &input, 1)),
            ("batches of 7", vectors(1, &input, 7)),
            ("shuffled", vectors(2, &mixed, 1000)),
            ("shuffled, batches of 7", vectors(3, &mixed, 7)),
        ] {
            assert!(found == expected, "{model} {rules:?}: {what}");
        }
    }
}

#[test]
fn instruction_sets_change_no_bit() {
    let input = corpus().slice(0, 60);
    for rules in [SPARK, FULL] {
        let expected = vectors("tiny_cased", rules, 2, Isa::Portable, &input, 1000);
        for isa in available_isas() {
            let found = vectors("tiny_cased", rules, 2, isa, &input, 1000);
            assert!(found == expected, "{rules:?}: {isa}");
        }
    }
}
