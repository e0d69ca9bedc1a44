//! Tokens to cleaned tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use hearth_text::normal::{self, NormalRules};
use serde::{Deserialize, Serialize};

use super::cleaner::{Cleaner, REQUIRED, Rules};
use crate::Result;
use crate::config::{Loading, StageConfig};
use crate::stage::AnyStage;

/// Takes out of tokens what patterns match, and drops those of which nothing is left (Spark NLP 5.5.3, `Normalizer`).
///
/// As in Spark NLP, a token keeps its `begin`, and its new length says its `end`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Normalizer {
    /// One column of type `token`.
    pub input_cols: Vec<String>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// Java regular expressions, taken out one after the other.
    pub cleanup_patterns: Vec<String>,
    /// Whether tokens are put into lower case at last.
    pub lowercase: bool,
    /// Words and what is put in their place; spaces part it into several tokens.
    pub slang_dictionary: BTreeMap<String, String>,
    /// Whether the letter case counts in looking for slang.
    pub slang_match_case: bool,
    /// Tokens shorter than this many UTF-16 units are dropped, and counted; empty ones always are.
    pub min_length: i32,
    /// Tokens longer than this many UTF-16 units are dropped, and counted.
    pub max_length: Option<i32>,
}

impl Default for Normalizer {
    fn default() -> Self {
        let rules = NormalRules::default();
        Normalizer {
            input_cols: vec!["token".to_owned()],
            output_col: None,
            cleanup_patterns: rules.cleanup_patterns,
            lowercase: rules.lowercase,
            slang_dictionary: rules.slang_dictionary.into_iter().collect(),
            slang_match_case: rules.slang_match_case,
            min_length: rules.min_length,
            max_length: rules.max_length,
        }
    }
}

impl StageConfig for Normalizer {
    const TYPE: &'static str = "normalizer";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) =
            super::columns(at, Some(self.input_cols), self.output_col, &REQUIRED)?;
        let rules = normal::Normalizer::new(NormalRules {
            cleanup_patterns: self.cleanup_patterns,
            lowercase: self.lowercase,
            slang_dictionary: self.slang_dictionary.into_iter().collect(),
            slang_match_case: self.slang_match_case,
            min_length: self.min_length,
            max_length: self.max_length,
        });
        Ok(AnyStage::Plain(Arc::new(Cleaner {
            stage: format!("NORMALIZER_{output_col}"),
            input_cols,
            output_col,
            rules: rules
                .map(Rules::Normalizer)
                .map_err(|error| at.refuse("cleanup_patterns", error.to_string()))?,
        })))
    }
}
