//! The properties by what they are of, each over the bytes of an [`Input`]: what the fuzz targets run.

use hearth_testkit::generate::Input;
use hearth_text::sentence::RuleSet;

use super::{cleanup as clean, normal, patterns, pieces, sentences, settings, tokens};

/// Longest text with patterns of the user's, in bytes: a search of each may take millions of steps.
const SHORT: usize = 300;

/// A name and what runs under it.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: [Target; 9] = [
    ("cleanup", cleanup),
    ("sentence_detector", sentence_detector),
    ("improved", improved),
    ("tokenizer", tokenizer),
    ("java_pattern", java_pattern),
    ("regex_tokenizer", regex_tokenizer),
    ("normalizer", normalizer),
    ("stop_words", stop_words),
    ("word_piece", word_piece),
];

/// Cleanup in every mode.
pub fn cleanup(data: &[u8]) {
    clean::check(&Input::new(data).text);
}

/// Sentences by Spark NLP's rules.
pub fn sentence_detector(data: &[u8]) {
    sentences_by(RuleSet::Spark, data);
}

/// Sentences by the improved rules.
pub fn improved(data: &[u8]) {
    sentences_by(RuleSet::Improved, data);
}

fn sentences_by(rule_set: RuleSet, data: &[u8]) {
    let mut input = Input::new(data);
    let has_own = input.one_of(&[false, false, false, true]);
    if !has_own {
        let rules = settings::sentence_rules(&mut input, rule_set, None);
        return sentences::check(&rules, &input.text);
    }
    let whole = input.text.clone();
    let (own, text) = whole.split_once('\n').unwrap_or((&whole, ""));
    if text.len() <= SHORT && own.len() <= SHORT {
        let rules = settings::sentence_rules(&mut input, rule_set, Some(own));
        sentences::check(&rules, text);
    }
}

/// Tokens by the default rules, and by others.
pub fn tokenizer(data: &[u8]) {
    let mut input = Input::new(data);
    if !input.flag() {
        return tokens::check_default(&input.text);
    }
    with_pattern(input, |input, own, text| {
        tokens::check(&settings::token_rules(input, own), text);
    });
}

/// A Java pattern.
pub fn java_pattern(data: &[u8]) {
    with_pattern(Input::new(data), |_, own, text| patterns::check(own, text));
}

/// Tokens of a RegexTokenizer.
pub fn regex_tokenizer(data: &[u8]) {
    with_pattern(Input::new(data), |input, own, text| {
        tokens::check_regex(&settings::regex_token_rules(input, own), text);
    });
}

/// A token's normal form.
pub fn normalizer(data: &[u8]) {
    with_pattern(Input::new(data), |input, own, text| {
        normal::check(&settings::normal_rules(input, own), text);
    });
}

/// Stop words and lower case.
pub fn stop_words(data: &[u8]) {
    let mut input = Input::new(data);
    let case_sensitive = input.flag();
    let (words, token) = input.head();
    let words: Vec<&str> = words.split(' ').collect();
    normal::check_stop_words(&words, case_sensitive, token);
    normal::check_lower_case(token);
}

/// Word pieces.
pub fn word_piece(data: &[u8]) {
    let mut input = Input::new(data);
    let cased = input.flag();
    let (entries, token) = input.head();
    let entries: Vec<&str> = entries.split(' ').collect();
    pieces::check(&entries, cased, token);
}

/// Runs `check` with the first line as a pattern and the rest as a text, if they are short.
fn with_pattern(mut input: Input<'_>, check: impl Fn(&mut Input<'_>, &str, &str)) {
    let whole = input.text.clone();
    let (own, text) = whole.split_once('\n').unwrap_or((&whole, ""));
    if own.len() <= SHORT && text.len() <= SHORT {
        check(&mut input, own, text);
    }
}
