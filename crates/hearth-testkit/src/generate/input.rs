//! Bytes as settings and a text.

use std::borrow::Cow;

use arbitrary::{Result, Unstructured};

/// Bytes that choose settings; where they are all 0 the settings are the default ones.
pub const CHOICES: usize = 16;

/// What a fuzz target is given: the first [`CHOICES`] bytes choose settings, the others are a text.
#[derive(Debug)]
pub struct Input<'a> {
    choices: Unstructured<'a>,
    /// The text; what is not UTF-8 is U+FFFD.
    pub text: Cow<'a, str>,
}

impl<'a> Input<'a> {
    /// Takes bytes apart.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        let (choices, text) = data.split_at(data.len().min(CHOICES));
        Self {
            choices: Unstructured::new(choices),
            text: String::from_utf8_lossy(text),
        }
    }

    /// The text's first line, for a pattern or a list of words, and what comes after it.
    #[must_use]
    pub fn head(&self) -> (&str, &str) {
        self.text.split_once('\n').unwrap_or((&self.text, ""))
    }

    /// A switch, which is off where the choices are used up.
    pub fn flag(&mut self) -> bool {
        self.choices.arbitrary().unwrap_or_default()
    }

    /// One of several; the first where the choices are used up.
    ///
    /// # Panics
    /// If there is nothing to choose from.
    pub fn one_of<T: Clone>(&mut self, several: &[T]) -> T {
        let chosen: Result<&T> = self.choices.choose(several);
        chosen.expect("something to choose from").clone()
    }

    /// A number from 0 to `max`; 0 where the choices are used up.
    pub fn number(&mut self, max: i32) -> i32 {
        self.choices.int_in_range(0..=max).unwrap_or_default()
    }
}
