//! What holds of every text and every pipeline file (`properties`), on generated ones. They are the same in every run.

mod properties;

use hearth_testkit::generate::{FILES, PATTERNS, WORDS, bytes, for_all};

/// Regexes are slow in builds without optimisation; a release build tries a hundred times as many texts.
const EFFORT: u32 = if cfg!(debug_assertions) { 1 } else { 100 };

#[test]
fn texts_through_every_stage() {
    for_all(1, 300 * EFFORT, bytes(PATTERNS, 20), |input| {
        properties::pipeline(&input);
    });
}

#[test]
fn chunks_in_texts() {
    for_all(2, 300 * EFFORT, bytes(WORDS, 20), |input| {
        properties::chunks(&input);
    });
}

#[test]
fn pipeline_files() {
    for_all(3, 1_000 * EFFORT, bytes(FILES, 12), |input| {
        properties::pipeline_file(&input);
    });
}
