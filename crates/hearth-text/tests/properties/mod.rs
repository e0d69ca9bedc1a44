//! What holds of every text, whatever the settings. Each function panics where its property does not hold.
//!
//! The tests of this crate call them with recorded and generated texts, the fuzz targets (folder `fuzz` of the repository,
//! which includes this file) with what the fuzzer comes up with.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "each user takes its own part, and a property fails by panicking"
)]

pub mod cleanup;
pub mod normal;
pub mod patterns;
pub mod pieces;
pub mod sentences;
pub mod settings;
pub mod targets;
pub mod tokens;

use hearth_testkit::reference::Span;
use hearth_text::{Error, utf16};

/// Longest text that is also given to the reference, in bytes: its regexes take quadratic time.
pub const SLOW: usize = 600;

/// An annotation as it was found, with the byte at which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub begin: i32,
    pub end: i32,
    pub at: Option<usize>,
    pub text: String,
}

impl Found {
    /// The byte after the last, of what stands somewhere.
    fn stop(&self) -> Option<usize> {
        Some(self.at? + self.text.len())
    }

    /// What has a place is a slice of the text there.
    fn check_place(&self, whole: &str) {
        if let Some(at) = self.at {
            let slice = whole.get(at..at + self.text.len());
            assert_eq!(slice, Some(&self.text[..]), "{whole:?}: {self:?}");
        }
    }

    /// `end` is where `begin` and the text's length put it.
    fn check_length(&self, whole: &str) {
        let units = utf16::len(&self.text) as i64;
        let length = i64::from(self.end) - i64::from(self.begin);
        assert_eq!(length, units, "{whole:?}: {self:?}");
    }

    /// `begin` is the place in UTF-16 units.
    fn check_begin(&self, whole: &str) {
        let begin = self.at.map_or(-1, |at| utf16::len(&whole[..at]) as i64);
        assert_eq!(i64::from(self.begin), begin, "{whole:?}: {self:?}");
    }

    fn span(&self) -> Span {
        (
            self.begin.into(),
            i64::from(self.end) - 1,
            self.text.clone(),
        )
    }
}

/// Whether a pattern of the user's may be refused so.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::Pattern { .. } | Error::UnsupportedPattern { .. }
    )
}

/// Whether a pattern of the user's may fail so on a text: it takes too many steps, or Java throws.
fn is_failure(error: &Error) -> bool {
    matches!(error, Error::PatternSteps { .. } | Error::Row { .. })
}

/// Whether a length in UTF-16 units is within limits.
fn fits(text: &str, min: i32, max: Option<i32>) -> bool {
    let units = utf16::len(text) as i64;
    units >= i64::from(min) && max.is_none_or(|max| units <= i64::from(max))
}
