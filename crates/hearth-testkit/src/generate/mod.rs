//! Texts and settings, made up: by the fuzzer from its bytes, and by proptest, the same in every run.

mod input;
mod parts;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

pub use input::{CHOICES, Input};
pub use parts::{FILES, PARTS, PATTERNS, WORDS};

/// Runs `check` with `cases` values. Those are the same for the same seed.
///
/// # Panics
/// If `check` does, with the smallest value found on which it does.
pub fn for_all<S: Strategy>(seed: u64, cases: u32, strategy: S, check: impl Fn(S::Value)) {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&strategy, |value| {
        check(value);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

/// Texts of up to `max` of these parts. A few are drawn first, so that each text is dense in them.
pub fn text_of(parts: &'static [&'static str], max: usize) -> impl Strategy<Value = String> {
    let few = vec(select(parts), 1..=12);
    few.prop_flat_map(move |few| vec(select(few), 0..=max))
        .prop_map(|parts| parts.concat())
}

/// The bytes of an [`Input`]: choices, one of these first lines (with its line feed, if it has one), and a text of up to
/// `max` [`PARTS`].
pub fn bytes(first_lines: &'static [&'static str], max: usize) -> impl Strategy<Value = Vec<u8>> {
    let parts = (
        vec(any::<u8>(), CHOICES),
        select(first_lines),
        text_of(PARTS, max),
    );
    parts.prop_map(|(choices, first_line, text)| {
        [&choices, first_line.as_bytes(), text.as_bytes()].concat()
    })
}
