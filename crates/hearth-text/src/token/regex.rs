//! The rules of Spark NLP 5.5.3's `RegexTokenizer`.

use std::borrow::Cow;
use std::ops::Range;

use super::Token;
use super::ruled::Haystack;
use crate::error::{Error, Result};
use crate::java::Pattern;
use crate::java::pattern::text;
use crate::piece::lower_case;
use crate::utf16;

/// Settings of a [`RegexTokenizer`], named as in Spark NLP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexTokenRules {
    /// What parts tokens, a Java regex. Default `\s+`.
    pub pattern: String,
    /// Whether the text is put into lower case first. Default false.
    pub to_lowercase: bool,
    /// Shorter tokens are dropped; in UTF-16 units. Default 1.
    pub min_length: i32,
    /// Longer tokens are dropped; in UTF-16 units. Default none.
    pub max_length: Option<i32>,
    /// Whether Spark NLP's other way of counting positions is taken, which fails on an empty text. Default false.
    pub positional_mask: bool,
    /// Whether all white space is taken out of tokens, which may leave nothing of them. Default false.
    pub trim_whitespace: bool,
    /// Whether tokens keep the positions that they had with their white space. Default true.
    pub preserve_position: bool,
}

impl Default for RegexTokenRules {
    fn default() -> Self {
        Self {
            pattern: r"\s+".to_owned(),
            to_lowercase: false,
            min_length: 1,
            max_length: None,
            positional_mask: false,
            trim_whitespace: false,
            preserve_position: true,
        }
    }
}

/// Cuts texts into tokens at what a pattern matches.
#[derive(Debug)]
pub struct RegexTokenizer {
    rules: RegexTokenRules,
    pattern: Pattern,
    /// White space, at the start, at the end.
    spaces: [Pattern; 3],
}

impl RegexTokenizer {
    /// A tokenizer with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::Pattern`] and [`Error::UnsupportedPattern`] for patterns that cannot be read.
    pub fn new(rules: RegexTokenRules) -> Result<Self> {
        Ok(Self {
            pattern: Pattern::new(&rules.pattern)?,
            spaces: [
                Pattern::new(r"\s+")?,
                Pattern::new(r"^\s+")?,
                Pattern::new(r"\s+$")?,
            ],
            rules,
        })
    }

    /// Gives each token of `text` to `emit`, from left to right, and returns the number of tokens that the length limits
    /// dropped. A token whose white space was taken out may be empty, and its end may lie before its begin.
    ///
    /// # Errors
    ///
    /// [`Error::Row`] with `positional_mask` and an empty text; [`Error::PatternSteps`] where the pattern takes too long.
    pub fn tokenize(&self, text: &str, mut emit: impl FnMut(Token<'_>)) -> Result<usize> {
        let work = if self.rules.to_lowercase {
            lower_case(text)
        } else {
            Cow::Borrowed(text)
        };
        if self.rules.positional_mask && work.is_empty() {
            return Err(Error::Row {
                message: "begin -1, end 0, length 0".to_owned(),
            });
        }
        let haystack = Haystack::new(&work);
        let table = utf16::Table::new(&work);
        let mut position = 0;
        let mut dropped = 0;
        for part in self.pattern.split(&work)? {
            let units = text::units(&work, part.clone());
            position = haystack.find(&units, position);
            let begin = utf16::int(position);
            // Half of a character stands nowhere, although it reads as a `?` that may stand there.
            let at = work.get(part.clone()).map(|_| table.byte(position));
            position += units.len();
            let length = utf16::int(units.len());
            if units.is_empty() {
                continue;
            }
            let fits = length >= self.rules.min_length
                && self.rules.max_length.is_none_or(|limit| length <= limit);
            if !fits {
                dropped += 1;
                continue;
            }
            let token = text::slice(&work, part);
            self.emit(text, &token, begin..begin + length, at, &mut emit)?;
        }
        Ok(dropped)
    }

    fn emit(
        &self,
        sentence: &str,
        token: &str,
        units: Range<i32>,
        at: Option<usize>,
        emit: &mut impl FnMut(Token<'_>),
    ) -> Result<()> {
        let stands = |at: usize, text: &str| sentence.get(at..at + text.len()) == Some(text);
        let Range { start: begin, end } = units;
        let at = at.filter(|&at| stands(at, token));
        if !self.rules.trim_whitespace {
            emit(Token {
                begin,
                end,
                at,
                text: token,
            });
            return Ok(());
        }
        let [all, leading, trailing] = &self.spaces;
        let none = |pattern: &Pattern| pattern.replace_all(token, |_, _| {});
        let trimmed = none(all)?;
        let (left, right) = (
            token.len() - none(leading)?.len(),
            token.len() - none(trailing)?.len(),
        );
        let (begin, end) = if self.rules.preserve_position {
            (begin, end)
        } else {
            (begin + utf16::int(left), end - utf16::int(right))
        };
        let at = at.map(|at| at + left);
        emit(Token {
            begin,
            end,
            at: at.filter(|&at| stands(at, &trimmed)),
            text: &trimmed,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_characters_stand_nowhere() {
        let rules = RegexTokenRules {
            pattern: String::new(),
            ..RegexTokenRules::default()
        };
        let mut found = Vec::new();
        RegexTokenizer::new(rules)
            .unwrap()
            .tokenize("😀?", |t| found.push((t.begin, t.at, t.text.to_owned())))
            .unwrap();
        let expected = [(0, None), (1, None), (2, Some(4))];
        assert_eq!(
            found,
            expected.map(|(begin, at)| (begin, at, "?".to_owned()))
        );
    }
}
