//! Settings chosen by an [`Input`]; the default ones, where nothing is chosen.

use hearth_testkit::generate::Input;
use hearth_text::normal::NormalRules;
use hearth_text::sentence::{CustomBoundsStrategy, RuleSet, SentenceRules};
use hearth_text::token::{RegexTokenRules, TokenRules};

use super::sentences::BOUNDS;

/// Lengths in UTF-16 units: the shortest, and the longest if there is one.
fn lengths(input: &mut Input<'_>) -> (i32, Option<i32>) {
    match input.one_of(&[0, 0, 0, 1, 2, 3]) {
        0 => (0, None),
        1 => (input.number(60), None),
        2 => (-1, Some(input.number(60))),
        _ => (input.number(8), Some(input.number(60))),
    }
}

/// Rules of the sentence detector; `own` is a bound beside those that the reference knows.
pub fn sentence_rules(
    input: &mut Input<'_>,
    rule_set: RuleSet,
    own: Option<&str>,
) -> SentenceRules {
    let (min_length, max_length) = lengths(input);
    let mut custom_bounds = Vec::new();
    if input.flag() {
        let known = input.one_of(&BOUNDS);
        custom_bounds = known.iter().map(ToString::to_string).collect();
        custom_bounds.truncate(input.one_of(&[2, 2, 1]));
    }
    custom_bounds.extend(own.map(str::to_owned));
    SentenceRules {
        rule_set,
        custom_bounds,
        use_custom_bounds_only: input.flag(),
        custom_bounds_strategy: input.one_of(&CustomBoundsStrategy::ALL),
        detect_lists: !input.flag(),
        use_abbreviations: !input.flag(),
        split_length: input.flag().then(|| input.number(60) - 1),
        min_length,
        max_length,
    }
}

/// Rules of the tokenizer; `own` is a pattern that stands somewhere in them.
pub fn token_rules(input: &mut Input<'_>, own: &str) -> TokenRules {
    let (min_length, max_length) = lengths(input);
    let default = TokenRules {
        min_length,
        max_length: max_length.unwrap_or(99_999),
        ..TokenRules::default()
    };
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let mut rules = TokenRules {
        context_chars: match input.one_of(&[0, 0, 1, 2]) {
            0 => default.context_chars.clone(),
            1 => words(&[".", "-"]),
            _ => words(&["*", "😀", "\\E", "("]),
        },
        split_chars: words(input.one_of(&[&[] as &[&str], &["-"], &["-", "#"], &["\\.", "é"]])),
        split_pattern: input
            .flag()
            .then(|| input.one_of(&["", "-", "(?<=a)", "\\d+", "b*"]).to_owned()),
        exceptions: words(input.one_of(&[
            &[] as &[&str],
            &["a b"],
            &["e\\.g\\. \\S", "New \\w+", "-+"],
        ])),
        case_sensitive_exceptions: !input.flag(),
        target_pattern: input.one_of(&["\\S+", "\\w+", "[a-z]", "😀"]).to_owned(),
        ..default
    };
    match input.one_of(&[0, 1, 2, 3, 4, 5, 6]) {
        0 => {}
        1 => rules.infix_patterns = vec![own.to_owned()],
        2 => rules.prefix_pattern = Some(format!("\\A{own}")),
        3 => rules.suffix_pattern = Some(format!("{own}\\z")),
        4 => rules.exceptions.push(own.to_owned()),
        5 => rules.split_pattern = Some(own.to_owned()),
        _ => rules.target_pattern = own.to_owned(),
    }
    rules
}

/// Rules of the regex tokenizer, with the default pattern or `own`.
pub fn regex_token_rules(input: &mut Input<'_>, own: &str) -> RegexTokenRules {
    let (min_length, max_length) = lengths(input);
    let default = RegexTokenRules::default();
    RegexTokenRules {
        pattern: if input.flag() {
            own.to_owned()
        } else {
            default.pattern
        },
        to_lowercase: input.flag(),
        positional_mask: input.flag(),
        trim_whitespace: input.flag(),
        preserve_position: !input.flag(),
        min_length: min_length.max(default.min_length),
        max_length,
    }
}

/// Rules of the normalizer, with the default patterns or `own`.
pub fn normal_rules(input: &mut Input<'_>, own: &str) -> NormalRules {
    let (min_length, max_length) = lengths(input);
    let default = NormalRules::default();
    let slang = [
        ("LOL", " laughing out  loud "),
        ("e.g.", "such as"),
        ("İ", ""),
    ];
    let slang = slang.map(|(word, meaning)| (word.to_owned(), meaning.to_owned()));
    NormalRules {
        cleanup_patterns: match input.one_of(&[0, 0, 1, 2]) {
            0 => default.cleanup_patterns,
            1 => vec![own.to_owned()],
            _ => vec!["[aeiou]".to_owned(), own.to_owned(), String::new()],
        },
        lowercase: input.flag(),
        slang_dictionary: if input.flag() {
            slang.into()
        } else {
            Vec::new()
        },
        slang_match_case: input.flag(),
        min_length,
        max_length,
    }
}
