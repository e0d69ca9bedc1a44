//! The rules of Spark NLP 5.5.3's `Normalizer`.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::error::Result;
use crate::java::{Pattern, trim};
use crate::piece::lower_case;
use crate::utf16;

/// Settings of a [`Normalizer`], named as in Spark NLP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalRules {
    /// Java regexes whose matches are taken out of each token, one after the other. Default `[^\pL+]`.
    pub cleanup_patterns: Vec<String>,
    /// Whether tokens are put into lower case at last. Default false.
    pub lowercase: bool,
    /// Words and what is put in their place; spaces part it into several tokens. Default none.
    pub slang_dictionary: Vec<(String, String)>,
    /// Whether the letter case counts in looking for slang. Default false.
    pub slang_match_case: bool,
    /// Shorter tokens are dropped; in UTF-16 units. Default 0; empty ones always are.
    pub min_length: i32,
    /// Longer tokens are dropped; in UTF-16 units. Default none.
    pub max_length: Option<i32>,
}

impl Default for NormalRules {
    fn default() -> Self {
        Self {
            cleanup_patterns: vec![r"[^\pL+]".to_owned()],
            lowercase: false,
            slang_dictionary: Vec::new(),
            slang_match_case: false,
            min_length: 0,
            max_length: None,
        }
    }
}

/// Cleans tokens.
#[derive(Debug)]
pub struct Normalizer {
    rules: NormalRules,
    patterns: Vec<Pattern>,
    slang: HashMap<String, String>,
}

impl Normalizer {
    /// A normalizer with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::Pattern`](crate::Error::Pattern) and [`Error::UnsupportedPattern`](crate::Error::UnsupportedPattern) for
    /// patterns that cannot be read.
    pub fn new(mut rules: NormalRules) -> Result<Self> {
        let patterns = rules.cleanup_patterns.iter().map(|p| Pattern::new(p));
        let patterns = patterns.collect::<Result<_>>()?;
        let slang = std::mem::take(&mut rules.slang_dictionary).into_iter();
        let slang = slang.map(|(word, meaning)| {
            let word = match rules.slang_match_case {
                true => trim(&word).to_owned(),
                false => lower_case(trim(&word)).into_owned(),
            };
            (word, trim(&meaning).to_owned())
        });
        Ok(Self {
            slang: slang.collect(),
            patterns,
            rules,
        })
    }

    /// Gives what becomes of `token` to `emit`, none, one or, for slang, several texts, and returns the number of those
    /// that were empty or that the length limits dropped. Spark NLP has all of them begin where the token begins, and
    /// end where their own length puts it.
    ///
    /// # Errors
    ///
    /// [`Error::PatternSteps`](crate::Error::PatternSteps) where a pattern takes too long.
    pub fn normalize(&self, token: &str, mut emit: impl FnMut(&str)) -> Result<usize> {
        if self.slang.is_empty() {
            return self.clean(token, &mut emit);
        }
        let key = match self.rules.slang_match_case {
            true => Cow::Borrowed(token),
            false => lower_case(token),
        };
        match self.slang.get(&*key) {
            None => self.clean(token, &mut emit),
            Some(meaning) => {
                let mut dropped = 0;
                let words = meaning.trim_end_matches(' ');
                for word in words.split(' ') {
                    dropped += self.clean(word, &mut emit)?;
                }
                Ok(dropped)
            }
        }
    }

    fn clean(&self, token: &str, emit: &mut impl FnMut(&str)) -> Result<usize> {
        let mut text = Cow::Borrowed(token);
        for pattern in &self.patterns {
            if let Cow::Owned(cleaned) = pattern.replace_all(&text, |_, _| {})? {
                text = Cow::Owned(cleaned);
            }
        }
        if self.rules.lowercase {
            text = Cow::Owned(lower_case(&text).into_owned());
        }
        let length = utf16::int(utf16::len(&text));
        let fits = length >= self.rules.min_length.max(1)
            && self.rules.max_length.is_none_or(|limit| length <= limit);
        if fits {
            emit(&text);
        }
        Ok(usize::from(!fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(rules: NormalRules, token: &str) -> Vec<String> {
        let mut found = Vec::new();
        Normalizer::new(rules)
            .unwrap()
            .normalize(token, |text| found.push(text.to_owned()))
            .unwrap();
        found
    }

    #[test]
    fn slang_may_be_several_words() {
        let rules = |slang_match_case| NormalRules {
            slang_dictionary: vec![("LOL".to_owned(), " laughing out-loud ".to_owned())],
            slang_match_case,
            ..NormalRules::default()
        };
        assert_eq!(normal(rules(false), "lol"), ["laughing", "outloud"]);
        assert_eq!(normal(rules(true), "lol"), ["lol"]);
        assert_eq!(normal(rules(true), "LOL"), ["laughing", "outloud"]);
    }
}
