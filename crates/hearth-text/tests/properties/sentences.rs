//! Sentences by Spark NLP's rules and by the improved ones.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use hearth_testkit::reference::{self, Span};
use hearth_text::Error;
use hearth_text::sentence::{
    CustomBoundsStrategy, RuleSet, Scratch, Sentence, SentenceDetector, SentenceRules,
};

use super::{Found, SLOW, fits, is_failure, is_refusal};

/// Custom bounds that Java and the reference read alike. The last match nowhere: the rules in their other order.
pub const BOUNDS: [&[&str]; 13] = [
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
    &["<never>"],
];

/// What holds of the sentences that `rules` find in a text. Rules with bounds of the user's may be refused, and may take
/// too many steps.
pub fn check(rules: &SentenceRules, text: &str) {
    let detector = match SentenceDetector::new(rules.clone()) {
        Ok(detector) => detector,
        Err(error) => return check_refused(rules, &error),
    };
    let mut scratch = Scratch::default();
    let Some(found) = find(&detector, rules, text, &mut scratch) else {
        return;
    };
    let again = find(&detector, rules, text, &mut scratch);
    assert_eq!(again.as_ref(), Some(&found), "{text:?}: a used scratch");
    for sentence in &found {
        assert!(!sentence.text.is_empty(), "{text:?}: {sentence:?}");
        let max = rules.max_length;
        assert!(
            fits(&sentence.text, rules.min_length, max),
            "{text:?}: {sentence:?}"
        );
        sentence.check_place(text);
        sentence.check_length(text);
    }
    match rules.rule_set {
        RuleSet::Spark => check_spark(rules, text, &found),
        _ => check_improved(rules, text, &found),
    }
}

/// The sentences in text order; `None` where a bound takes too many steps, and nothing was found then.
fn find(
    detector: &SentenceDetector,
    rules: &SentenceRules,
    text: &str,
    scratch: &mut Scratch,
) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let emit = |sentence: Sentence<'_>| {
        found.push(Found {
            begin: sentence.begin,
            end: sentence.end,
            at: sentence.at,
            text: sentence.text.to_owned(),
        });
    };
    match detector.detect(text, scratch, emit) {
        Ok(()) => Some(found),
        Err(error) => {
            assert!(is_failure(&error), "{text:?}: {error}");
            assert!(
                found.is_empty() && !rules.custom_bounds.is_empty(),
                "{text:?}"
            );
            None
        }
    }
}

fn check_refused(rules: &SentenceRules, error: &Error) {
    assert!(
        is_refusal(error) && !rules.custom_bounds.is_empty(),
        "{rules:?}: {error}"
    );
}

/// Whether no sentence is dropped for its length.
fn keeps_all(rules: &SentenceRules) -> bool {
    rules.min_length <= 1 && rules.max_length.is_none()
}

fn check_spark(rules: &SentenceRules, text: &str, found: &[Found]) {
    let whole = rules.split_length.is_none();
    if whole {
        found.iter().for_each(|sentence| sentence.check_begin(text));
    }
    if keeps_all(rules) {
        // A search starts after the sentence before, unless that was not found.
        for pair in found.windows(2) {
            if let (Some(stop), Some(at)) = (pair[0].stop(), pair[1].at) {
                assert!(at >= stop, "{text:?}: {pair:?}");
            }
        }
        if whole && rules.custom_bounds.is_empty() && !has_symbols(text) {
            check_nothing_between(text, found, |c| c <= ' ');
        }
    }
    if text.len() <= SLOW
        && let Some(reference) = reference(rules)
    {
        let mut expected = reference.detect(text, rules.split_length);
        expected.retain(|sentence| fits(&sentence.2, rules.min_length, rules.max_length));
        let found: Vec<Span> = found.iter().map(Found::span).collect();
        assert_eq!(found, expected, "{rules:?}\n{text:?}");
    }
}

/// What the original reads as its own symbols, and the backslashes that it may lose.
fn has_symbols(text: &str) -> bool {
    text.contains(|c| matches!(c, '\\' | '\u{2550}'..='\u{256F}' | '\u{F050}'..='\u{F057}'))
}

/// Every sentence stands somewhere, in text order, and all that lies outside is blank.
fn check_nothing_between(text: &str, found: &[Found], is_blank: impl Fn(char) -> bool + Copy) {
    let mut last = 0;
    for sentence in found {
        let at = sentence.at.expect("a sentence without symbols has a place");
        let between = text.get(last..at).expect("sentences in text order");
        assert!(
            between.chars().all(is_blank),
            "{text:?} before {sentence:?}"
        );
        last = at + sentence.text.len();
    }
    assert!(text[last..].chars().all(is_blank), "{text:?} at its end");
}

fn check_improved(rules: &SentenceRules, text: &str, found: &[Found]) {
    let mut last = 0;
    for sentence in found {
        assert!(
            sentence.at >= Some(last),
            "{text:?}: {sentence:?} before byte {last}"
        );
        last = sentence.stop().expect("a place");
        sentence.check_begin(text);
        assert_eq!(sentence.text.trim(), sentence.text, "{text:?}");
    }
    let drops = !rules.custom_bounds.is_empty()
        && rules.custom_bounds_strategy == CustomBoundsStrategy::None;
    if keeps_all(rules) && !drops {
        check_nothing_between(text, found, |c| c <= ' ' || c.is_whitespace());
    }
}

/// Switches, bounds, strategy, whether there are bounds only.
type Key = (bool, bool, Vec<String>, CustomBoundsStrategy, bool);

thread_local! {
    static REFERENCES: RefCell<HashMap<Key, Rc<reference::Sentences>>> = RefCell::default();
}

/// The reference for these rules, `None` if it may read the bounds otherwise than Java.
fn reference(rules: &SentenceRules) -> Option<Rc<reference::Sentences>> {
    let patterns: Vec<&str> = rules.custom_bounds.iter().map(String::as_str).collect();
    if !patterns.is_empty() && !BOUNDS.contains(&&patterns[..]) {
        return None;
    }
    let (lists, abbreviations) = (rules.detect_lists, rules.use_abbreviations);
    let strategy = rules.custom_bounds_strategy;
    let only = rules.use_custom_bounds_only;
    let key = (
        lists,
        abbreviations,
        rules.custom_bounds.clone(),
        strategy,
        only,
    );
    let make = || {
        if patterns.is_empty() {
            return Rc::new(reference::Sentences::new(lists, abbreviations));
        }
        let bounds = reference::Bounds {
            patterns: &patterns,
            strategy: strategy.as_str(),
            only,
        };
        Rc::new(reference::Sentences::bounded(lists, abbreviations, &bounds))
    };
    REFERENCES.with_borrow_mut(|all| Some(all.entry(key).or_insert_with(make).clone()))
}
