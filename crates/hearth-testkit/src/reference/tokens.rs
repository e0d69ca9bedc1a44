//! `Tokenizer`.

use fancy_regex::Regex;

use super::{Span, java};

/// `Tokenizer` with its default patterns; begin and inclusive end in UTF-16 units, and the text.
#[derive(Debug)]
pub struct Tokens {
    breaks: Regex,
    rule: Regex,
}

impl Default for Tokens {
    fn default() -> Self {
        let q = r#"\.,;:!\?\*\-\(\)"'"#;
        Self {
            breaks: java(r"[\s\u{2187}]"),
            rule: java(&format!(r"\A([{q}]*)([^{q}](?:<any>*[^{q}])*)([{q}]*)\z")),
        }
    }
}

impl Tokens {
    /// The tokens of a sentence, from left to right.
    ///
    /// # Panics
    /// If a text is so long that a regex takes too many steps.
    #[must_use]
    pub fn tokenize(&self, sentence: &str) -> Vec<Span> {
        let mut tokens = Vec::new();
        let separated = self.breaks.replace_all(sentence, "\u{2187}");
        let mut unit = 0;
        for candidate in separated.split('\u{2187}') {
            let parts: Vec<&str> = match self
                .rule
                .captures(candidate)
                .expect("within the limit of steps")
            {
                Some(groups) => (1..=3)
                    .map(|n| {
                        groups
                            .get(n)
                            .expect("it takes part in every match")
                            .as_str()
                    })
                    .collect(),
                None => vec![candidate],
            };
            for part in parts {
                let units = part.encode_utf16().count() as i64;
                if units > 0 {
                    tokens.push((unit, unit + units - 1, part.to_owned()));
                }
                unit += units;
            }
            unit += 1;
        }
        tokens
    }
}
