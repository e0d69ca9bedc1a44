//! Sentences to tokens.

use std::path::PathBuf;
use std::sync::Arc;

use hearth_text::token::{self, TokenRules};
use serde::{Deserialize, Serialize};

use super::cutter::{Cutter, Rules};
use crate::config::{Loading, StageConfig};
use crate::stage::AnyStage;
use crate::{Error, Result};

/// Cuts sentences (or documents) into tokens by Spark NLP's rules (5.5.3, `Tokenizer`). Patterns are Java's regular
/// expressions; with the default ones none is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokenizer {
    /// One column of type `document`.
    pub input_cols: Vec<String>,
    /// The column to make.
    pub output_col: String,
    /// What tokens are made of; all other characters part them.
    pub target_pattern: String,
    /// The start of each rule; must begin with `\A`. The context characters in front if not set.
    pub prefix_pattern: Option<String>,
    /// The end of each rule; must end with `\z`. The context characters at the end if not set.
    pub suffix_pattern: Option<String>,
    /// The middles of the rules, the first that matches counting; each group is a token.
    pub infix_patterns: Vec<String>,
    /// Characters that are tokens of their own at both ends of a word.
    pub context_chars: Vec<String>,
    /// Characters at which tokens are split, each as it is or after a backslash.
    pub split_chars: Vec<String>,
    /// A pattern at which tokens are split; goes before `split_chars`.
    pub split_pattern: Option<String>,
    /// Patterns of what stays whole.
    pub exceptions: Vec<String>,
    /// Refused: no files are read here. The lines of the file go into `exceptions`.
    pub exceptions_path: Option<PathBuf>,
    /// Whether the letter case of exceptions counts.
    pub case_sensitive_exceptions: bool,
    /// Tokens shorter than this many UTF-16 units are dropped, and counted.
    pub min_length: i32,
    /// Tokens longer than this many UTF-16 units are dropped, and counted; 99999 as in Spark NLP's Python API.
    pub max_length: i32,
}

impl Default for Tokenizer {
    fn default() -> Self {
        let rules = TokenRules::default();
        Tokenizer {
            input_cols: vec!["document".to_owned()],
            output_col: "token".to_owned(),
            target_pattern: rules.target_pattern,
            prefix_pattern: rules.prefix_pattern,
            suffix_pattern: rules.suffix_pattern,
            infix_patterns: rules.infix_patterns,
            context_chars: rules.context_chars,
            split_chars: rules.split_chars,
            split_pattern: rules.split_pattern,
            exceptions: rules.exceptions,
            exceptions_path: None,
            case_sensitive_exceptions: rules.case_sensitive_exceptions,
            min_length: rules.min_length,
            max_length: rules.max_length,
        }
    }
}

impl StageConfig for Tokenizer {
    const TYPE: &'static str = "tokenizer";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        if self.exceptions_path.is_some() {
            return Err(at.refuse(
                "exceptions_path",
                "exceptions_path: no files are read here; put the lines of the file into exceptions",
            ));
        }
        let rules = token::Tokenizer::new(TokenRules {
            target_pattern: self.target_pattern,
            prefix_pattern: self.prefix_pattern,
            suffix_pattern: self.suffix_pattern,
            infix_patterns: self.infix_patterns,
            context_chars: self.context_chars,
            split_chars: self.split_chars,
            split_pattern: self.split_pattern,
            exceptions: self.exceptions,
            case_sensitive_exceptions: self.case_sensitive_exceptions,
            min_length: self.min_length,
            max_length: self.max_length,
        });
        Ok(AnyStage::Plain(Arc::new(Cutter {
            stage: format!("REGEX_TOKENIZER_{}", self.output_col),
            input_cols: self.input_cols,
            output_col: self.output_col,
            rules: rules
                .map(Rules::Tokenizer)
                .map_err(|error| Error::Parameter {
                    place: at.place(),
                    message: error.to_string(),
                })?,
        })))
    }
}
