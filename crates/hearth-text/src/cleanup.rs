//! The cleanup modes of Spark NLP 5.5.3's `DocumentAssembler`.
//!
//! White space is Java's `\s` (U+0009 to U+000D and U+0020). The `*_full` modes also treat the escapes `\r`, `\n`, `\t`
//! when they stand in the text as a backslash and a letter. Offsets of later stages refer to the cleaned text;
//! [`clean_traced`] gives the way back from them to the text as it was.

mod edits;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::java::{is_space, trim};

pub use edits::Edits;
use edits::Watch;

/// What is done to a text before anything else. The regexes are Spark NLP's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CleanupMode {
    /// Nothing.
    #[default]
    Disabled,
    /// Each `\s` becomes a space.
    Inplace,
    /// Each `\s`, escaped `\r\n`, `\n` or `\t` becomes a space.
    InplaceFull,
    /// Trimmed, then each run of `\s` becomes a space.
    Shrink,
    /// Trimmed, then each run of `\s`, of escaped line ends or of escaped tabs becomes a space.
    ShrinkFull,
    /// Each `\s` with a line feed or tab after it becomes, with it, a space.
    Each,
    /// Each `\s` with a line feed, a tab or an escaped one after it becomes, with it, a space.
    EachFull,
    /// Trimmed, then escaped `\r\n`, `\n` and `\t` are deleted.
    DeleteFull,
}

impl CleanupMode {
    /// Every mode, in Spark NLP's order.
    pub const ALL: [Self; 8] = [
        Self::Disabled,
        Self::Inplace,
        Self::InplaceFull,
        Self::Shrink,
        Self::ShrinkFull,
        Self::Each,
        Self::EachFull,
        Self::DeleteFull,
    ];

    /// Spark NLP's name of the mode.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Inplace => "inplace",
            Self::InplaceFull => "inplace_full",
            Self::Shrink => "shrink",
            Self::ShrinkFull => "shrink_full",
            Self::Each => "each",
            Self::EachFull => "each_full",
            Self::DeleteFull => "delete_full",
        }
    }
}

impl fmt::Display for CleanupMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CleanupMode {
    type Err = Error;

    /// Reads a mode as Spark NLP does: trimmed, in any case.
    fn from_str(name: &str) -> Result<Self, Error> {
        let received = trim(name).to_lowercase();
        let found = Self::ALL.into_iter().find(|mode| mode.as_str() == received);
        found.ok_or(Error::CleanupMode { received })
    }
}

/// The cleaned text; borrowed when it is a slice of `text`.
#[must_use]
pub fn clean(mode: CleanupMode, text: &str) -> Cow<'_, str> {
    watched(mode, text, &mut ())
}

/// The cleaned text as [`clean`] gives it, and the way back from it to `text`.
#[must_use]
pub fn clean_traced(mode: CleanupMode, text: &str) -> (Cow<'_, str>, Edits) {
    let mut edits = Edits::default();
    let cleaned = watched(mode, text, &mut edits);
    (cleaned, edits)
}

fn watched<'a>(mode: CleanupMode, text: &'a str, watch: &mut impl Watch) -> Cow<'a, str> {
    match mode {
        CleanupMode::Disabled => Cow::Borrowed(text),
        CleanupMode::Inplace => replace(text, " ", watch, space),
        CleanupMode::InplaceFull => replace(text, " ", watch, |t| {
            space(t).max(escaped_break(t)).max(escaped_tab(t))
        }),
        CleanupMode::Shrink => replace(trimmed(text, watch), " ", watch, spaces),
        CleanupMode::ShrinkFull => shrink_full(trimmed(text, watch), watch),
        CleanupMode::Each => replace(text, " ", watch, |t| space_and(t, feed_or_tab)),
        CleanupMode::EachFull => replace(text, " ", watch, |t| {
            space_and(t, |rest| {
                feed_or_tab(rest)
                    .max(escaped_break(rest))
                    .max(escaped_tab(rest))
            })
        }),
        CleanupMode::DeleteFull => replace(trimmed(text, watch), "", watch, |t| {
            escaped_break(t).max(escaped_tab(t))
        }),
    }
}

fn trimmed<'a>(text: &'a str, watch: &mut impl Watch) -> &'a str {
    let trimmed = trim(text);
    watch.trimmed(trimmed.as_ptr() as usize - text.as_ptr() as usize);
    trimmed
}

/// Replaces each match, leftmost first, by `with`. `length` gives the length of the match at the start of a non-empty
/// slice, 0 for none; every match starts with white space or a backslash.
fn replace<'a>(
    text: &'a str,
    with: &str,
    watch: &mut impl Watch,
    mut length: impl FnMut(&[u8]) -> usize,
) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut i = 0;
    while i < bytes.len() {
        let matched = if is_space(bytes[i]) || bytes[i] == b'\\' {
            length(&bytes[i..])
        } else {
            0
        };
        if matched == 0 {
            i += 1;
            continue;
        }
        if &bytes[i..i + matched] != with.as_bytes() {
            if copied == 0 {
                out.reserve(text.len());
            }
            out.push_str(&text[copied..i]);
            out.push_str(with);
            copied = i + matched;
            watch.replaced(i, matched, with.len());
        }
        i += matched;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// `\s+|(?:\\r)*(?:\\n)+|(?:\\t)+` to one space.
fn shrink_full<'a>(text: &'a str, watch: &mut impl Watch) -> Cow<'a, str> {
    // A run of escaped carriage returns without a line feed after it is looked through once, not once per member.
    let mut barren = 0;
    replace(text, " ", watch, |t| {
        let plain = spaces(t).max(repeated(t, br"\t"));
        if plain > 0 {
            return plain;
        }
        if barren > 0 && t.starts_with(br"\r") {
            barren -= 1;
            return 0;
        }
        let returns = repeated(t, br"\r");
        let feeds = repeated(&t[returns..], br"\n");
        if feeds == 0 {
            barren = (returns / 2).saturating_sub(1);
            return 0;
        }
        returns + feeds
    })
}

fn space(t: &[u8]) -> usize {
    usize::from(is_space(t[0]))
}

fn spaces(t: &[u8]) -> usize {
    t.iter().take_while(|&&b| is_space(b)).count()
}

fn space_and(t: &[u8], then: impl Fn(&[u8]) -> usize) -> usize {
    match space(t) {
        0 => 0,
        one => match then(&t[one..]) {
            0 => 0,
            rest => one + rest,
        },
    }
}

fn feed_or_tab(t: &[u8]) -> usize {
    usize::from(matches!(t.first(), Some(b'\n' | b'\t')))
}

/// `(?:\\r)?(?:\\n)`, the letters escaped in the text itself.
fn escaped_break(t: &[u8]) -> usize {
    if t.starts_with(br"\r\n") {
        4
    } else if t.starts_with(br"\n") {
        2
    } else {
        0
    }
}

fn escaped_tab(t: &[u8]) -> usize {
    if t.starts_with(br"\t") { 2 } else { 0 }
}

/// Length of the run of `unit` at the start of `t`.
fn repeated(t: &[u8], unit: &[u8; 2]) -> usize {
    2 * t.chunks_exact(2).take_while(|chunk| chunk == unit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_spark_reads_them() {
        assert_eq!(" Shrink_Full ".parse(), Ok(CleanupMode::ShrinkFull));
        let error = "bogus".parse::<CleanupMode>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "Special Character Cleanup supports only: disabled, inplace, inplace_full, shrink, shrink_full, each, \
             each_full, delete_full. Received: bogus"
        );
        for mode in CleanupMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
    }

    #[test]
    fn unchanged_text_is_borrowed() {
        for mode in CleanupMode::ALL {
            assert!(
                matches!(clean(mode, "one two"), Cow::Borrowed("one two")),
                "{mode}"
            );
        }
        assert!(matches!(
            clean(CleanupMode::Shrink, " \tone two\n"),
            Cow::Borrowed("one two")
        ));
    }

    #[test]
    fn escaped_runs_shrink() {
        let cases = [
            (r"a\r\r\n\nb", "a b"),
            (r"a\r\rb\r\n", r"a\r\rb "),
            (r"a\r\t\t\rb", r"a\r \rb"),
            (r"\\n\\t", r"\ \ "),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(CleanupMode::ShrinkFull, text), expected, "{text}");
        }
    }
}
