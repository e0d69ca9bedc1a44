//! Positions of annotated text in its document, in the unit asked for.

use super::Offsets;
use crate::annotation::Span;

/// Bytes between two entries of the table of character positions.
const BLOCK: usize = 256;

/// A document's text, with character positions found in constant time.
pub(super) struct Positions<'a> {
    text: &'a str,
    /// Characters before each block; empty for ASCII text, where bytes are characters.
    blocks: Vec<u32>,
}

impl<'a> Positions<'a> {
    pub(super) fn of(text: &'a str, offsets: Offsets) -> Self {
        let mut blocks = Vec::new();
        if offsets == Offsets::Char && !text.is_ascii() {
            let mut characters = 0;
            for block in text.as_bytes().chunks(BLOCK) {
                blocks.push(characters);
                characters += starts(block);
            }
        }
        Positions { text, blocks }
    }

    /// `begin` and `end` of an annotation whose result is `result`; `None` where its text does not stand in the
    /// document.
    pub(super) fn of_span(&self, span: Span, result: &str, offsets: Offsets) -> Option<(i32, i32)> {
        if offsets == Offsets::Utf16 {
            return Some((span.begin, span.end));
        }
        let start = usize::try_from(span.at).ok()?;
        let end = match self.text.get(start..start + result.len()) {
            Some(slice) if slice == result => start + result.len(),
            // The result was rewritten (lower-cased); Spark's numbers say how long its text is.
            _ => start + utf16_prefix(self.text.get(start..)?, span.end - span.begin)?,
        };
        match offsets {
            Offsets::Char => Some((self.character(start)?, self.character(end)?)),
            Offsets::Byte | Offsets::Utf16 => {
                Some((i32::try_from(start).ok()?, i32::try_from(end).ok()?))
            }
        }
    }

    fn character(&self, byte: usize) -> Option<i32> {
        let block = byte / BLOCK;
        let position = match self.blocks.get(block) {
            Some(before) => {
                *before as usize + starts(&self.text.as_bytes()[block * BLOCK..byte]) as usize
            }
            None if self.blocks.is_empty() => byte,
            // One past the end of a text of whole blocks.
            None => {
                *self.blocks.last()? as usize
                    + starts(&self.text.as_bytes()[(block - 1) * BLOCK..byte]) as usize
            }
        };
        i32::try_from(position).ok()
    }
}

/// How many characters begin in these bytes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "documents are below 2^31 bytes"
)]
fn starts(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&b| (b as i8) >= -0x40).count() as u32
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
        let units = i32::try_from(result.encode_utf16().count()).unwrap();
        let span = Span {
            begin: 100,
            end: 100 + units,
            at: i32::try_from(start).unwrap(),
            sentence: 0,
            document: 0,
        };
        Positions::of(text, offsets).of_span(span, result, offsets)
    }

    #[test]
    fn each_unit_counts_its_own_way() {
        let text = "naïve 😀 word";
        let start = text.find("word").unwrap();
        assert_eq!(at(text, start, "word", Offsets::Byte), Some((12, 16)));
        assert_eq!(at(text, start, "word", Offsets::Char), Some((8, 12)));
        assert_eq!(at(text, start, "word", Offsets::Utf16), Some((100, 104)));
    }

    #[test]
    fn a_rewritten_result_has_the_place_of_its_text() {
        // U+0130 lower-cases to two characters of one and two bytes: Spark's length is that of the text.
        let span = Span {
            begin: 2,
            end: 5,
            at: 2,
            sentence: 0,
            document: 0,
        };
        let positions = Positions::of("x İbn.", Offsets::Char);
        assert_eq!(
            positions.of_span(span, "i\u{307}bn", Offsets::Char),
            Some((2, 5))
        );
        assert_eq!(
            positions.of_span(span, "i\u{307}bn", Offsets::Byte),
            Some((2, 6))
        );
    }

    #[test]
    fn long_texts_count_like_short_ones() {
        let text = "añ😀b".repeat(1000);
        for (characters, (byte, c)) in text.char_indices().enumerate() {
            let expected = i32::try_from(characters).unwrap();
            assert_eq!(
                at(&text, byte, &c.to_string(), Offsets::Char),
                Some((expected, expected + 1))
            );
        }
    }

    #[test]
    fn what_does_not_stand_there_has_no_place() {
        let span = Span {
            begin: -1,
            end: 3,
            at: -1,
            sentence: 0,
            document: 0,
        };
        assert_eq!(
            Positions::of("text", Offsets::Char).of_span(span, "text", Offsets::Char),
            None
        );
    }
}
