//! The crate against the reference, which the recorded cases check too, on random texts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may fail"
)]

mod common;
mod reference;

use common::random::{PARTS, Random};
use common::{Case, Span, spans};
use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::sentence::{
    CustomBoundsStrategy, Scratch, Sentence, SentenceDetector, SentenceRules,
};
use hearth_text::token::{Token, Tokenizer};

/// Regexes are slow in builds without optimisation; a release build compares hundreds of thousands of texts.
const EFFORT: usize = if cfg!(debug_assertions) { 1 } else { 100 };

const SWITCHES: [(bool, bool); 4] = [(true, true), (false, true), (true, false), (false, false)];

fn detector(detect_lists: bool, use_abbreviations: bool) -> SentenceDetector {
    SentenceDetector::new(SentenceRules {
        detect_lists,
        use_abbreviations,
        ..SentenceRules::default()
    })
    .unwrap()
}

/// Sentences in text order. Along the way: a sentence with a place is a slice of the document there, and where `begin`
/// says.
fn sentences(detector: &SentenceDetector, document: &str, scratch: &mut Scratch) -> Vec<Span> {
    let units: Vec<u16> = document.encode_utf16().collect();
    let mut found = Vec::new();
    let emit = |s: Sentence<'_>| {
        assert_eq!(s.at.is_some(), s.begin >= 0, "{document:?}");
        if let Some(at) = s.at {
            assert_eq!(
                document.get(at..at + s.text.len()),
                Some(s.text),
                "{document:?}"
            );
            let slice = String::from_utf16_lossy(&units[s.begin as usize..s.end as usize]);
            assert_eq!(slice, s.text, "{document:?}");
        }
        found.push((i64::from(s.begin), i64::from(s.end) - 1, s.text.to_owned()));
    };
    detector.detect(document, scratch, emit).unwrap();
    found
}

/// Tokens. Along the way: they are slices in both units, in order, with nothing but separators between.
fn tokens(sentence: &str) -> Vec<Span> {
    let units: Vec<u16> = sentence.encode_utf16().collect();
    let mut found = Vec::new();
    let mut last = 0;
    let separators = |text: &str| {
        text.chars()
            .all(|c| matches!(c, '\t'..='\r' | ' ' | '\u{2187}'))
    };
    let emit = |t: Token<'_>| {
        let at = t.at.unwrap();
        let text = &sentence[at..at + t.text.len()];
        assert_eq!(t.text, text);
        assert!(separators(&sentence[last..at]), "{sentence:?} before {t:?}");
        assert_eq!(
            String::from_utf16_lossy(&units[t.begin as usize..t.end as usize]),
            text,
            "{sentence:?}"
        );
        last = at + text.len();
        found.push((i64::from(t.begin), i64::from(t.end) - 1, text.to_owned()));
    };
    Tokenizer::default().tokenize(sentence, emit).unwrap();
    assert!(separators(&sentence[last..]), "{sentence:?} at its end");
    found
}

/// The smallest text with the same fault that dropping characters leads to.
fn shrink(text: &str, differs: impl Fn(&str) -> bool) -> String {
    let mut text: Vec<char> = text.chars().collect();
    let mut width = text.len().max(1);
    while width > 0 {
        let mut start = 0;
        while start < text.len() {
            let mut shorter = text.clone();
            shorter.drain(start..(start + width).min(text.len()));
            if differs(&shorter.iter().collect::<String>()) {
                text = shorter;
            } else {
                start += width;
            }
        }
        width /= 2;
    }
    text.into_iter().collect()
}

fn check_random_sentences(seed: u64, texts: usize, max: usize) {
    let pair = |&(l, a): &(bool, bool)| (detector(l, a), reference::Sentences::new(l, a));
    compare_on_random_texts(&SWITCHES.map(|switches| pair(&switches)), seed, texts, max);
}

fn compare_on_random_texts(pairs: &[Pair], seed: u64, texts: usize, max: usize) {
    let mut random = Random(seed);
    let mut scratch = Scratch::default();
    for n in 0..texts {
        let text = random.text(PARTS, max);
        let (detector, reference) = &pairs[n % pairs.len()];
        if sentences(detector, &text, &mut scratch) != reference.detect(&text) {
            let differs = |text: &str| {
                sentences(detector, text, &mut Scratch::default()) != reference.detect(text)
            };
            let text = shrink(&text, differs);
            let found = sentences(detector, &text, &mut Scratch::default());
            panic!(
                "{detector:?}\n{text:?}\n  found     {found:?}\n  reference {:?}",
                reference.detect(&text)
            );
        }
    }
}

/// Texts in which two rules meet, or one reaches its limit.
#[rustfmt::skip]
const MEETINGS: [&str; 66] = [
    "'ab' 1. x", "x 'a b.' 2. y. Z", "'a. b'\\ c. d", "x 'a'\\. b", "'a'1 'b' c. d", "'a.'é b. c", "''' a. b", "' ' a. 'b. c' d", "a 'b|c.' d. e",
    "etc..'s a. b", "x etc..'s a", "x etc.. a", "x dr..'s", "etc.-a b. C", "x etc.-a b. C", "x etc.,a", "etc.: a", "x etc.? a", "x no.   (a. b)",
    "x no. 5", "x No.:5", "x p. 5 a", "x Dr.:5 a", "x Dr.:a", "x mt. Z", "x mrs. Z", "x mrs. I'm", "x mrs. I'll", "x mrs. I z", "x mrs. Iz",
    "e\ng. a", "x e\ng. a", "x e\rg. a", "x e\u{2028}g. a", "x eég. a", "x e-g. a", "x e.g. a", "x i e. b", "u.s. a", "x u's. 1", "x u\u{85}s. 1",
    "x 1. 2. 3. y", "1. 2. 3. y", "-1. a -2. b", "s-1.) a", "x -1.) a", "-12) x. y", "-12)) x. y", "-1\\) x. y", "-1é) x", "-123) x", "-1\u{2028}) x",
    "a.b.c. D", "a.b.c.. d", "a.b.5", "a.bc.d. E", "éa.b. C", "a\u{301}b.c. D", "𝕏\u{301}a.b. c", "p.m.. X", "xp.m.5", "x etc..5 a", "etc..5", "a.b..5 c", "x!! 'a!' b", "!? a !! b !$ c",
];

#[test]
fn sentences_where_rules_meet() {
    let mut scratch = Scratch::default();
    let mut n = 0;
    for (lists, abbreviations) in SWITCHES {
        let (detector, reference) = (
            detector(lists, abbreviations),
            reference::Sentences::new(lists, abbreviations),
        );
        let mut check = |text: &str| {
            assert_eq!(
                sentences(&detector, text, &mut scratch),
                reference.detect(text),
                "{text:?}"
            );
        };
        for first in MEETINGS {
            check(first);
            for second in MEETINGS {
                n += 1;
                if n % 16 < EFFORT {
                    check(&format!("{first} {second}"));
                }
            }
        }
    }
}

#[test]
fn sentences_of_short_random_texts() {
    check_random_sentences(1, 3_000 * EFFORT, 12);
}

#[test]
fn sentences_of_long_random_texts() {
    check_random_sentences(2, 500 * EFFORT, 80);
}

/// Custom bounds that Java and the regex crates read alike.
const BOUNDS: [&[&str]; 12] = [
    &[","],
    &["\n"],
    &[r"\.", ";"],
    &["[.!?]+", " "],
    &["a*(?=b)"],
    &["(?<=[a-z])(?=[A-Z(])", "'"],
    &["\u{F050}", "\""],
    &["[!?]", "\u{F050}"],
    &[r"\\", r"\$"],
    &["1|2", "-"],
    &["^", "[)]"],
    &["\u{F057}|a", "[^b]\u{F050}"],
];

type Pair = (SentenceDetector, reference::Sentences);

fn bounded(
    patterns: &[&str],
    strategy: CustomBoundsStrategy,
    only: bool,
    (detect_lists, use_abbreviations): (bool, bool),
) -> Pair {
    let rules = SentenceRules {
        custom_bounds: patterns.iter().map(ToString::to_string).collect(),
        custom_bounds_strategy: strategy,
        use_custom_bounds_only: only,
        detect_lists,
        use_abbreviations,
        ..SentenceRules::default()
    };
    let bounds = reference::Bounds {
        patterns,
        strategy: strategy.as_str(),
        only,
    };
    let reference = reference::Sentences::bounded(detect_lists, use_abbreviations, &bounds);
    (SentenceDetector::new(rules).unwrap(), reference)
}

#[test]
fn sentences_at_custom_bounds_in_random_texts() {
    for (seed, patterns) in (10..).zip(BOUNDS) {
        let mut pairs = CustomBoundsStrategy::ALL
            .into_iter()
            .map(|strategy| bounded(patterns, strategy, true, SWITCHES[0]))
            .collect::<Vec<_>>();
        let mixed = (seed as usize) % 3;
        pairs.push(bounded(
            patterns,
            CustomBoundsStrategy::ALL[mixed],
            false,
            SWITCHES[mixed],
        ));
        compare_on_random_texts(&pairs, seed, 200 * EFFORT, 20);
    }
}

#[test]
fn sentences_where_rules_meet_in_the_order_of_custom_bounds() {
    let mut scratch = Scratch::default();
    for switches in SWITCHES {
        let (detector, reference) =
            bounded(&["<never>"], CustomBoundsStrategy::None, false, switches);
        for text in MEETINGS {
            let found = sentences(&detector, text, &mut scratch);
            assert_eq!(found, reference.detect(text), "{text:?}");
        }
        compare_on_random_texts(&[(detector, reference)], 20, 200 * EFFORT, 12);
    }
}

#[test]
fn split_sentences_of_random_texts() {
    let parts = [
        " ", " ", " ", "  ", "a", "word", "é", "😀", ". ", "Go. ", "\n", "longer", "!", "\u{2566}",
    ];
    for (seed, length) in [(30, 0), (31, 1), (32, 5), (33, 12), (34, 40)] {
        let detector = SentenceDetector::new(SentenceRules {
            split_length: Some(length),
            ..SentenceRules::default()
        })
        .unwrap();
        let reference = reference::Sentences::new(true, true).split(length as usize);
        let (mut random, mut scratch) = (Random(seed), Scratch::default());
        for _ in 0..100 * EFFORT {
            let text = random.text(&parts, 40);
            let mut found = Vec::new();
            let emit = |s: Sentence<'_>| {
                if let Some(at) = s.at {
                    assert_eq!(text.get(at..at + s.text.len()), Some(s.text), "{text:?}");
                }
                found.push((i64::from(s.begin), i64::from(s.end) - 1, s.text.to_owned()));
            };
            detector.detect(&text, &mut scratch, emit).unwrap();
            assert_eq!(found, reference.detect(&text), "{length} {text:?}");
        }
    }
}

#[test]
fn tokens_of_random_texts() {
    let (mut random, reference) = (Random(3), reference::Tokens::new());
    for _ in 0..3_000 * EFFORT {
        let text = random.text(PARTS, 20);
        assert_eq!(tokens(&text), reference.tokenize(&text), "{text:?}");
    }
}

#[test]
fn cleanup_of_random_texts() {
    let mut random = Random(4);
    let parts = [
        " ", "\n", "\r", "\t", "\u{B}", "\u{1F}", "\0", "\\", "\\n", "\\r", "\\t", "n", "r", "t",
        "é", "a", "\u{A0}",
    ];
    for mode in CleanupMode::ALL {
        for _ in 0..500 * EFFORT {
            let text = random.text(&parts, 14);
            assert_eq!(
                clean(mode, &text),
                reference::clean(mode.as_str(), &text),
                "{mode} {text:?}"
            );
        }
    }
}

#[test]
fn the_reference_agrees_with_the_recorded_sentences() {
    for (name, (lists, abbreviations)) in ["default", "nolists", "noabbr", "noabbr_nolists"]
        .iter()
        .zip(SWITCHES)
    {
        let reference = reference::Sentences::new(lists, abbreviations);
        let case = Case::golden(&format!("sentence.{name}"));
        for (id, text, row) in case.rows.iter().filter(|row| row.1.len() < 3000) {
            let mut found = reference.detect(text);
            found.sort_by_key(|s| s.0);
            assert_eq!(found, spans(row, "sentence"), "{name} {id}");
        }
    }
    for strategy in ["none", "prepend", "append"] {
        let patterns = &[","];
        let bounds = reference::Bounds {
            patterns,
            strategy,
            only: false,
        };
        let reference = reference::Sentences::bounded(true, true, &bounds);
        let case = Case::golden(&format!("sentence.bounds_comma_{strategy}"));
        for (id, text, row) in case.rows.iter().filter(|row| row.1.len() < 3000) {
            let mut found = reference.detect(text);
            found.sort_by_key(|s| s.0);
            assert_eq!(found, spans(row, "sentence"), "{strategy} {id}");
        }
    }
}

#[test]
fn the_reference_agrees_with_the_recorded_tokens_and_documents() {
    let reference = reference::Tokens::new();
    for (id, text, row) in Case::golden("token.ondocument")
        .rows
        .iter()
        .filter(|row| row.1.len() < 3000)
    {
        assert_eq!(reference.tokenize(text), spans(row, "token"), "{id}");
    }
    for mode in CleanupMode::ALL {
        for (id, text, row) in Case::golden(&format!("doc.{mode}")).rows {
            assert_eq!(
                reference::clean(mode.as_str(), &text),
                spans(&row, "document")[0].2,
                "{mode} {id}"
            );
        }
    }
}
