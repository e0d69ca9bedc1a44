//! Positions of annotated text, in the unit asked for.

use std::cell::Cell;
use std::ops::Range;

use super::Offsets;
use crate::annotation::Span;

/// Bytes between two entries of the table of character positions.
const BLOCK: usize = 64;

/// A text, with positions of its bytes found in constant time.
pub(super) struct Positions<'a> {
    text: &'a str,
    offsets: Offsets,
    /// Characters or UTF-16 units before each block; empty where bytes are what is counted.
    blocks: Vec<u32>,
    /// A byte that was asked for and its position: annotations follow one another, so the next one is near.
    last: Cell<(usize, u32)>,
}

impl<'a> Positions<'a> {
    pub(super) fn of(text: &'a str, offsets: Offsets) -> Self {
        let mut positions = Positions {
            text,
            offsets,
            blocks: Vec::new(),
            last: Cell::default(),
        };
        if offsets != Offsets::Byte && !text.is_ascii() {
            let mut before = 0;
            for block in text.as_bytes().chunks(BLOCK) {
                positions.blocks.push(before);
                before += positions.count(block);
            }
        }
        positions
    }

    /// `begin` and `end` of bytes of the text, which lie between characters.
    pub(super) fn of_range(&self, bytes: Range<usize>) -> Option<(i32, i32)> {
        Some((self.of_byte(bytes.start)?, self.of_byte(bytes.end)?))
    }

    fn of_byte(&self, byte: usize) -> Option<i32> {
        if self.blocks.is_empty() {
            return i32::try_from(byte).ok();
        }
        let (near, before) = match self.last.get() {
            (near, before) if (near..near + BLOCK).contains(&byte) => (near, before),
            // One past the end of a text of whole blocks belongs to the last.
            _ => {
                let block = (byte / BLOCK).min(self.blocks.len() - 1);
                (block * BLOCK, self.blocks[block])
            }
        };
        let position = before + self.count(self.text.as_bytes().get(near..byte)?);
        self.last.set((byte, position));
        i32::try_from(position).ok()
    }

    /// Characters that begin in these bytes, or their UTF-16 units.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "documents are below 2^31 bytes"
    )]
    fn count(&self, bytes: &[u8]) -> u32 {
        let characters = bytes.iter().filter(|&&b| (b as i8) >= -0x40).count() as u32;
        match self.offsets {
            // A character of four bytes has two units.
            Offsets::Utf16 => characters + bytes.iter().filter(|&&b| b >= 0xF0).count() as u32,
            Offsets::Char | Offsets::Byte => characters,
        }
    }
}

/// The bytes of a document that an annotation's `result` stands for; `None` where its text does not stand there.
pub(super) fn standing(document: &str, span: Span, result: &str) -> Option<Range<usize>> {
    let start = usize::try_from(span.at).ok()?;
    let end = match document.get(start..start + result.len()) {
        Some(slice) if slice == result => start + result.len(),
        // The result was rewritten (lower-cased); Spark's numbers say how long its text is.
        _ => start + utf16_prefix(document.get(start..)?, span.end - span.begin)?,
    };
    Some(start..end)
}

/// Bytes of the first `units` UTF-16 units, if that many are there.
fn utf16_prefix(text: &str, units: i32) -> Option<usize> {
    let mut left = usize::try_from(units).ok()?;
    let mut bytes = 0;
    for c in text.chars() {
        if left == 0 {
            break;
        }
        left = left.checked_sub(c.len_utf16())?;
        bytes += c.len_utf8();
    }
    (left == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, start: usize, result: &str, offsets: Offsets) -> Option<(i32, i32)> {
        Positions::of(text, offsets).of_range(start..start + result.len())
    }

    fn span(at: i32, length: i32) -> Span {
        Span {
            begin: 100,
            end: 100 + length,
            at,
            sentence: 0,
            document: 0,
        }
    }

    #[test]
    fn each_unit_counts_its_own_way() {
        let text = "naïve 😀 word";
        let start = text.find("word").unwrap();
        assert_eq!(at(text, start, "word", Offsets::Byte), Some((12, 16)));
        assert_eq!(at(text, start, "word", Offsets::Char), Some((8, 12)));
        assert_eq!(at(text, start, "word", Offsets::Utf16), Some((9, 13)));
    }

    #[test]
    fn a_rewritten_result_stands_for_its_text() {
        // U+0130 lower-cases to two characters of one and two bytes: Spark's length is that of the text.
        assert_eq!(standing("x İbn.", span(2, 3), "i\u{307}bn"), Some(2..6));
        assert_eq!(standing("x İbn.", span(2, 4), "İbn."), Some(2..7));
        assert_eq!(standing("x İbn.", span(2, 9), "elsewhere"), None);
    }

    #[test]
    fn long_texts_count_like_short_ones() {
        let text = "añ😀b".repeat(1000);
        let mut units = 0;
        for (characters, (byte, c)) in text.char_indices().enumerate() {
            let expected = i32::try_from(characters).unwrap();
            let found = |offsets| at(&text, byte, &c.to_string(), offsets);
            assert_eq!(found(Offsets::Char), Some((expected, expected + 1)));
            let length = if c == '😀' { 2 } else { 1 };
            assert_eq!(found(Offsets::Utf16), Some((units, units + length)));
            units += length;
        }
    }

    #[test]
    fn what_does_not_stand_there_has_no_place() {
        assert_eq!(standing("text", span(-1, 4), "text"), None);
    }
}
