//! The rules of Spark NLP 5.5.3's `Tokenizer` and `RegexTokenizer`.
//!
//! With the default patterns `(and` is `(`, `and`; `U.S.A.` is `U.S.A`, `.`; `won't` stays whole. Those need no regex
//! (`plain`); every other setting runs the original's steps (`ruled`).

mod exceptions;
mod plain;
mod regex;
mod ruled;

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::utf16;

pub use self::regex::{RegexTokenRules, RegexTokenizer};
use ruled::Ruled;

/// Settings of a [`Tokenizer`], named as in Spark NLP. Patterns are Java's ([`crate::java::Pattern`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// What tokens are made of; all other characters part them. Default `\S+`. It is put into a character class, so that
    /// `(`, `?`, `:` and `)` never part tokens.
    pub target_pattern: String,
    /// The start of each rule, which must begin with `\A`. Default none: the context characters in front.
    pub prefix_pattern: Option<String>,
    /// The middles of the rules, the first that matches counting; each group is a token. Default none: what is between
    /// context characters.
    pub infix_patterns: Vec<String>,
    /// The end of each rule, which must end with `\z`. Default none: the context characters at the end.
    pub suffix_pattern: Option<String>,
    /// Characters that are tokens of their own at both ends of a word; used where a pattern is not set. Default
    /// `. , ; : ! ? * - ( ) " '`.
    pub context_chars: Vec<String>,
    /// Characters at which tokens are split, each as it is or after a backslash. Default none.
    pub split_chars: Vec<String>,
    /// A pattern at which tokens are split; goes before `split_chars`. Default none.
    pub split_pattern: Option<String>,
    /// Patterns of what stays whole. Default none.
    pub exceptions: Vec<String>,
    /// Whether the letter case of exceptions counts. Default true.
    pub case_sensitive_exceptions: bool,
    /// Shorter tokens are dropped; in UTF-16 units. Default 0.
    pub min_length: i32,
    /// Longer tokens are dropped; in UTF-16 units. Default 99999, that of Spark NLP's Python side.
    pub max_length: i32,
}

impl Default for TokenRules {
    fn default() -> Self {
        let context = [".", ",", ";", ":", "!", "?", "*", "-", "(", ")", "\"", "'"];
        Self {
            target_pattern: r"\S+".to_owned(),
            prefix_pattern: None,
            infix_patterns: Vec::new(),
            suffix_pattern: None,
            context_chars: context.map(str::to_owned).into(),
            split_chars: Vec::new(),
            split_pattern: None,
            exceptions: Vec::new(),
            case_sensitive_exceptions: true,
            min_length: 0,
            max_length: 99_999,
        }
    }
}

/// A token of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Spark NLP's `begin`: first UTF-16 unit, counted from the start of the sentence. With some rules it is not where
    /// the text stands.
    pub begin: i32,
    /// Spark NLP's `end` made exclusive.
    pub end: i32,
    /// The byte of the sentence at which `text` stands; `None` where it stands nowhere: half of a character, which is `?`,
    /// or a text that was changed.
    pub at: Option<usize>,
    /// The token, never empty.
    pub text: &'a str,
}

/// Cuts sentences into tokens.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    min_length: i32,
    max_length: i32,
    /// `None` is the default patterns.
    ruled: Option<Arc<Ruled>>,
}

impl Default for Tokenizer {
    fn default() -> Self {
        let TokenRules {
            min_length,
            max_length,
            ..
        } = TokenRules::default();
        Self {
            min_length,
            max_length,
            ruled: None,
        }
    }
}

impl Tokenizer {
    /// A tokenizer with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`](crate::Error::Setting) for patterns and characters that Spark NLP refuses, with its text;
    /// [`Error::Pattern`](crate::Error::Pattern) and [`Error::UnsupportedPattern`](crate::Error::UnsupportedPattern) for
    /// patterns that cannot be read.
    pub fn new(rules: TokenRules) -> Result<Self> {
        let lengths = (rules.min_length, rules.max_length);
        let default = TokenRules {
            min_length: lengths.0,
            max_length: lengths.1,
            ..TokenRules::default()
        };
        let ruled = if rules == default {
            None
        } else {
            Some(Arc::new(Ruled::new(rules)?))
        };
        Ok(Self {
            min_length: lengths.0,
            max_length: lengths.1,
            ruled,
        })
    }

    /// Gives each token of `sentence` to `emit`, from left to right, and returns the number of tokens that the length
    /// limits dropped.
    ///
    /// # Errors
    ///
    /// With the default patterns none. [`Error::Row`](crate::Error::Row) where Spark NLP throws on this text;
    /// [`Error::PatternSteps`](crate::Error::PatternSteps) where a pattern takes too long. Tokens emitted before are to be
    /// thrown away.
    pub fn tokenize(&self, sentence: &str, mut emit: impl FnMut(Token<'_>)) -> Result<usize> {
        let mut dropped = 0;
        let mut keep = |token: Token<'_>| {
            if (self.min_length..=self.max_length).contains(&(token.end - token.begin)) {
                emit(token);
            } else {
                dropped += 1;
            }
        };
        match &self.ruled {
            None => {
                let mut token = |span: Range<usize>, begin, end| {
                    keep(Token {
                        begin: utf16::int(begin),
                        end: utf16::int(end),
                        at: Some(span.start),
                        text: &sentence[span],
                    });
                };
                let mut units = utf16::Cursor::new(sentence);
                if units.is_ascii() {
                    plain::spans_of_ascii(sentence, |start, end| token(start..end, start, end));
                } else {
                    plain::spans(sentence, |start, end| {
                        let begin = units.at(start);
                        token(start..end, begin, units.at(end));
                    });
                }
            }
            Some(ruled) => ruled.tokenize(sentence, &mut keep)?,
        }
        Ok(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(rules: TokenRules, sentence: &str) -> (Vec<String>, usize) {
        let mut found = Vec::new();
        let dropped = Tokenizer::new(rules)
            .unwrap()
            .tokenize(sentence, |t| found.push(t.text.to_owned()))
            .unwrap();
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
            ..TokenRules::default()
        };
        assert_eq!(
            tokens(rules, "a 😀 abc 😀😀 é."),
            (vec!["😀".to_owned(), "abc".to_owned()], 4)
        );
    }
}
