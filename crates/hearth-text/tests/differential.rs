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
use hearth_text::sentence::{Scratch, SentenceDetector, SentenceRules};
use hearth_text::token::Tokenizer;

/// Regexes are slow in builds without optimisation; a release build compares hundreds of thousands of texts.
const EFFORT: usize = if cfg!(debug_assertions) { 1 } else { 100 };

const SWITCHES: [(bool, bool); 4] = [(true, true), (false, true), (true, false), (false, false)];

fn detector(detect_lists: bool, use_abbreviations: bool) -> SentenceDetector {
    SentenceDetector::new(SentenceRules {
        detect_lists,
        use_abbreviations,
        ..SentenceRules::default()
    })
}

/// Sentences in text order. Along the way: a sentence with a place is a slice of the document there.
fn sentences(detector: &SentenceDetector, document: &str, scratch: &mut Scratch) -> Vec<Span> {
    let units: Vec<u16> = document.encode_utf16().collect();
    let mut found = Vec::new();
    detector.detect(document, scratch, |s| {
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
    });
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
    Tokenizer::default().tokenize(sentence, |t| {
        let text = &sentence[t.at..t.at + t.len];
        assert!(
            separators(&sentence[last..t.at]),
            "{sentence:?} before {t:?}"
        );
        assert_eq!(
            String::from_utf16_lossy(&units[t.begin as usize..t.end as usize]),
            text,
            "{sentence:?}"
        );
        last = t.at + t.len;
        found.push((i64::from(t.begin), i64::from(t.end) - 1, text.to_owned()));
    });
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
    let mut random = Random(seed);
    let pairs: Vec<_> = SWITCHES
        .iter()
        .map(|&(l, a)| (detector(l, a), reference::Sentences::new(l, a)))
        .collect();
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
const MEETINGS: [&str; 63] = [
    "'ab' 1. x", "x 'a b.' 2. y. Z", "'a. b'\\ c. d", "x 'a'\\. b", "'a'1 'b' c. d", "'a.'é b. c", "''' a. b", "' ' a. 'b. c' d", "a 'b|c.' d. e",
    "etc..'s a. b", "x etc..'s a", "x etc.. a", "x dr..'s", "etc.-a b. C", "x etc.-a b. C", "x etc.,a", "etc.: a", "x etc.? a", "x no.   (a. b)",
    "x no. 5", "x No.:5", "x p. 5 a", "x Dr.:5 a", "x Dr.:a", "x mt. Z", "x mrs. Z", "x mrs. I'm", "x mrs. I'll", "x mrs. I z", "x mrs. Iz",
    "e\ng. a", "x e\ng. a", "x e\rg. a", "x e\u{2028}g. a", "x eég. a", "x e-g. a", "x e.g. a", "x i e. b", "u.s. a", "x u's. 1", "x u\u{85}s. 1",
    "x 1. 2. 3. y", "1. 2. 3. y", "-1. a -2. b", "s-1.) a", "x -1.) a", "-12) x. y", "-12)) x. y", "-1\\) x. y", "-1é) x", "-123) x", "-1\u{2028}) x",
    "a.b.c. D", "a.b.c.. d", "a.b.5", "a.bc.d. E", "éa.b. C", "a\u{301}b.c. D", "𝕏\u{301}a.b. c", "p.m.. X", "xp.m.5", "x!! 'a!' b", "!? a !! b !$ c",
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
