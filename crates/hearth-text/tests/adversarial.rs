//! Texts that make a careless implementation quadratic: one unit over and over.
//!
//! A text is timed against its eighths, so that neither the machine nor what else runs on it matters: they take the same
//! time if time is linear, and an eighth of it if it is quadratic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::hint::black_box;
use std::time::Instant;

use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::sentence::{
    CustomBoundsStrategy, RuleSet, Scratch, Sentence, SentenceDetector, SentenceRules,
};
use hearth_text::token::{RegexTokenRules, RegexTokenizer, TokenRules, Tokenizer};

const SIZE: usize = 1 << 20;

/// A text is timed against this many parts of it.
const PARTS: u32 = 8;

/// More than this many times the time of its parts is too long for a text. Caches and n log n account for less than 2.
const LIMIT: f64 = 3.0;

/// A machine may be busy with something else during one measurement and not during the other.
const ATTEMPTS: usize = 50;

#[rustfmt::skip]
const UNITS: &[&str] = &[
    "\"", "(", "[", "'", " '", "' ", "1. ", "...", "... ", "a.b.", "word", "!", r"\n", r"\r", ";", ". ", ".", "a)",
    "p.m.", "no. ", "N°. ", "x. Y ", "é", "😀. ", "\u{301}a.b", "\u{F050}", "\u{F056}", "\u{F057}", "\u{F051}",
    "x\u{F051} ", "\u{2566} ab. ", r" 'a'\ b. ", " \"", "“", "‘", "«", "! ", "\n", "\n1) ", " ", "; ", "(\n\n", "「", "。",
    "X. ", "'a ", "x' 'y", ". (", "\u{301}", "a,", ",", "ab ,b", "'a b', c. ", "é, \u{F057}", "a-", "😀b", "\\", "a.-b",
    "\" a. ", "( a. ", "Σ", "I.", "\t\r\n",
];

/// For rules with patterns: few, since the texts are to be longer than what the regex engine does its faster way.
const PATTERN_UNITS: &[&str] = &[
    "[", "-", "a-", "ab ", "😀b", " ", "\\", "a.-b", "no. x ", "\n",
];

fn seconds(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

/// Time is linear in texts of up to `size` bytes of each unit.
fn check_linear(what: &str, units: &[&str], size: usize, mut run: impl FnMut(&str)) {
    for unit in units {
        let part = unit.repeat(size / PARTS as usize / unit.len());
        let whole = part.repeat(PARTS as usize);
        // The least times of several attempts are the ones that nothing else took part in.
        let (mut least_parts, mut least_whole) = (f64::INFINITY, f64::INFINITY);
        for attempt in 0.. {
            least_parts = least_parts.min(seconds(|| (0..PARTS).for_each(|_| run(&part))));
            least_whole = least_whole.min(seconds(|| run(&whole)));
            if least_whole <= LIMIT * least_parts {
                break;
            }
            assert!(
                attempt < ATTEMPTS,
                "{what}, {unit:?}: {least_whole} s, its parts {least_parts} s"
            );
        }
    }
}

/// Finds sentences and their tokens; gives the number of sentences, and of those that were not found.
fn count(detector: &SentenceDetector, text: &str) -> (usize, usize) {
    let (mut count, mut missing) = (0, 0);
    let tokenizer = Tokenizer::default();
    let emit = |sentence: Sentence<'_>| {
        count += 1;
        missing += usize::from(sentence.at.is_none());
        let checked = tokenizer.tokenize(sentence.text, |token| assert!(!token.text.is_empty()));
        checked.unwrap();
    };
    detector
        .detect(text, &mut Scratch::default(), emit)
        .unwrap();
    (count, missing)
}

fn bounded(bounds: &[&str]) -> SentenceRules {
    SentenceRules {
        custom_bounds: bounds.iter().map(ToString::to_string).collect(),
        ..SentenceRules::default()
    }
}

#[test]
fn cleanup_takes_linear_time() {
    for mode in CleanupMode::ALL {
        check_linear(mode.as_str(), UNITS, SIZE / 4, |text| {
            black_box(clean(mode, text));
        });
    }
}

#[test]
fn the_default_rules_take_linear_time() {
    let detector = SentenceDetector::default();
    check_linear("sentences and tokens", UNITS, SIZE / 2, |text| {
        count(&detector, text);
    });
    let tokenizer = Tokenizer::default();
    check_linear("tokens", UNITS, SIZE / 2, |text| {
        tokenizer.tokenize(text, |_| {}).unwrap();
    });
}

#[test]
fn the_improved_rules_take_linear_time() {
    let detector = SentenceDetector::new(SentenceRules {
        rule_set: RuleSet::Improved,
        ..SentenceRules::default()
    });
    let detector = detector.unwrap();
    check_linear("improved", UNITS, SIZE / 4, |text| {
        count(&detector, text);
    });
}

#[test]
fn every_parameter_of_the_sentence_detector_takes_linear_time() {
    let bounds = [",", r"\s*\n"];
    let strategies = CustomBoundsStrategy::ALL.into_iter();
    let custom = strategies
        .zip([false, true, false])
        .map(|(strategy, only)| SentenceRules {
            custom_bounds_strategy: strategy,
            use_custom_bounds_only: only,
            ..bounded(&bounds)
        });
    let others = [
        SentenceRules {
            detect_lists: false,
            use_abbreviations: false,
            ..SentenceRules::default()
        },
        SentenceRules {
            split_length: Some(3),
            ..SentenceRules::default()
        },
        SentenceRules {
            rule_set: RuleSet::Improved,
            split_length: Some(3),
            ..bounded(&bounds)
        },
        bounded(&["(?<=a)(?=b)|x*"]),
    ];
    for rules in custom.chain(others) {
        let (units, size) = if rules.custom_bounds.is_empty() {
            (UNITS, SIZE / 4)
        } else {
            (PATTERN_UNITS, SIZE / 2)
        };
        let detector = SentenceDetector::new(rules.clone()).unwrap();
        check_linear(&format!("{rules:?}"), units, size, |text| {
            count(&detector, text);
        });
    }
}

#[test]
fn every_parameter_of_the_tokenizers_takes_linear_time() {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let default = TokenRules::default;
    let settings = [
        TokenRules {
            split_chars: words(&["-", "b"]),
            ..default()
        },
        TokenRules {
            split_pattern: Some(String::new()),
            ..default()
        },
        TokenRules {
            exceptions: words(&["a b", "b-+", "😀"]),
            ..default()
        },
        TokenRules {
            exceptions: words(&["no\\. x", "a\\.b"]),
            case_sensitive_exceptions: false,
            ..default()
        },
        TokenRules {
            target_pattern: r"\w+".to_owned(),
            infix_patterns: words(&[r"(\w+?)(?=b)(b)", r"(\w+)"]),
            ..default()
        },
    ];
    for rules in settings {
        let tokenizer = Tokenizer::new(rules.clone()).unwrap();
        check_linear(&format!("{rules:?}"), PATTERN_UNITS, SIZE / 2, |text| {
            tokenizer.tokenize(text, |_| {}).unwrap();
        });
    }
    for pattern in [r"\s+", "", "(?<=a)", "b|-"] {
        let tokenizer = RegexTokenizer::new(RegexTokenRules {
            pattern: pattern.to_owned(),
            to_lowercase: true,
            trim_whitespace: true,
            ..RegexTokenRules::default()
        });
        let tokenizer = tokenizer.unwrap();
        check_linear(pattern, PATTERN_UNITS, SIZE / 2, |text| {
            tokenizer.tokenize(text, |_| {}).unwrap();
        });
    }
}

/// Sentences per unit, by the rules; the same with a thousand units as with many.
#[test]
fn as_many_sentences_per_unit_however_many_units() {
    for rules in [SentenceRules::default(), bounded(&[",", r"\s*\n"])] {
        let detector = SentenceDetector::new(rules).unwrap();
        for unit in UNITS {
            let [few, many] = [1_000, SIZE / 8 / unit.len()]
                .map(|n| (n as f64, count(&detector, &unit.repeat(n))));
            let per_unit = |(n, (count, missing)): (f64, (usize, usize))| {
                (count as f64 / n, missing as f64 / n)
            };
            let (few, many) = (per_unit(few), per_unit(many));
            assert!(
                (few.0 - many.0).abs() < 0.01 && (few.1 - many.1).abs() < 0.01,
                "{unit:?}: {few:?}, {many:?}"
            );
        }
    }
}

#[test]
fn pieces_that_all_differ_and_are_nowhere() {
    let text: String = (0..SIZE / 16).map(|n| format!("{n}\u{2566} x. ")).collect();
    let (count, missing) = count(&SentenceDetector::default(), &text);
    assert!(
        count > 60_000 && missing > 60_000,
        "{count} sentences, {missing} not found"
    );
}

#[test]
fn ten_megabytes_without_a_space() {
    let text = "abcdefghij".repeat(SIZE);
    assert_eq!(count(&SentenceDetector::default(), &text), (1, 0));
    let mut length = 0;
    let limits = TokenRules {
        max_length: i32::MAX,
        ..TokenRules::default()
    };
    let tokenizer = Tokenizer::new(limits).unwrap();
    let dropped = tokenizer.tokenize(&text, |token| length += token.text.len());
    assert_eq!((dropped, length), (Ok(0), text.len()));
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
