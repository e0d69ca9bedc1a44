//! Texts to tokens, at what a pattern matches.

use std::sync::Arc;

use hearth_text::token::{self, RegexTokenRules};
use serde::{Deserialize, Serialize};

use super::cutter::{Cutter, Rules};
use crate::Result;
use crate::config::{Loading, StageConfig};
use crate::stage::AnyStage;

/// Cuts documents or sentences into tokens at what a pattern matches (Spark NLP 5.5.3, `RegexTokenizer`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegexTokenizer {
    /// One column of type `document`.
    pub input_cols: Vec<String>,
    /// The column to make.
    pub output_col: String,
    /// What parts tokens: a Java regular expression.
    pub pattern: String,
    /// Whether the text is put into lower case first.
    pub to_lowercase: bool,
    /// Tokens shorter than this many UTF-16 units are dropped, and counted.
    pub min_length: i32,
    /// Tokens longer than this many UTF-16 units are dropped, and counted.
    pub max_length: Option<i32>,
    /// Spark NLP's other way of counting positions; fails on an empty text, as there.
    pub positional_mask: bool,
    /// Whether all white space is taken out of tokens.
    pub trim_whitespace: bool,
    /// Whether tokens keep the positions they had with their white space.
    pub preserve_position: bool,
}

impl Default for RegexTokenizer {
    fn default() -> Self {
        let rules = RegexTokenRules::default();
        RegexTokenizer {
            input_cols: vec!["document".to_owned()],
            output_col: "regexToken".to_owned(),
            pattern: rules.pattern,
            to_lowercase: rules.to_lowercase,
            min_length: rules.min_length,
            max_length: rules.max_length,
            positional_mask: rules.positional_mask,
            trim_whitespace: rules.trim_whitespace,
            preserve_position: rules.preserve_position,
        }
    }
}

impl StageConfig for RegexTokenizer {
    const TYPE: &'static str = "regex_tokenizer";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let rules = token::RegexTokenizer::new(RegexTokenRules {
            pattern: self.pattern,
            to_lowercase: self.to_lowercase,
            min_length: self.min_length,
            max_length: self.max_length,
            positional_mask: self.positional_mask,
            trim_whitespace: self.trim_whitespace,
            preserve_position: self.preserve_position,
        });
        Ok(AnyStage::Plain(Arc::new(Cutter {
            stage: format!("RegexTokenizer_{}", self.output_col),
            input_cols: self.input_cols,
            output_col: self.output_col,
            rules: rules
                .map(|rules| Rules::RegexTokenizer(Box::new(rules)))
                .map_err(|error| at.refuse("pattern", error.to_string()))?,
        })))
    }
}
