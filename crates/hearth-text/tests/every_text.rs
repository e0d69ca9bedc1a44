//! What holds of every text (`properties`): of the recorded ones, of generated ones rich in what the rules look at, and of
//! those on which a fuzz target once failed. The generated ones are the same in every run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod common;
mod properties;

use common::{data, lines};
use hearth_testkit::generate::{self, CHOICES, PARTS, PATTERNS, WORDS, bytes, text_of};
use hearth_text::sentence::{RuleSet, SentenceRules};
use properties::{cleanup, sentences, targets, tokens};
use proptest::prelude::{Strategy, any};
use proptest::sample::select;

/// Regexes are slow in builds without optimisation; a release build tries a hundred times as many texts.
const EFFORT: u32 = if cfg!(debug_assertions) { 1 } else { 100 };

fn for_all<S: Strategy>(seed: u64, cases: u32, strategy: S, check: impl Fn(S::Value)) {
    generate::for_all(seed, cases * EFFORT, strategy, check);
}

fn text(max: usize) -> impl Strategy<Value = String> {
    text_of(PARTS, max)
}

#[test]
fn cleaned() {
    let parts = &[
        " ", "\n", "\r", "\t", "\u{B}", "\u{1F}", "\0", "\\", "\\n", "\\r", "\\t", "n", "r", "t",
        "é", "a", "\u{A0}",
    ];
    for_all(1, 500, text_of(parts, 14), |text| cleanup::check(&text));
    for_all(2, 500, text(20), |text| cleanup::check(&text));
}

fn rules((detect_lists, use_abbreviations): (bool, bool)) -> SentenceRules {
    SentenceRules {
        detect_lists,
        use_abbreviations,
        ..SentenceRules::default()
    }
}

#[test]
fn sentences_of_short_texts() {
    let both = (any::<(bool, bool)>(), text(12));
    for_all(3, 3_000, both, |(switches, text)| {
        sentences::check(&rules(switches), &text);
    });
}

#[test]
fn sentences_of_long_texts() {
    let both = (any::<(bool, bool)>(), text(80));
    for_all(4, 500, both, |(switches, text)| {
        sentences::check(&rules(switches), &text);
    });
}

#[test]
fn split_sentences() {
    let parts = &[
        " ", " ", " ", "  ", "a", "word", "é", "😀", ". ", "Go. ", "\n", "longer", "!", "\u{2566}",
    ];
    let both = (select(&[0, 1, 5, 12, 40]), text_of(parts, 40));
    for_all(5, 500, both, |(length, text)| {
        for rule_set in RuleSet::ALL {
            let rules = SentenceRules {
                rule_set,
                split_length: Some(length),
                ..SentenceRules::default()
            };
            sentences::check(&rules, &text);
        }
    });
}

#[test]
fn sentences_with_every_parameter() {
    for_all(6, 3_000, bytes(PATTERNS, 20), |input| {
        targets::sentence_detector(&input);
        targets::improved(&input);
    });
}

#[test]
fn improved_sentences() {
    for_all(7, 5_000, text(30), |text| {
        let rules = SentenceRules {
            rule_set: RuleSet::Improved,
            ..SentenceRules::default()
        };
        sentences::check(&rules, &text);
    });
}

#[test]
fn tokens_by_the_default_rules() {
    for_all(8, 3_000, text(20), |text| tokens::check_default(&text));
}

#[test]
fn tokens_by_patterns() {
    for_all(9, 2_000, bytes(PATTERNS, 12), |input| {
        targets::tokenizer(&input);
        targets::regex_tokenizer(&input);
    });
}

#[test]
fn normal_forms_stop_words_and_pieces() {
    for_all(10, 1_000, bytes(PATTERNS, 8), |input| {
        targets::normalizer(&input);
    });
    for_all(11, 1_000, bytes(WORDS, 6), |input| {
        targets::stop_words(&input);
        targets::word_piece(&input);
    });
}

#[test]
fn patterns() {
    for_all(12, 2_000, bytes(PATTERNS, 12), |input| {
        targets::java_pattern(&input);
    });
    // What is no pattern, mostly.
    for_all(13, 2_000, bytes(&[""], 12), |input| {
        targets::java_pattern(&input);
    });
}

/// The texts that the goldens were recorded of, for every target and with a few settings.
#[test]
fn recorded_texts() {
    for row in lines(&data("golden/spark-nlp-5.5.3/texts.jsonl")) {
        let Some(text) = row["text"].as_str().filter(|text| text.len() < 3_000) else {
            continue;
        };
        for choices in [[0; CHOICES], [1; CHOICES], [0xA5; CHOICES]] {
            let input = [&choices, text.as_bytes()].concat();
            for (_, check) in targets::ALL {
                check(&input);
            }
        }
    }
}
