//! Texts that make a careless implementation quadratic: at this size such a one would take minutes.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::sentence::{
    CustomBoundsStrategy, Scratch, Sentence, SentenceDetector, SentenceRules,
};
use hearth_text::token::Tokenizer;

const SIZE: usize = 1 << 20;

/// Runs everything over a text; gives the number of sentences, and of those that were not found.
fn sentences(text: &str) -> (usize, usize) {
    for mode in CleanupMode::ALL {
        assert!(clean(mode, text).len() <= text.len());
    }
    count(&SentenceDetector::default(), text)
}

fn count(detector: &SentenceDetector, text: &str) -> (usize, usize) {
    let (mut count, mut missing) = (0, 0);
    let emit = |sentence: Sentence<'_>| {
        count += 1;
        missing += usize::from(sentence.at.is_none());
        Tokenizer::default()
            .tokenize(sentence.text, |token| assert!(!token.text.is_empty()))
            .unwrap();
    };
    detector
        .detect(text, &mut Scratch::default(), emit)
        .unwrap();
    (count, missing)
}

#[test]
fn one_unit_over_and_over() {
    // Sentences per unit, by the rules; the same with a thousand units as with a million.
    for unit in [
        "\"",
        "(",
        "[",
        "'",
        " '",
        "' ",
        "1. ",
        "...",
        "... ",
        "a.b.",
        "word",
        "!",
        r"\n",
        r"\r",
        ";",
        ". ",
        ".",
        "a)",
        "p.m.",
        "no. ",
        "N°. ",
        "x. Y ",
        "é",
        "😀. ",
        "\u{301}a.b",
        "\u{F050}",
        "\u{F056}",
        "\u{F057}",
        "\u{F051}",
        "x\u{F051} ",
        "\u{2566} ab. ",
        r" 'a'\ b. ",
    ] {
        let [few, many] =
            [1_000, SIZE / unit.len()].map(|n| (n as f64, sentences(&unit.repeat(n))));
        let per_unit =
            |(n, (count, missing)): (f64, (usize, usize))| (count as f64 / n, missing as f64 / n);
        let (few, many) = (per_unit(few), per_unit(many));
        assert!(
            (few.0 - many.0).abs() < 0.01 && (few.1 - many.1).abs() < 0.01,
            "{unit:?}: {few:?}, {many:?}"
        );
    }
}

#[test]
fn pieces_that_all_differ_and_are_nowhere() {
    let text: String = (0..SIZE / 16).map(|n| format!("{n}\u{2566} x. ")).collect();
    let (count, missing) = sentences(&text);
    assert!(
        count > 60_000 && missing > 60_000,
        "{count} sentences, {missing} not found"
    );
}

#[test]
fn a_text_without_a_space() {
    assert_eq!(sentences(&"abcdefghij".repeat(SIZE)), (1, 0));
}

#[test]
fn custom_bounds_over_and_over() {
    for (strategy, only) in CustomBoundsStrategy::ALL
        .into_iter()
        .zip([false, true, false])
    {
        let detector = SentenceDetector::new(SentenceRules {
            custom_bounds: vec![",".to_owned(), r"\s*\n".to_owned()],
            custom_bounds_strategy: strategy,
            use_custom_bounds_only: only,
            ..SentenceRules::default()
        })
        .unwrap();
        for unit in [
            "a,",
            ",",
            " \n",
            "ab ,b",
            "'a b', c. ",
            "x. y,",
            "\u{2566} ab, ",
            "é, \u{F057}",
        ] {
            let [few, many] =
                [1_000, SIZE / unit.len()].map(|n| (n as f64, count(&detector, &unit.repeat(n))));
            let found = (few.1.0 as f64 / few.0, many.1.0 as f64 / many.0);
            assert!((found.0 - found.1).abs() < 0.01, "{unit:?}: {found:?}");
        }
    }
}

#[test]
fn words_split_over_and_over() {
    let detector = SentenceDetector::new(SentenceRules {
        split_length: Some(3),
        ..SentenceRules::default()
    })
    .unwrap();
    let units = SIZE / 4;
    assert_eq!(count(&detector, &"word ".repeat(units)), (units, 0));
    assert_eq!(count(&detector, &"a b ".repeat(units)), (units, 0));
}
