//! Positions of annotated text, in the unit asked for.

use std::ops::Range;

use super::Offsets;
use crate::annotation::Span;

/// A text, with positions of its bytes found in constant time.
pub(super) struct Positions<'a> {
    text: &'a str,
    /// Empty where a position is a byte.
    blocks: Vec<Block>,
    /// Whether a character has as many UTF-16 units as it is counted for.
    counts_units: bool,
}

/// 64 bytes.
struct Block {
    /// What is counted before them.
    before: u32,
    /// Which bytes begin a character, the first one in the lowest bit.
    characters: u64,
    /// Which begin one of two UTF-16 units, where these are counted.
    pairs: u64,
}

impl Block {
    const BYTES: usize = 64;

    /// The block of these bytes.
    fn of(bytes: &[u8], before: u32, units: bool) -> Self {
        let bits = |begins: fn(u8) -> bool| {
            let ascending = bytes.iter().rev();
            ascending.fold(0, |bits, &byte| bits << 1 | u64::from(begins(byte)))
        };
        Block {
            before,
            characters: bits(|byte| byte & 0xC0 != 0x80),
            pairs: if units { bits(|byte| byte >= 0xF0) } else { 0 },
        }
    }

    /// What is counted before byte `at` of the block.
    fn position(&self, at: usize) -> u32 {
        let below = !(u64::MAX << at);
        let counted = (self.characters & below).count_ones() + (self.pairs & below).count_ones();
        self.before + counted
    }

    /// What is counted before the next block.
    fn after(&self) -> u32 {
        self.before + self.characters.count_ones() + self.pairs.count_ones()
    }
}

impl<'a> Positions<'a> {
    pub(super) fn of(text: &'a str, offsets: Offsets) -> Self {
        let ascii = text.is_ascii();
        let mut blocks: Vec<Block> = Vec::new();
        if offsets != Offsets::Byte && !ascii {
            // With the empty block after whole ones the end of the text is in a block too.
            for start in (0..=text.len()).step_by(Block::BYTES) {
                let end = text.len().min(start + Block::BYTES);
                let before = blocks.last().map_or(0, Block::after);
                let bytes = &text.as_bytes()[start..end];
                blocks.push(Block::of(bytes, before, offsets == Offsets::Utf16));
            }
        }
        let has_pairs = || text.bytes().any(|byte| byte >= 0xF0);
        Positions {
            text,
            blocks,
            counts_units: match offsets {
                Offsets::Utf16 => true,
                Offsets::Char => ascii || !has_pairs(),
                Offsets::Byte => ascii,
            },
        }
    }

    /// `begin` and `end` of an annotation of this text; `None` where it does not stand there.
    pub(super) fn of_annotation(&self, span: Span, result: &str) -> Option<(i32, i32)> {
        if self.counts_units {
            let start = usize::try_from(span.at).ok()?;
            let place = self.of_range(start..start + result.len());
            // Whether or not the result was rewritten, as many bytes as it has, and as many units as Spark says, are the
            // same text. To compare that takes longer.
            if let Some((begin, end)) = place
                && end - begin == span.end - span.begin
            {
                return place;
            }
        }
        self.of_range(standing(self.text, span, result)?)
    }

    /// `begin` and `end` of bytes of the text; `None` where they are not whole characters of it.
    pub(super) fn of_range(&self, bytes: Range<usize>) -> Option<(i32, i32)> {
        Some((self.of_byte(bytes.start)?, self.of_byte(bytes.end)?))
    }

    fn of_byte(&self, byte: usize) -> Option<i32> {
        if !self.text.is_char_boundary(byte) {
            return None;
        }
        let position = match self.blocks.get(byte / Block::BYTES) {
            Some(block) => block.position(byte % Block::BYTES),
            None => u32::try_from(byte).ok()?,
        };
        i32::try_from(position).ok()
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

    /// Every span of every text, with results that were and were not rewritten.
    #[test]
    fn an_annotation_stands_where_comparing_finds_it() {
        for text in ["plain text", "x İbn é€.", "a😀b é", &"é😀".repeat(20)] {
            for offsets in [Offsets::Char, Offsets::Byte, Offsets::Utf16] {
                let positions = Positions::of(text, offsets);
                for at in -1..=i32::try_from(text.len()).unwrap() {
                    for units in -1..5 {
                        for result in ["", "x", "i\u{307}b", "İbn", "é", "ee", "😀", "a😀b", "text"]
                        {
                            let span = span(at, units);
                            let range = standing(text, span, result);
                            assert_eq!(
                                positions.of_annotation(span, result),
                                range.and_then(|range| positions.of_range(range)),
                                "{text} {span:?} {result}"
                            );
                        }
                    }
                }
            }
        }
    }
}
