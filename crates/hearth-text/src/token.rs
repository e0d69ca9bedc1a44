//! The default rules of Spark NLP 5.5.3's `Tokenizer`.
//!
//! A candidate is a run without white space (Java's `\s`) and without U+2187, which the original uses as its separator.
//! Its leading run of context characters is one token, its trailing run another, what is between a third; a candidate
//! of context characters only is one token. So `(and` is `(`, `and`; `U.S.A.` is `U.S.A`, `.`; `won't` stays whole.

use crate::java::is_space;
use crate::utf16;

/// Settings of a [`Tokenizer`], named as in Spark NLP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// Shorter tokens are dropped; in UTF-16 units. Default 0.
    pub min_length: i32,
    /// Longer tokens are dropped; in UTF-16 units. Default 99999, that of Spark NLP's Python side.
    pub max_length: i32,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            min_length: 0,
            max_length: 99_999,
        }
    }
}

/// A token of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// First UTF-16 unit, counted from the start of the sentence.
    pub begin: i32,
    /// UTF-16 unit after the last.
    pub end: i32,
    /// First byte, counted from the start of the sentence.
    pub at: usize,
    /// Length in bytes, never 0.
    pub len: usize,
}

/// Cuts sentences into tokens.
#[derive(Debug, Clone, Default)]
pub struct Tokenizer {
    rules: TokenRules,
}

impl Tokenizer {
    /// A tokenizer with these settings.
    #[must_use]
    pub fn new(rules: TokenRules) -> Self {
        Self { rules }
    }

    /// Gives each token of `sentence` to `emit`, from left to right, and returns the number of tokens that the length
    /// limits dropped.
    pub fn tokenize(&self, sentence: &str, mut emit: impl FnMut(Token)) -> usize {
        let mut units = utf16::Cursor::new(sentence);
        let mut dropped = 0;
        for_each_span(sentence.as_bytes(), |start, end| {
            let (begin, finish) = (utf16::int(units.at(start)), utf16::int(units.at(end)));
            if (self.rules.min_length..=self.rules.max_length).contains(&(finish - begin)) {
                emit(Token {
                    begin,
                    end: finish,
                    at: start,
                    len: end - start,
                });
            } else {
                dropped += 1;
            }
        });
        dropped
    }
}

/// What a byte is to the rules. `Rare` is the first byte of U+2187 and of much else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Inner,
    Context,
    Separator,
    Rare,
}

const U2187: &[u8] = "\u{2187}".as_bytes();

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Inner; 256];
    let context = b".,;:!?*-()\"'";
    let mut i = 0;
    while i < context.len() {
        classes[context[i] as usize] = Class::Context;
        i += 1;
    }
    let mut byte = 0;
    while byte <= b' ' {
        if is_space(byte) {
            classes[byte as usize] = Class::Separator;
        }
        byte += 1;
    }
    classes[U2187[0] as usize] = Class::Rare;
    classes
};

/// Class of the character at byte `i`, and its length if it is a separator (else 1).
fn class(bytes: &[u8], i: usize) -> (Class, usize) {
    match CLASSES[usize::from(bytes[i])] {
        Class::Rare if bytes[i..].starts_with(U2187) => (Class::Separator, U2187.len()),
        Class::Rare => (Class::Inner, 1),
        class => (class, 1),
    }
}

/// Gives first byte and end of each token.
fn for_each_span(bytes: &[u8], mut span: impl FnMut(usize, usize)) {
    let mut i = 0;
    while i < bytes.len() {
        let start = i;
        let mut separator = 0;
        // The leading run of context characters ends where the first inner one starts; the trailing one starts where
        // the last inner one ends.
        let mut inner = None;
        while i < bytes.len() {
            match class(bytes, i) {
                (Class::Separator, width) => {
                    separator = width;
                    break;
                }
                (Class::Context, _) => {}
                _ => inner = Some((inner.map_or(i, |(first, _)| first), i + 1)),
            }
            i += 1;
        }
        let (first, last) = inner.unwrap_or((start, start));
        for (from, to) in [(start, first), (first, last), (last, i)] {
            if from < to {
                span(from, to);
            }
        }
        i += separator;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(rules: TokenRules, sentence: &str) -> (Vec<&str>, usize) {
        let mut found = Vec::new();
        let dropped =
            Tokenizer::new(rules).tokenize(sentence, |t| found.push(&sentence[t.at..t.at + t.len]));
        (found, dropped)
    }

    #[test]
    fn context_characters_are_peeled_in_runs() {
        let (found, _) = tokens(
            TokenRules::default(),
            "(and it). U.S.A. won't -- (.) a\u{2187}b–c",
        );
        assert_eq!(
            found,
            [
                "(", "and", "it", ").", "U.S.A", ".", "won't", "--", "(.)", "a", "b–c"
            ]
        );
    }

    #[test]
    fn limits_count_units_and_report_what_they_drop() {
        let rules = TokenRules {
            min_length: 2,
            max_length: 3,
        };
        assert_eq!(tokens(rules, "a 😀 abc 😀😀 é."), (vec!["😀", "abc"], 4));
    }
}
