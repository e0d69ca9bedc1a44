//! A text as a Java string, without being turned into one.
//!
//! Java's regexes walk over UTF-16 units and can stop between the two halves of a character beyond U+FFFF. A position here
//! is a byte of the `&str`; the third of such a character's four bytes stands for the place between its halves.

use std::borrow::Cow;
use std::ops::Range;

/// What is printed for half of a character.
const HALF: char = '?';

/// Whether `at` is between the halves of a character.
pub(crate) fn is_between(text: &str, at: usize) -> bool {
    !text.is_char_boundary(at)
}

/// The code point from `at` on and the position after it; from between two halves on, the second half.
pub(super) fn next(text: &str, at: usize) -> Option<(u32, usize)> {
    let bytes = text.as_bytes();
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((first.into(), at + 1));
    }
    if let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        return Some((c.into(), at + c.len_utf8()));
    }
    let [_, low] = halves(text, at - 2);
    Some((low, at + 2))
}

/// The UTF-16 unit from `at` on and the position after it.
pub(super) fn next_unit(text: &str, at: usize) -> Option<(u32, usize)> {
    match next(text, at)? {
        (0x1_0000.., _) => Some((halves(text, at)[0], at + 2)),
        unit => Some(unit),
    }
}

/// The code point that ends at `at` and the position before it; before the place between two halves, the first half.
pub(super) fn previous(text: &str, at: usize) -> Option<(u32, usize)> {
    if at == 0 {
        return None;
    }
    if let Some(c) = text.get(..at).and_then(|rest| rest.chars().next_back()) {
        return Some((c.into(), at - c.len_utf8()));
    }
    let [high, _] = halves(text, at - 2);
    Some((high, at - 2))
}

/// The position one UTF-16 unit after `at`, which must not be the end.
pub(super) fn step(text: &str, at: usize) -> usize {
    match next(text, at) {
        Some((0x1_0000.., _)) => at + 2,
        Some((_, after)) => after,
        None => at + 1,
    }
}

fn halves(text: &str, at: usize) -> [u32; 2] {
    let mut units = [0; 2];
    if let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        c.encode_utf16(&mut units);
    }
    units.map(u32::from)
}

/// What stands at `range`, halves of characters as `?`, which is how Java writes them out.
pub(crate) fn slice(text: &str, range: Range<usize>) -> Cow<'_, str> {
    if let Some(part) = text.get(range.clone()) {
        return Cow::Borrowed(part);
    }
    let mut out = Builder::default();
    out.push(text, range);
    Cow::Owned(out.finish())
}

/// The UTF-16 units at `range`.
pub(crate) fn units(text: &str, range: Range<usize>) -> Vec<u16> {
    let (mut start, mut end) = (range.start, range.end.max(range.start));
    let mut units = Vec::new();
    let unit = |code: u32| u16::try_from(code).ok();
    if is_between(text, start) && start < end {
        units.extend(unit(halves(text, start - 2)[1]));
        start += 2;
    }
    let half = is_between(text, end) && start < end;
    if half {
        end -= 2;
    }
    units.extend(text.get(start..end).unwrap_or_default().encode_utf16());
    if half {
        units.extend(unit(halves(text, end)[0]));
    }
    units
}

/// The UTF-16 position of a position.
pub(crate) fn unit(text: &str, at: usize) -> usize {
    match text.get(..at) {
        Some(before) => crate::utf16::len(before),
        None => crate::utf16::len(&text[..at - 2]) + 1,
    }
}

/// Puts parts of a text together, halves that meet becoming a character again.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    out: String,
    /// A character of which only the first half has been pushed.
    open: Option<char>,
}

impl Builder {
    /// Appends what stands at `range`.
    pub(crate) fn push(&mut self, text: &str, range: Range<usize>) {
        let Range { mut start, mut end } = range;
        if start >= end {
            return;
        }
        if is_between(text, start) {
            match (self.open.take(), text[start - 2..].chars().next()) {
                (Some(open), Some(c)) if open == c => self.out.push(c),
                (Some(_), _) => self.out.extend([HALF, HALF]),
                (None, _) => self.out.push(HALF),
            }
            start += 2;
        }
        let half = is_between(text, end);
        if half {
            end -= 2;
        }
        if start < end {
            self.push_str(&text[start..end]);
        }
        if half {
            self.close();
            self.open = text[end..].chars().next();
        }
    }

    pub(crate) fn push_str(&mut self, part: &str) {
        if !part.is_empty() {
            self.close();
            self.out.push_str(part);
        }
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.out.push(HALF);
        }
    }

    pub(crate) fn finish(mut self) -> String {
        self.close();
        self.out
    }
}
