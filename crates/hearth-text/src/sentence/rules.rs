//! The settings of a sentence detector.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Settings of a [`SentenceDetector`](super::SentenceDetector), named as in Spark NLP.
///
/// Which rules run depends on the first three: without custom bounds the pragmatic rules do; with custom bounds these
/// and then the pragmatic rules, in a slightly different order; with custom bounds only, none but these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceRules {
    /// Spark NLP's rules or others. Default [`RuleSet::Spark`].
    pub rule_set: RuleSet,
    /// Java regexes at whose matches a sentence ends, applied one after another. Default none.
    pub custom_bounds: Vec<String>,
    /// Whether sentences end at custom bounds only. Means nothing without custom bounds. Default false.
    pub use_custom_bounds_only: bool,
    /// What becomes of the match of a custom bound. Default [`CustomBoundsStrategy::None`].
    pub custom_bounds_strategy: CustomBoundsStrategy,
    /// Whether list items (`1. `, `(a)`) start sentences. Default true.
    pub detect_lists: bool,
    /// Whether the dictionary of abbreviations is used; the rules for initials always are. Default true.
    pub use_abbreviations: bool,
    /// Sentences are cut at spaces into pieces of at most this many UTF-16 units, where words allow. Default none.
    pub split_length: Option<i32>,
    /// Shorter sentences are dropped; in UTF-16 units. Default 0.
    pub min_length: i32,
    /// Longer sentences are dropped; in UTF-16 units. Default none.
    pub max_length: Option<i32>,
}

impl Default for SentenceRules {
    fn default() -> Self {
        Self {
            rule_set: RuleSet::Spark,
            custom_bounds: Vec::new(),
            use_custom_bounds_only: false,
            custom_bounds_strategy: CustomBoundsStrategy::None,
            detect_lists: true,
            use_abbreviations: true,
            split_length: None,
            min_length: 0,
            max_length: None,
        }
    }
}

/// Whose rules find the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RuleSet {
    /// Those of Spark NLP 5.5.3, surprises included.
    #[default]
    Spark,
    /// Others, which Spark NLP does not have: numbers and abbreviations inside sentences do not end them, Chinese and
    /// Japanese full stops do, and every sentence is a slice of the document, found where `begin` says. Custom bounds look
    /// at the document itself, and split sentences have their true offsets.
    Improved,
}

impl RuleSet {
    /// Every rule set.
    pub const ALL: [Self; 2] = [Self::Spark, Self::Improved];

    /// The name of the rule set.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spark => "spark",
            Self::Improved => "improved",
        }
    }
}

impl fmt::Display for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RuleSet {
    type Err = Error;

    /// Reads a name exactly.
    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|set| set.as_str() == name);
        found.ok_or_else(|| Error::RuleSet {
            received: name.to_owned(),
        })
    }
}

/// What becomes of the match of a custom bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CustomBoundsStrategy {
    /// It belongs to no sentence.
    #[default]
    None,
    /// The sentence after the bound starts with it.
    Prepend,
    /// The sentence before the bound ends with it.
    Append,
}

impl CustomBoundsStrategy {
    /// Every strategy, in Spark NLP's order.
    pub const ALL: [Self; 3] = [Self::None, Self::Prepend, Self::Append];

    /// Spark NLP's name of the strategy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Prepend => "prepend",
            Self::Append => "append",
        }
    }
}

impl fmt::Display for CustomBoundsStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CustomBoundsStrategy {
    type Err = Error;

    /// Reads a strategy as Spark NLP does: exactly.
    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL
            .into_iter()
            .find(|strategy| strategy.as_str() == name);
        found.ok_or_else(|| Error::CustomBoundsStrategy {
            received: name.to_owned(),
        })
    }
}
