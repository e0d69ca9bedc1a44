//! Java's and its regexes' ideas of characters, as far as the rules need them.

pub(crate) mod pattern;
mod tables;

pub use pattern::{Captures, Pattern};

/// Java's regex `\s`: ASCII only, so U+00A0, U+2028 and U+3000 are no white space.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// Java's regex `\w`: ASCII only.
pub(crate) const fn is_word(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_')
}

/// Java's regex `.`, which does not match line terminators.
pub(crate) const fn is_dot_match(c: char) -> bool {
    !matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `String.trim`: strips characters up to U+0020, control characters among them.
pub(crate) fn trim(text: &str) -> &str {
    trim_end(trim_start(text))
}

/// The left half of [`trim`].
pub(crate) fn trim_start(text: &str) -> &str {
    let first = text.bytes().position(|byte| byte > b' ');
    &text[first.unwrap_or(text.len())..]
}

/// The right half of [`trim`].
pub(crate) fn trim_end(text: &str) -> &str {
    let last = text.bytes().rposition(|byte| byte > b' ');
    &text[..last.map_or(0, |last| last + 1)]
}

/// Whether the character on the left of a regex `\b` makes a word end there, by the rule of JDK 17's `Pattern.Bound`:
/// a letter, a digit, `_`, or a non-spacing mark with such a letter or digit before its run of marks. `chars` are the
/// characters before the boundary, nearest first.
///
/// The original steps back over marks one UTF-16 unit at a time, so that a mark or base beyond U+FFFF is not one.
pub(crate) fn is_word_before(mut chars: impl Iterator<Item = char>) -> bool {
    match chars.next() {
        None => false,
        Some(c) if c == '_' || is_letter_or_digit(c) => true,
        Some(c) if !is_mark(c) => false,
        Some(_) => chars
            .find(|&c| !is_mark(c))
            .is_some_and(|base| base < '\u{10000}' && is_letter_or_digit(base)),
    }
}

/// `Character.isLetterOrDigit`
pub(crate) fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_in(&tables::LETTERS_AND_DIGITS, c)
}

/// A non-spacing mark up to U+FFFF.
pub(crate) fn is_mark(c: char) -> bool {
    is_in(&tables::MARKS, c)
}

/// A non-spacing mark.
pub(crate) fn is_any_mark(c: char) -> bool {
    is_mark(c) || (c > '\u{FFFF}' && is_in(&tables::MARKS_BEYOND, c))
}

fn is_in(ranges: &[(char, char)], c: char) -> bool {
    let after = ranges.partition_point(|range| range.0 <= c);
    after > 0 && c <= ranges[after - 1].1
}

/// Marks and format characters, which Java's word boundaries pass over.
pub(crate) fn is_joined(c: char) -> bool {
    let format = matches!(
        c,
        '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{8E2}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
    );
    format || unicode_normalization::char::is_combining_mark(c)
}
