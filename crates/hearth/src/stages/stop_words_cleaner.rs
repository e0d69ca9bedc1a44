//! Tokens without stop words.

use std::sync::Arc;

use hearth_text::stop_words::{ENGLISH, StopWords};
use serde::{Deserialize, Serialize};

use super::cleaner::{Cleaner, REQUIRED, Rules};
use crate::Result;
use crate::config::{Loading, StageConfig};
use crate::stage::AnyStage;

/// Drops the tokens that are stop words (Spark NLP 5.5.3, `StopWordsCleaner`); they are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StopWordsCleaner {
    /// One column of type `token`.
    pub input_cols: Vec<String>,
    /// The column to make. No default.
    pub output_col: Option<String>,
    /// The words; Spark ML's English ones if not set.
    pub stop_words: Option<Vec<String>>,
    /// Whether the letter case counts.
    pub case_sensitive: bool,
}

impl Default for StopWordsCleaner {
    fn default() -> Self {
        StopWordsCleaner {
            input_cols: vec!["token".to_owned()],
            output_col: None,
            stop_words: None,
            case_sensitive: false,
        }
    }
}

impl StageConfig for StopWordsCleaner {
    const TYPE: &'static str = "stop_words_cleaner";

    fn load(self, at: &Loading<'_>) -> Result<AnyStage> {
        let (input_cols, output_col) =
            super::columns(at, Some(self.input_cols), self.output_col, &REQUIRED)?;
        let words = match self.stop_words {
            Some(words) => StopWords::new(words, self.case_sensitive),
            None => StopWords::new(ENGLISH, self.case_sensitive),
        };
        Ok(AnyStage::Plain(Arc::new(Cleaner {
            stage: format!("StopWordsCleaner_{output_col}"),
            input_cols,
            output_col,
            rules: Rules::StopWords(words),
        })))
    }
}
