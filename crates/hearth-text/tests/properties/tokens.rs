//! Tokens by the default rules, by others, and those of RegexTokenizer.

use std::sync::LazyLock;

use hearth_testkit::reference::{self, Span};
use hearth_text::Error;
use hearth_text::token::{RegexTokenRules, RegexTokenizer, Token, TokenRules, Tokenizer};

use super::{Found, SLOW, fits, is_failure, is_refusal};

static REFERENCE: LazyLock<reference::Tokens> = LazyLock::new(reference::Tokens::default);

/// A letter of no text that is split at it: with it the default rules are not taken for them.
const ELSEWHERE: &str = "\u{463}";

static RULED: LazyLock<Tokenizer> = LazyLock::new(|| {
    let rules = TokenRules {
        split_chars: vec![ELSEWHERE.to_owned()],
        ..TokenRules::default()
    };
    Tokenizer::new(rules).expect("a letter to split at")
});

fn found(token: &Token<'_>) -> Found {
    Found {
        begin: token.begin,
        end: token.end,
        at: token.at,
        text: token.text.to_owned(),
    }
}

fn find(tokenizer: &Tokenizer, sentence: &str) -> Result<(Vec<Found>, usize), Error> {
    let mut all = Vec::new();
    let dropped = tokenizer.tokenize(sentence, |token| all.push(found(&token)))?;
    Ok((all, dropped))
}

/// What holds of the tokens that the default rules find, which are found without regexes: nothing but separators lies
/// between them, and the rules with regexes and the reference find the same.
pub fn check_default(sentence: &str) {
    let (tokens, dropped) = find(&Tokenizer::default(), sentence).expect("no patterns");
    let is_separator = |c| matches!(c, '\t'..='\r' | ' ' | '\u{2187}');
    let mut last = 0;
    for token in &tokens {
        token.check_place(sentence);
        token.check_begin(sentence);
        token.check_length(sentence);
        let at = token.at.expect("a place");
        assert!(
            !token.text.contains(is_separator),
            "{sentence:?}: {token:?}"
        );
        let between = sentence.get(last..at).expect("tokens from left to right");
        if dropped == 0 {
            assert!(
                between.chars().all(is_separator),
                "{sentence:?} before {token:?}"
            );
        }
        last = at + token.text.len();
    }
    if dropped == 0 {
        assert!(
            sentence[last..].chars().all(is_separator),
            "{sentence:?} at its end"
        );
    }
    if sentence.len() > SLOW {
        return;
    }
    let spans: Vec<Span> = tokens.iter().map(Found::span).collect();
    assert_eq!(spans, REFERENCE.tokenize(sentence), "{sentence:?}");
    if !sentence.contains(ELSEWHERE) {
        let ruled = find(&RULED, sentence).expect("few steps");
        assert_eq!(ruled, (tokens, dropped), "{sentence:?}");
    }
}

/// What holds of the tokens that any rules find. Rules with patterns of the user's may be refused, and may fail on a text.
pub fn check(rules: &TokenRules, sentence: &str) {
    let tokenizer = match Tokenizer::new(rules.clone()) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            let refused = is_refusal(&error) || matches!(error, Error::Setting { .. });
            assert!(refused, "{rules:?}: {error}");
            return;
        }
    };
    let tokens = match find(&tokenizer, sentence) {
        Ok((tokens, _)) => tokens,
        Err(error) => {
            assert!(is_failure(&error), "{rules:?} {sentence:?}: {error}");
            return;
        }
    };
    for token in &tokens {
        assert!(!token.text.is_empty(), "{rules:?} {sentence:?}: {token:?}");
        token.check_place(sentence);
        let length = token.end - token.begin;
        assert!(
            (rules.min_length..=rules.max_length).contains(&length),
            "{rules:?} {sentence:?}: {token:?}"
        );
        if rules.exceptions.is_empty() {
            token.check_length(sentence);
        }
    }
    // Groups of the user's may overlap; the default ones do not. Exceptions have what stands where their numbers point,
    // and what is replaced inside of them moves these.
    let own = rules.infix_patterns.iter().chain(&rules.exceptions);
    let own = own
        .chain(&rules.prefix_pattern)
        .chain(&rules.suffix_pattern);
    if own.count() == 0 {
        let mut last = 0;
        for token in tokens.iter().filter(|token| token.at.is_some()) {
            assert!(token.at >= Some(last), "{rules:?} {sentence:?}: {token:?}");
            last = token.stop().expect("a place");
        }
    }
}

/// What holds of the tokens of a RegexTokenizer.
pub fn check_regex(rules: &RegexTokenRules, text: &str) {
    let tokenizer = match RegexTokenizer::new(rules.clone()) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            assert!(is_refusal(&error), "{rules:?}: {error}");
            return;
        }
    };
    let mut tokens = Vec::new();
    if let Err(error) = tokenizer.tokenize(text, |token| tokens.push(found(&token))) {
        assert!(is_failure(&error), "{rules:?} {text:?}: {error}");
        return;
    }
    let (mut begin, mut last) = (0, 0);
    for token in &tokens {
        token.check_place(text);
        assert!(token.begin >= begin, "{rules:?} {text:?}: {token:?}");
        begin = token.begin;
        if let Some(at) = token.at {
            assert!(at >= last, "{rules:?} {text:?}: {token:?}");
            last = at + token.text.len();
        }
        if !rules.trim_whitespace {
            assert!(!token.text.is_empty(), "{rules:?} {text:?}: {token:?}");
            assert!(
                fits(&token.text, rules.min_length, rules.max_length),
                "{rules:?} {text:?}: {token:?}"
            );
            token.check_length(text);
        }
    }
    if *rules == RegexTokenRules::default() {
        let words = text
            .split(|c| matches!(c, '\t'..='\r' | ' '))
            .filter(|word| !word.is_empty());
        assert!(
            words.eq(tokens.iter().map(|token| &token.text[..])),
            "{text:?}: {tokens:?}"
        );
    }
}
