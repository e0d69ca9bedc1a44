//! `DocumentAssembler`'s cleanup.

use fancy_regex::Regex;

use super::java;

/// A cleanup mode.
#[derive(Debug)]
pub struct Cleanup {
    trims: bool,
    replace: Option<(Regex, &'static str)>,
}

impl Cleanup {
    /// The mode of this name.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn new(mode: &str) -> Self {
        let (trims, pattern, with) = match mode {
            "disabled" => {
                return Self {
                    trims: false,
                    replace: None,
                };
            }
            "inplace" => (false, r"\s", " "),
            "inplace_full" => (false, r"\s|(?:\\r)?(?:\\n)|(?:\\t)", " "),
            "shrink" => (true, r"\s+", " "),
            "shrink_full" => (true, r"\s+|(?:\\r)*(?:\\n)+|(?:\\t)+", " "),
            "each" => (false, r"\s[\n\t]", " "),
            "each_full" => (false, r"\s(?:\n|\t|(?:\\r)?(?:\\n)|(?:\\t))", " "),
            "delete_full" => (true, r"(?:\\r)?(?:\\n)|(?:\\t)", ""),
            other => panic!("no mode {other}"),
        };
        Self {
            trims,
            replace: Some((java(pattern), with)),
        }
    }

    /// The cleaned text.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let text = if self.trims {
            text.trim_matches(|c| c <= ' ')
        } else {
            text
        };
        match &self.replace {
            None => text.to_owned(),
            Some((regex, with)) => regex.replace_all(text, *with).into_owned(),
        }
    }
}
