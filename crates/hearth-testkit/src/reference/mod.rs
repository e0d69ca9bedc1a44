//! The text rules once more, slowly: Spark NLP 5.5.3's regexes as they are, one global replace after another over a
//! string, and searches from UTF-16 position to UTF-16 position. Nothing is shared with the crate that is compared.
//!
//! Annotations are plain: Spark's `begin`, its inclusive `end` (UTF-16 units) and the text.

mod cleanup;
mod sentences;
mod tokens;

use fancy_regex::Regex;

pub use cleanup::Cleanup;
pub use sentences::{Bounds, Sentences};
pub use tokens::Tokens;

/// An annotation without its metadata: Spark's begin and inclusive end in UTF-16 units, and the text.
pub type Span = (i64, i64, String);

/// A Java pattern in the syntax of the regex crates. `\s`, `\d`, `\w` are ASCII in Java; `.` stops at its line ends.
fn java(pattern: &str) -> Regex {
    let pattern = pattern
        .replace(r"\s", r"[\t-\r ]")
        .replace(r"\S", r"[^\t-\r ]")
        .replace(r"\d", "[0-9]")
        .replace(r"\w", "[0-9A-Za-z_]")
        .replace(r"\W", "[^0-9A-Za-z_]")
        .replace("<any>", r"[^\n\r\u{85}\u{2028}\u{2029}]");
    Regex::new(&pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"))
}
